"""Files: the traces in the bytes of a file, whatever format they are in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agenttrace.errors import UnknownFormat, UsageError
from agenttrace.formats.catalog import codec_for
from agenttrace.formats.codec import ReaderOfSeveral

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from agenttrace.model.trace import Trace

_HEAD_BYTES = 4096


def trace_in(data: bytes, name: str, trace_id: str | None = None) -> tuple[Trace, str]:
    """Read a trace in whatever format it is in; give the format's name and schema, too.

    Args:
        data: The whole file.
        name: What it is called, for messages and where its first bytes do not tell.
        trace_id: Which trace is meant, where the file holds several.

    Raises:
        AgentTraceError: It is in no format that we know, or is damaged.
        UsageError: It holds no trace of that id.
    """
    codec = codec_for(path=name, head=data[:_HEAD_BYTES])
    if trace_id is not None and isinstance(codec, ReaderOfSeveral):
        return _chosen(codec.read_all(data), trace_id), codec.name
    if codec.name != "native":
        return codec.read(data), codec.name
    from agenttrace.formats.native import read_lazy

    golden = read_lazy(data, name=name)
    return golden.trace(), f"golden, schema {golden.schema}"


def traces_in(data: bytes, name: str) -> tuple[Trace, ...]:
    """Read every trace of a file.

    Raises:
        AgentTraceError: It is in no format that we know, or is damaged.
    """
    codec = codec_for(path=name, head=data[:_HEAD_BYTES])
    if isinstance(codec, ReaderOfSeveral):
        return codec.read_all(data)
    return (trace_in(data, name)[0],)


def traces_below(path: str | PathLike[str]) -> Iterator[Trace]:
    """Read every trace of a file, or of all files below a folder; what is no trace is left out.

    Raises:
        AgentTraceError: A file looks like a trace and cannot be read; or the one named is none.
    """
    for file in files_below(Path(path)):
        try:
            yield from traces_in(file.read_bytes(), str(file))
        except UnknownFormat:
            if file == Path(path):
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


def _chosen(traces: tuple[Trace, ...], trace_id: str) -> Trace:
    for one in traces:
        if one.id == trace_id.lower():
            return one
    raise UsageError(
        f"it holds no trace {trace_id!r}",
        detail="\n".join(f"  {one.id}  {one.name}" for one in traces),
    )
