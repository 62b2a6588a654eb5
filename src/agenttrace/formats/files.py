"""Files: the traces in the files that somebody names, whatever format they are in.

What an error says of what is in a file begins with the file's name.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from agenttrace.errors import (
    InvalidSpan,
    InvalidTrace,
    SeveralTraces,
    TraceUnreadable,
    UnknownFormat,
    UsageError,
)
from agenttrace.formats import documents, packed
from agenttrace.formats.catalog import OURS, codec_for
from agenttrace.formats.codec import ReaderOfSeveral

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike
    from typing import Self

    from agenttrace.formats.codec import Reader
    from agenttrace.model.trace import Trace

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
    is_stdin = str(path) == "-"
    name = name_of(path)
    with naming(path), nullcontext(sys.stdin.buffer) if is_stdin else path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        if head.startswith(packed.GZIP):
            data = packed.unzipped(head + file.read(documents.LONGEST))
            inner = name.removesuffix(".gz")
            return codec_for(form, path=inner, head=data[:HEAD_BYTES]), data
        codec = codec_for(form, path=name, head=head)
        if codec.name not in OURS and not is_stdin and path.stat().st_size > documents.LONGEST:
            documents.refuse(
                codec.name,
                f"it has {path.stat().st_size} bytes; at most {documents.LONGEST} are read",
            )
        return codec, head + file.read()


def trace_at(path: Path, trace_id: str | None = None) -> tuple[Trace, str]:
    """Read a trace in whatever format it is in; give the format's name and schema, too.

    Args:
        path: The file; `-` is stdin.
        trace_id: Which trace is meant, where the file holds several.

    Raises:
        AgentTraceError: It is in no format that we know, or is damaged.
        UsageError: It holds no trace of that id.
    """
    codec, data = opened(path)
    if codec.name != "native":
        with naming(path):
            if trace_id is not None and isinstance(codec, ReaderOfSeveral):
                return _chosen(codec.read_all(data), trace_id), codec.name
            return _chosen((codec.read(data),), trace_id), codec.name
    from agenttrace.formats.native import read_lazy

    golden = read_lazy(data, name=name_of(path))
    return _chosen((golden.trace(),), trace_id), f"golden, schema {golden.schema}"


def traces_at(path: Path) -> tuple[Trace, ...]:
    """Read every trace of a file.

    Raises:
        AgentTraceError: It is in no format that we know, or is damaged.
    """
    codec, data = opened(path)
    if isinstance(codec, ReaderOfSeveral):
        with naming(path):
            return codec.read_all(data)
    return (trace_at(path)[0],)


class TracesBelow:
    """The traces of a file, or of all files below a folder: read one by one, and once.

    Attributes:
        path: The file, or the folder.
        count: How many have been read so far.
    """

    def __init__(self, path: Path) -> None:
        """Read nothing yet."""
        self.path = path
        self.count = 0
        self._traces = _traces_below(path)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Trace:
        trace = next(self._traces)
        self.count += 1
        return trace


def traces_below(path: str | PathLike[str]) -> TracesBelow:
    """Read every trace of a file, or of all files below a folder; what is no trace is left out.

    Raises:
        AgentTraceError: A file looks like a trace and cannot be read; or the one named is none.
    """
    return TracesBelow(Path(path))


def _traces_below(path: Path) -> Iterator[Trace]:
    for file in files_below(path):
        try:
            yield from traces_at(file)
        except UnknownFormat:
            if file == path:
                raise


def files_below(path: Path) -> tuple[Path, ...]:
    """The files that may hold traces: the path itself, or all below a folder, sorted.

    Of a folder, hidden folders, outlines and replays that wait to be accepted are left out.
    """
    if not path.is_dir():
        return (path,)
    return tuple(
        one
        for one in sorted(path.rglob("*"))
        if one.is_file() and not one.name.endswith((".trace.txt", ".trace.new"))
        if not any(part.startswith(".") for part in one.relative_to(path).parts)
    )


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


def _chosen(traces: tuple[Trace, ...], trace_id: str | None) -> Trace:
    for one in traces:
        if trace_id is None or one.id == trace_id.lower():
            return one
    raise UsageError(
        f"it holds no trace {trace_id!r}",
        detail="\n".join(f"  {one.id}  {one.name}" for one in traces),
    )
