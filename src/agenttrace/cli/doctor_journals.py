"""Doctor of journals: what those of production hold, what they lack, and how they are replayed."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from agenttrace.analysis.fidelity import level_of
from agenttrace.analysis.journals import Examined, examined
from agenttrace.check.sides import safe
from agenttrace.errors import AgentTraceError
from agenttrace.model import amounts, names
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace

SUFFIX = ".journal"
PRODUCTION = "production"
_MOST = 5
_UNREADABLE = 4


def among(places: Iterable[str]) -> tuple[Path, ...]:
    """The journals that are meant: the files, and those of the folders that hold any."""
    found: list[Path] = []
    for place in map(Path, places):
        if place.suffix == SUFFIX and place.is_file():
            found.append(place)
        elif place.is_dir():
            found += sorted(place.glob(f"*{SUFFIX}"))
    return tuple(found)


def told(journals: tuple[Path, ...], tell: Callable[[str], object]) -> int:
    """Say what is in them; give the exit code."""
    lacking = unreadable = 0
    for number, path in enumerate(journals):
        if number:
            tell("")
        try:
            one = examined(path.read_bytes(), name=str(path))
        except AgentTraceError as error:
            unreadable += 1
            tell(f"journal   {safe(str(path))}\nunread    {safe(error.headline)}")
            continue
        lacking += not one.is_whole
        for line in lines(path, one):
            tell(line)
    if len(journals) > 1:
        whole = len(journals) - lacking - unreadable
        tell(
            f"\n{amounts.counted(len(journals), 'journal')}: {whole} whole, {lacking} end early, "
            f"{unreadable} cannot be read"
        )
    return _UNREADABLE if unreadable else 1 if lacking else 0


def lines(path: Path, one: Examined) -> Iterator[str]:
    """What one journal holds."""
    trace = one.trace
    own = next((span for span in trace.spans if span.kind is SpanKind.RUN), None)
    yield f"journal   {safe(str(path))}"
    yield f"run       {safe(trace.name)}, began {safe(trace.started)}"
    yield f"holds     {', '.join(_counts(trace))}, in {amounts.counted(one.records, 'record')}"
    yield f"ended     {_end(one)}"
    if one.dropped:
        yield f"dropped   at least {amounts.counted(one.dropped, 'record')}"
    if calls := one.open_calls:
        yield f"open      {amounts.counted(len(calls), 'call')} without an answer:"
        yield from (f"            {safe(call.name)}" for call in calls[:_MOST])
        if len(calls) > _MOST:
            yield f"            … and {len(calls) - _MOST} more"
    yield from (f"note      {safe(text)}" for text in one.warnings[:_MOST])
    level = level_of(trace)
    yield f"fidelity  {level}"
    if level.why:
        yield f"because   {level.why}"
    elif PRODUCTION in trace.environment:
        yield "so        a random value in a prompt asks otherwise in a replay"
    yield f"next      {_replay(path, own)}"


def _counts(trace: Trace) -> tuple[str, ...]:
    models = sum(span.kind is SpanKind.LLM for span in trace.spans)
    tools = sum(span.kind is SpanKind.TOOL for span in trace.spans)
    return (
        amounts.counted(len(trace.spans), "span"),
        amounts.counted(models, "model call"),
        amounts.counted(tools, "tool call"),
        amounts.counted(len(trace.agents), "agent"),
    )


def _end(one: Examined) -> str:
    if one.torn:
        lost = one.total_bytes - one.read_bytes
        return (
            f"no: {one.torn}; {amounts.counted(one.read_bytes, 'byte')} are whole, "
            f"and {amounts.counted(lost, 'byte')} after them are not"
        )
    if one.cuts:
        return f"no: {'; '.join(one.cuts)}"
    return "yes" if one.ended else "no: the process was killed, or it goes on"


def _replay(path: Path, own: Span | None) -> str:
    """The command that runs today's code against it; what ran is for a person to confirm."""
    attributes = {} if own is None else own.attributes
    entry, given = attributes.get(names.ENTRY), attributes.get(names.INPUT)
    entry = entry if isinstance(entry, str) and not entry.startswith("__main__") else ""
    said = ["agenttrace", "replay", str(path), "--entry", entry or "MODULE:FUNCTION"]
    for name, value in given.items() if isinstance(given, dict) else ():
        said += ["--set", f"{name}={_written(value)}"]
    return safe(shlex.join(said))


def _written(value: object) -> str:
    """A value as the command line reads it: JSON, or a text that is none."""
    if isinstance(value, str) and not value.startswith("@"):
        try:
            json.loads(value)
        except ValueError:
            return value
    return json.dumps(value, ensure_ascii=False, default=str)
