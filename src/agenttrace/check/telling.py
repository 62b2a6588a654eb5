"""Telling: differences and unused answers in words, as errors that say how to go on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from agenttrace.check.payload import changed_places
from agenttrace.check.sides import WIDTH, cut, first_unlike, safe, shown, spoken
from agenttrace.check.telling_states import is_of_states, state_lines
from agenttrace.check.vary import body_of
from agenttrace.errors import (
    AnswersUnused,
    CallOutsideRun,
    GoldenMismatch,
    GoldenMissing,
    NothingAsked,
    StreamLeftOpen,
    UsageError,
)
from agenttrace.model import amounts
from agenttrace.model.lane import Position, label_of
from agenttrace.model.values import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenttrace.model.difference import Difference
    from agenttrace.model.span import Span
    from agenttrace.model.values import Value


class UnusedCall(Protocol):
    """What is said of a recorded call that nobody asked for."""

    @property
    def title(self) -> str:
        """The name of its span."""
        ...

    @property
    def place(self) -> Position:
        """Where it stands."""
        ...

    @property
    def ordinal(self) -> int:
        """Which of the recorded calls it is, from 1."""
        ...


SIDES = ("golden    ", "this run  ")
"""What the two sides are called, as wide as one another."""

MOST = 10
"""How many differences or answers a message lists; it says how many more there are."""


def missing(run: str, golden: str, record: str) -> GoldenMissing:
    """Make the error for a run that has nothing to replay."""
    return GoldenMissing(
        f"{run} has no golden.",
        detail=f"    expected  {golden}\n\n"
        "  Record it once; the agent then talks to the real model and tools:\n"
        f"      {record}\n"
        "  More: agenttrace explain golden-missing",
    )


def outside(run: str, shared: str = "") -> CallOutsideRun:
    """Make the error for a call that is part of no run.

    Args:
        run: The test.
        shared: What is made for several tests, where that is what called; else the call came
            before, between or after the runs that the test names, or after the test.
    """
    if shared:
        return CallOutsideRun(
            f"{run}: {shared} called a model or a tool.",
            detail="  Several tests share the fixture, and only the first one would record it.\n"
            "  Make it function-scoped, or call what it needs in the test itself.\n"
            "  More: agenttrace explain call-outside-run",
        )
    return CallOutsideRun(
        f"{run}: a call was made outside every run.",
        detail="  It came before or after `with agent_trace.run():`, or when the test was over.\n"
        "  Move it inside, or leave run() out: the test is one run then, its fixtures' set-up\n"
        "  included, their tear-down not.\n"
        "  More: agenttrace explain call-outside-run",
    )


def late_recording(run: str, rewrite: str) -> UsageError:
    """Make the error for a run that is to be recorded where other runs of the test are replayed."""
    return UsageError(
        f"{run} has no golden, and other runs of the test have: it cannot be recorded beside them.",
        detail="  A test is recorded whole, or replayed whole. Record all of it again:\n"
        f"      {rewrite}",
    )


def nothing_asked(run: str) -> NothingAsked:
    """Make the error for a run that asked nothing, so that nothing could be compared."""
    return NothingAsked(
        f"{run}: the run asked the world nothing.",
        detail="  No model or tool call came through, so there is nothing to record or compare.\n"
        "  Mark tools with `@agenttrace.tool`, and call the agent inside the run.\n"
        "  More: agenttrace explain nothing-asked",
    )


def left_open(run: str, span: Span) -> StreamLeftOpen:
    """Make the error for a stream that nobody ended."""
    return StreamLeftOpen(
        f"{run}: the stream of {safe(span.name)} was neither read to its end nor closed.",
        detail=f"    asked at  {span.site or 'a place that is not known'}\n\n"
        "  Read it to its end, or close it: `with stream:`, `await stream.aclose()`.\n"
        "  More: agenttrace explain stream-left-open",
    )


OLD = "The agent is right, and the golden is old:"
"""What is said before the command that makes another golden."""

ELSEWHERE = "A stub leads the agent elsewhere, and that is meant:"
"""What is said where the test answers some calls itself."""

FIRST, STRUCTURE, FULL = "first", "structure", "full"
"""Show first causes, and count what follows; only what was called, in which order, led by what;
everything, each with its values."""

_STRUCTURAL = frozenset({"structure", "order", "link"})

NO_COMPARISON = "@pytest.mark.agent_trace(compare=False)"
"""What a person writes then."""


def mismatch(
    run: str,
    golden: str,
    differences: Sequence[Difference],
    way_on: str,
    pending: str,
    reason: str = OLD,
    how: str = FIRST,
) -> GoldenMismatch:
    """Make the error for a run that did not diverge and yet is not the golden's."""
    lines = causes_told(_chosen(differences, how), len(differences) if how == FULL else MOST)
    lines.append(f"  golden    {golden}")
    if pending:
        lines.append(f"  this run  {pending}")
    lines += ["", f"  {reason}", f"      {way_on}"]
    lines.append("  More: agenttrace explain golden-mismatch")
    return GoldenMismatch(
        f"{run}: the run is not the golden's: {counted(differences)}.",
        detail="\n".join(map(safe, lines)),
        differences=tuple(differences),
    )


