"""`agenttrace import` of traces: what is in a file, honestly; and the file, without secrets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agenttrace.cli import words
from agenttrace.errors import UsageError
from agenttrace.formats.files import HEAD_BYTES, naming, opened, trace_at
from agenttrace.model import amounts
from agenttrace.model.span import Fidelity, SpanKind
from agenttrace.model.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(".agenttrace") / "imports"
"""Where imports land: nothing of it is committed, because nobody has looked through it yet."""
_OURS = "native"
_LETTERS = 40
JOURNAL = ".journal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What files hold: the format's name, and the traces."""

    form: str
    traces: tuple[Trace, ...]


def is_cassette(file: Path) -> bool:
    """Whether a file is a cassette of vcrpy's, which has a way of its own."""
    from agenttrace.formats import packed

    with file.open("rb") as read:
        head = read.read(HEAD_BYTES)
    is_packed = head.startswith(packed.GZIP)
    head = packed.head_of(head, HEAD_BYTES) if is_packed else head
    suffix = Path(file.stem).suffix if is_packed and file.suffix == ".gz" else file.suffix
    if suffix in (".yaml", ".yml") or b"interactions" in head[:200]:
        return True
    begins = head.lstrip()[:300]
    return b'"request"' in begins and b'"openinference' not in head


def read(files: tuple[Path, ...], form: str | None) -> Found:
    """Read the files of one import; several are told together (spans, and their log records).

    Raises:
        AgentTraceError: They are in no format that is read, or damaged.
        UsageError: They are ours already, or are of formats that cannot be told together.
    """
    from agenttrace.formats.codec import ReaderOfSeveral
    from agenttrace.formats.foreign import TellingReader

    found = [opened(file, form) for file in files]
    codec, data = found[0]
    names = {one.name for one, _ in found}
    if _OURS in names:
        trace_at(files[0])  # what is only called so is said to be broken
        raise UsageError(
            f"{files[0]} is a golden of ours already",
            detail=f"  agenttrace show {files[0]}",
        )
    if len(found) > 1 and names != {"otlp"}:
        raise UsageError(
            f"{len(files)} files are read as one only where all are OTLP JSON, and these are "
            f"{', '.join(sorted(names))}",
            detail="  Import each by itself.",
        )
    with naming(*files):
        if isinstance(codec, TellingReader):
            several = codec.read_together(part for _, part in found)
        elif isinstance(codec, ReaderOfSeveral):
            several = codec.read_all(data)
        else:
            several = (codec.read(data),)
    return Found(form=codec.name, traces=several)


def chosen(found: Found, trace_id: str | None) -> tuple[Trace, ...]:
    """The traces that are meant.

    Raises:
        UsageError: None of them has the id.
    """
    if trace_id is None:
        return found.traces
    meant = tuple(one for one in found.traces if one.id == trace_id.lower())
    if not meant:
        raise UsageError(
            f"it holds no trace {trace_id!r}",
            detail="\n".join(f"  {one.id}  {one.name}" for one in found.traces),
        )
    return meant


def path_of(name: str, trace: Trace, *, several: bool) -> Path:
    """Where an import is written where nobody says."""
    if name.endswith(JOURNAL):  # its name is ours, and tells runs of one second apart
        return FOLDER / f"{name.removesuffix(JOURNAL)}.trace"
    stem = name.partition(".")[0][:_LETTERS] or "trace"
    return FOLDER / (f"{stem}.{trace.id[:8]}.trace" if several else f"{stem}.trace")


def save(path: Path, trace: Trace) -> None:
    """Write an import; its folder is kept out of version control."""
    from agenttrace.golden import store

    if path.is_relative_to(FOLDER):
        FOLDER.mkdir(parents=True, exist_ok=True)
        ignore = FOLDER / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", "utf-8")
    store.save(path, trace)


def lines(trace: Trace, form: str) -> Iterator[str]:
    """What is in a trace, as a table."""
    from agenttrace.analysis.costs import Costs
    from agenttrace.analysis.fidelity import level_of
    from agenttrace.analysis.oddities import oddities
    from agenttrace.check.sides import safe

    level = level_of(trace)
    models = sum(span.kind is SpanKind.LLM for span in trace.spans)
    tools = sum(span.kind is SpanKind.TOOL for span in trace.spans)
    counts = (
        amounts.counted(len(trace.spans), "span"),
        amounts.counted(models, "model call"),
        amounts.counted(tools, "tool call"),
        amounts.counted(len(trace.agents), "agent"),
        words.total(Costs(trace).total),
    )
    yield f"trace     {trace.id}  {safe(trace.name)}  ({form})"
    yield f"holds     {', '.join(counts)}"
    yield f"fidelity  {level}"
    if level.why:
        yield f"because   {level.why}"
    if level.payloads:
        widths = {it: len(it.value) + 2 for it in Fidelity}
        yield f"{'':10}{'payload':22}" + "".join(f"{it.value:>{n}}" for it, n in widths.items())
        for one in level.payloads:
            cells = "".join(f"{one.counts.get(it, 0) or '':>{n}}" for it, n in widths.items())
            yield f"{'':10}{one.name:22}{cells}".rstrip()
    for odd in oddities(trace):
        yield f"odd       {odd.counted}: {safe(odd.meaning)}"
        yield f"{'':12}the first: {safe(words.line(odd.first))}"
