"""Files that people name by mistake, or that somebody made to hurt: what the commands say."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import re
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agenttrace.cli import main
from agenttrace.errors import TraceUnreadable
from agenttrace.formats import catalog, packed

MB = 1 << 20


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def shown(name: str, data: bytes, command: str = "import") -> Result:
    """Write a file, and run a command on it."""
    Path(name).write_bytes(data)
    return CliRunner().invoke(main, [command, name])


def otlp(*spans: dict[str, Any]) -> bytes:
    """OTLP JSON of one request."""
    told = [{"traceId": "a" * 32, "spanId": f"{n:016x}", **one} for n, one in enumerate(spans, 1)]
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": told}]}]}).encode()


@pytest.mark.parametrize("command", ["import", "show"])
@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.json", b" \n", "it is empty"),
        ("a.json", b"<!DOCTYPE html><html>502", "it is an HTML page, as a login or an error is"),
        ("a.json", b'<?xml version="1.0"?>', "it is XML"),
        ("a.json", b"\x89PNG\r\n", "it is a picture"),
        ("a.json", pickle.dumps({}), "it is a pickle of Python's, which is never opened"),
        ("a.json", otlp({"name": "x"}).decode().encode("utf-16"), "it is UTF-16: write it as"),
        ("a.zip", b"PK\x03\x04", "it is a ZIP archive: unpack it"),
        ("a.zst", b"\x28\xb5\x2f\xfd", "it is packed by zstd"),
        ("a.json", b'{"resourceMetrics": []}', "it is OTLP's metrics, which are no trace"),
        ("a.json", b'{"error": "who?"}', 'it is JSON of another kind, {"error": "who?"}'),
        ("a.json", b"<<<<<<< HEAD\n", "it is a conflict of git's"),
    ],
)
def test_what_a_file_is_that_holds_no_trace_is_said(
    command: str, name: str, data: bytes, said: str
) -> None:
    """A person sees what they named, and how to go on; nothing of it is opened or executed."""
    told = shown(name, data, command)

    assert told.exit_code == 4
    assert f"{name} is in no format that we read: {said}" in told.output
    assert "[unknown-format]" in told.output


@pytest.mark.parametrize("command", ["import", "show"])
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (otlp({})[:-30], "line 1, column "),
        (otlp({"name": "x"}).replace(b'"x"', b'"\xff"'), "byte 133 is not UTF-8"),
        (
            otlp({"flags": 1}).replace(b": 1}", b": " + b"9" * 5000 + b"}"),
            "longer than 4300 digits",
        ),
        (otlp({"parentSpanId": f"{1:016x}"}), "a span is its own ancestor"),
        (b"[" * 10**6 + b'"resourceSpans"', "is in no format"),
        (b'{"resourceSpans": ' + b"[" * 10**6, "it nests too deep"),
    ],
)
def test_an_error_names_the_file_and_the_place_in_it(command: str, data: bytes, said: str) -> None:
    """Whichever command reads it."""
    told = shown("broken.json", data, command)

    assert told.exit_code == 4
    first = told.output.splitlines()[0]
    assert "broken.json" in first
    assert said in first


def test_what_is_only_called_a_golden_is_said_to_be_broken() -> None:
    """By its name it is ours already; by its bytes it is nothing."""
    told = shown("a.trace", pickle.dumps({}))

    assert (told.exit_code, "[golden-unreadable]" in told.output) == (4, True)


@pytest.mark.parametrize("name", ["spans.json.gz", "spans.bin"])
def test_a_trace_that_gzip_packed_is_read_as_it_is(name: str) -> None:
    """Known by its first bytes, as exports to object stores are."""
    told = shown(name, gzip.compress(otlp({"name": "x"})))

    assert told.exit_code == 0
    assert "  x  (otlp)" in told.output


def test_what_unpacks_without_end_is_refused_and_takes_no_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is counted before it is kept, a gzip as well as an archive of Inspect's."""
    for module in ("packed", "inspect", "documents"):
        monkeypatch.setattr(f"agenttrace.formats.{module}.LONGEST", 8 * MB)
    endless = b'{"resourceSpans": [' + b" " * (64 * MB)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr("samples/1.json", endless)
    bombs = {"gzip": gzip.compress(endless, 1), "archive": archive.getvalue()}
    del endless, archive

    tracemalloc.start()
    try:
        with pytest.raises(TraceUnreadable, match=f"it unpacks to more than {8 * MB} bytes"):
            packed.unzipped(bombs["gzip"])
        with pytest.raises(TraceUnreadable, match=f"it unpacks to more than {8 * MB} bytes"):
            catalog.codec_for("inspect").read(bombs["archive"])
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 8 * MB


@pytest.mark.parametrize("cut", [1, 9, 30])
def test_gzip_that_was_cut_or_changed_is_an_error_with_a_name(cut: int) -> None:
    """A download that broke off."""
    told = shown("a.json.gz", gzip.compress(otlp({"name": "x" * 500}))[:-cut])

    assert (told.exit_code, "[trace-unreadable]" in told.output) == (4, True)
    assert "a.json.gz: it looks like gzip, and it cannot be unpacked" in told.output


@pytest.mark.parametrize(
    ("command", "count"),
    [
        ("import", "1 not read: parts of the file that are no spans, or broken; the others were"),
        ("show", 'unread={"parts": 1, "first": '),
    ],
)
def test_the_whole_spans_of_a_file_that_was_cut_are_read(command: str, count: str) -> None:
    """A download that broke off: what is there is told, and that it is not all."""
    told = shown("cut.json", otlp({"name": "x"}, {"name": "y"})[:-30], command)

    assert told.exit_code == 0
    said = " ".join(told.output.split())
    assert "holds 1 span, " in said
    assert count in said
    assert re.search(r"line 1, column \d+ is not JSON", said)


def test_a_file_that_is_too_long_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size is asked for first."""
    monkeypatch.setattr("agenttrace.formats.documents.LONGEST", 5000)

    told = shown("long.json", otlp({"name": "x" * 6000}))

    assert told.exit_code == 4
    assert "long.json: it looks like otlp, and it has 6" in told.output


def test_a_file_that_the_system_does_not_let_be_read_is_no_defect_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A disk that fails, a share that is gone."""

    def failing(*_: object) -> None:
        raise OSError(5, "Input/output error")

    Path("a.json").write_bytes(otlp({"name": "x"}))
    monkeypatch.setattr(Path, "open", failing)
    told = CliRunner().invoke(main, ["show", "a.json"])

    assert told.exit_code == 4
    assert told.output.startswith("TraceUnreadable: a.json: Input/output error")


def test_requests_of_protobuf_before_a_broken_one_are_read() -> None:
    """A collector's file that was cut: what stands before the cut is there, and counted."""
    whole = catalog.exporters()["otlp-protobuf"].write_told(
        catalog.codec_for("otlp").told(json.loads(otlp({"name": "x"})))  # type: ignore[attr-defined]
    )
    framed = len(whole).to_bytes(4, "big") + whole
    told = shown("spans.otlp.pb", framed + framed[:-5])

    assert told.exit_code == 0
    assert "holds     1 span, " in told.output
    assert "odd       1 not read: parts of the file that are no spans, or broken" in told.output


def test_lines_of_nothing_are_not_taken_for_protobuf() -> None:
    """A newline is protobuf's first tag; lengths that do not fit into each other are none."""
    assert catalog.codec_for(path="a.otlp.jsonl", head=b"\n" * 4096).name == "otlp"