def unused(
    run: str,
    golden: str,
    calls: Sequence[UnusedCall],
    total: int,
    way_on: str,
    reason: str = OLD,
) -> AnswersUnused:
    """Make the error for recorded answers that nobody asked for."""
    lines = [
        f"    call {call.ordinal} of {total}  {call.title}  at {label_of(call.place)}"
        for call in calls[:MOST]
    ]
    if len(calls) > MOST:
        lines.append(f"    … and {len(calls) - MOST} more")
    lines += ["", f"  golden    {golden}", ""]
    lines += [f"  {reason}", f"      {way_on}"]
    lines.append("  More: agenttrace explain answers-unused")
    count = len(calls)
    return AnswersUnused(
        f"{run}: {count} recorded answer{' was' if count == 1 else 's were'} never asked for.",
        detail="\n".join(map(safe, lines)),
    )


def _chosen(differences: Sequence[Difference], how: str) -> Sequence[Difference]:
    """What of the differences is shown; where nothing structural differs, all is."""
    if how == FULL:
        return [replace(it, cause="", consequences=0) for it in differences]
    structural = [it for it in differences if it.kind in _STRUCTURAL]
    if how == FIRST or not structural:
        return differences
    shown = {it.id for it in structural if not it.cause}
    return [
        it if it.cause in shown or not it.cause else replace(it, cause="", consequences=0)
        for it in structural
    ]


def counted(differences: Sequence[Difference]) -> str:
    """Say how many differences there are, and how many of them follow from others."""
    follow = sum(1 for difference in differences if difference.cause)
    count = len(differences) - follow
    first = amounts.counted(count, "difference")
    return first + (f", and {follow} that follow{'s' if follow == 1 else ''}" if follow else "")


def causes_told(differences: Sequence[Difference], most: int = MOST) -> list[str]:
    """Say each first cause with its values, and in a line what follows from it."""
    causes = [difference for difference in differences if not difference.cause]
    lines: list[str] = []
    for cause in causes[:most]:
        lines += told(cause)
        if cause.consequences:
            some = some_of(following(cause, differences), cause.consequences)
            lines.append(cut(f"      so also   {some}", 2 * WIDTH))
        lines.append("")
    if len(causes) > most:
        lines += [f"    … and {len(causes) - most} more", ""]
    return lines


def following(cause: Difference, differences: Sequence[Difference]) -> list[Difference]:
    """Give those of several differences that follow from one."""
    name = cause.id
    return [it for it in differences if it.cause == name]


def some_of(differences: Sequence[Difference], count: int) -> str:
    """Name the first few differences, and how many more there are."""
    some = [
        it.title if it.title.startswith(it.kind) else f"{it.kind} of {it.title}"
        for it in differences[:3]
    ]
    more = [] if count == len(some) else [f"{count - len(some)} more"]
    return ", ".join([*some, *more])


