"""Trace file: the format and the content of a file that somebody names; errors name it, too."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agenttrace.errors import InvalidSpan, InvalidTrace, SeveralTraces, TraceUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.formats.codec import Reader

HEAD_BYTES = 4096
"""By how many of its first bytes a file is known."""


def opened(path: Path, form: str | None = None) -> tuple[Reader, bytes]:
    """Find the format of a file, and give its content; what gzip packed is unpacked.

    Args:
        path: The file; `-` is stdin.
        form: The format, where its first bytes do not tell.

    Raises:
        UnknownFormat: It is in no format that is read.
        TraceUnreadable: It is too long, or cannot be unpacked or read.
    """
    from agenttrace.formats import catalog, packed
    from agenttrace.formats.documents import LONGEST, refuse

    name = name_of(path)
    with naming(path), click.open_file(str(path), "rb") as file:
        head: bytes = file.read(HEAD_BYTES)
        if head.startswith(packed.GZIP):
            data = packed.unzipped(head + file.read(LONGEST))
            inner = name.removesuffix(".gz")
            return catalog.codec_for(form, path=inner, head=data[:HEAD_BYTES]), data
        codec = catalog.codec_for(form, path=name, head=head)
        if codec.name not in catalog.OURS and name != "stdin" and path.stat().st_size > LONGEST:
            refuse(codec.name, f"it has {path.stat().st_size} bytes; at most {LONGEST} are read")
        return codec, head + file.read()


def name_of(path: Path) -> str:
    """What a file is called in messages."""
    return "stdin" if str(path) == "-" else str(path)


@contextmanager
def naming(*paths: Path) -> Iterator[None]:
    """Let errors about what is in files begin with the files' names; so those of reading them."""
    names = ", ".join(map(name_of, paths))
    try:
        yield
    except OSError as error:
        raise TraceUnreadable(f"{names}: {error.strerror or error}") from None
    except (TraceUnreadable, InvalidTrace, InvalidSpan, SeveralTraces) as error:
        headline, detail = error.headline, error.detail.replace(" FILE ", f" {names} ")
        raise type(error)(f"{names}: {headline}", detail=detail, **error.facts) from None
