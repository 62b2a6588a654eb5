"""Resembling: what a file is that holds no trace, so that a person knows what they named."""

from __future__ import annotations

_BEGINNINGS = (
    (b"PK\x03\x04", "a ZIP archive: unpack it, and name a file in it"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd: unpack it (zstd -d)"),
    (b"BZh", "packed by bzip2: unpack it (bunzip2)"),
    (b"\xfd7zXZ", "packed by xz: unpack it (unxz)"),
    (b"\xff\xfe", "UTF-16: write it as UTF-8 (iconv -f utf-16 -t utf-8)"),
    (b"\xfe\xff", "UTF-16: write it as UTF-8 (iconv -f utf-16 -t utf-8)"),
    (b"\x89PNG", "a picture"),
    (b"%PDF", "a PDF"),
    (b"PAR1", "Parquet: export it as JSON"),
    (b"SQLite format 3", "a database of SQLite's: export the trace from what keeps it there"),
    (b"\x80\x04", "a pickle of Python's, which is never opened: it could run anything"),
    (b"\x80\x05", "a pickle of Python's, which is never opened: it could run anything"),
    (b"version https://git-lfs", "a pointer of Git LFS: git lfs pull"),
    (b"<<<<<<<", "a conflict of git's that is not resolved"),
    (b"<!doctype html", "an HTML page, as a login or an error is"),
    (b"<html", "an HTML page, as a login or an error is"),
    (b"<?xml", "XML"),
    (b'{"resourcemetrics"', "OTLP's metrics, which are no trace"),
)
_JSON = (b"{", b"[")
_SHOWN = 40


def resembling(head: bytes) -> str:
    """What a file looks like by its first bytes, in words; empty: nothing that is known."""
    if not head.strip():
        return "empty"
    begins = b"".join(head[:200].lower().split()) if head.lstrip()[:1] in _JSON else b""
    for beginning, what in _BEGINNINGS:
        if head.lstrip()[: len(beginning)].lower() == beginning.lower():
            return what
        if begins.startswith(beginning):
            return what
    if not begins:
        return ""
    shown = ascii(head[:_SHOWN].decode("utf-8", "replace"))[1:-1]
    return f"JSON of another kind, {shown}{'…' if len(head) > _SHOWN else ''}"