def told(difference: Difference) -> list[str]:
    """Say one difference: what and where, then both sides with what differs."""
    where = label_of(difference.place)
    first = f"    {difference.kind}  {difference.title}: {difference.what}  at {where}"
    if difference.what in ("missing", "extra"):
        side = difference.golden if difference.what == "missing" else difference.run
        label = SIDES[difference.what == "extra"]
        if (inside := _inside(side)) is not None:
            first += f", with {inside} span{'' if inside == 1 else 's'} inside"
        return [first, f"      {label}{cut(shown(_gist(side)))}"]
    if difference.what == "moved":
        places = (plain(side) for side in (difference.golden, difference.run))
        return [
            first,
            *(f"      {side}{place!s}" for side, place in zip(SIDES, places, strict=True)),
        ]
    if difference.what != "changed":
        return [first]
    if is_of_states(difference):
        lines = state_lines(difference.golden, difference.run)
        return [f"{first}  (- golden, + this run)", *(f"      {line}" for line in lines)]
    unlike = first_unlike(*_both(difference))
    if unlike is None:
        return [
            first,
            f"      golden    {cut(shown(difference.golden))}",
            f"      this run  {cut(shown(difference.run))}",
        ]
    start, length = unlike.caret
    head = f"      golden    {unlike.path} = "
    return [
        first,
        f"{head}{unlike.golden}",
        f"      this run  {unlike.path} = {unlike.run}",
        f"{' ' * (len(head) + start)}{'^' * length}",
    ]


class Sides(NamedTuple):
    """Both sides of a difference, each on a line.

    Attributes:
        path: Where in the value they differ; empty: they differ as wholes.
        sides: What the golden says, and the run; None where it says nothing.
        caret: Where they begin to differ, and for how long; None: nowhere in the lines.
    """

    path: str
    sides: tuple[str | None, str | None]
    caret: tuple[int, int] | None = None


def sides_of(difference: Difference, width: int) -> Sides:
    """Give both sides of a difference, no longer than a width."""
    golden, run = difference.golden, difference.run
    if difference.what in ("missing", "extra"):
        side = golden if difference.what == "missing" else run
        inside = _inside(side)
        more = "" if inside is None else f", with {inside} span{'' if inside == 1 else 's'} inside"
        line = cut(shown(_gist(side)), width - len(more)) + more
        return Sides("", (line, None) if difference.what == "missing" else (None, line))
    if difference.what == "moved":
        places = (cut(safe(str(plain(side))), width) for side in (golden, run))
        return Sides("", (next(places), next(places)))
    unlike = first_unlike(*_both(difference), width=width)
    if unlike is None:
        return Sides("", (None, None))
    return Sides(cut(unlike.path, width), (unlike.golden, unlike.run), unlike.caret)


def places_of(difference: Difference) -> list[str]:
    """Name every place at which both sides of a change differ; none where they differ as wholes."""
    return changed_places(*_both(difference)) if difference.what == "changed" else []


def _inside(side: Value) -> int | None:
    """How many spans stood inside one that only one side has."""
    inside = side.get("inside") if isinstance(side, dict) else None
    return inside if isinstance(inside, int) else None


def _both(difference: Difference) -> tuple[Value, Value]:
    return (
        _readable(difference, difference.golden),
        _readable(difference, difference.run),
    )


def _gist(value: Value) -> Value:
    if isinstance(value, dict) and "question" in value:
        asked = body_of(value["question"])
        return f"{value['kind']!s} {value['name']!s}" if asked is None else asked
    return value


def _readable(difference: Difference, value: Value) -> Value:
    """Show an answer's bytes as what they say."""
    if not (isinstance(value, dict) and isinstance(chunks := value.get("chunks"), list)):
        return value
    kind = "tool" if difference.kind == "tool_result" else "llm"
    said = [spoken(kind, chunk) if isinstance(chunk, bytes) else chunk for chunk in chunks]
    return {**value, "chunks": said}
