"""Telling: why a replay of an incident stopped, so that a person can go on from there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agenttrace.causal.agents import name_in
from agenttrace.check.sides import arguments, cut, first_unlike, safe, shown
from agenttrace.errors import IncidentSilent, ReplayDiverged, StoppedThere
from agenttrace.model.amounts import counted
from agenttrace.model.call import Call
from agenttrace.model.lane import label_of
from agenttrace.model.values import Value
from agenttrace.replay.incident.asked import UNKNOWN
from agenttrace.replay.incident.matching import Missed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.replay.incident.known import Calls, Known

_MOST = 5
"""How many calls a message lists; it says how many more there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A call of today's code that the incident has no answer to.

    Attributes:
        call: The call.
        asked: What it asks, in the form that is compared.
        missed: Why there is none.
        before: How many calls were answered before it.
    """

    call: Call
    asked: Value
    missed: Missed
    before: int

    def lines(self) -> list[str]:
        """Tell both sides."""
        return [safe(line) for line in self._lines()]

    def _lines(self) -> Iterator[str]:
        call, missed = self.call, self.missed
        site = f"      {call.question.site}" if call.question.site else ""
        if missed.why == "drift":
            near = missed.candidates[0]
            yield f"    incident  {near.label} {near.title}{_by(near.agent)}"
            yield f"    this run  {call.question.title}{_by(call.agent or '')}{site}"
            yield from _unlike(near.asked, self.asked)
            return
        yield f"    this run  {call.question.title}{_by(call.agent or '')}{site}"
        yield f"              {_gist(self.asked)}"
        if missed.why == "ambiguous":
            yield "    incident  any of these, and their answers differ:"
            for one in missed.candidates[:_MOST]:
                yield f"              {one.label} {one.title}{_by(one.agent)}  {_gist(one.asked)}"
            if len(missed.candidates) > _MOST:
                yield f"              … and {len(missed.candidates) - _MOST} more"
        else:
            yield "    incident  (no such call is left)"

    @property
    def headline(self) -> str:
        """Say it on a line."""
        if self.missed.why == "drift":
            return f"it departs from the incident at {self.missed.candidates[0].label}"
        if self.missed.why == "ambiguous":
            return "a call could be several of the incident's"
        return f"the incident has no call like {self.call.question.title}"


def departed(
    run: str, departure: Departure, calls: Calls, *, lends: bool = False
) -> ReplayDiverged:
    """Make the error for a call that the incident does not answer, lending or not."""
    label = departure.missed.candidates[0].label if departure.missed.candidates else None
    before = counted(departure.before, "call was", "calls were")
    lines = [
        *departure.lines(),
        "",
        f"  inside    {label_of(departure.call.position[:-1])}",
        f"  so far    {before} answered of the incident's {len(calls.all)}",
        "",
    ]
    question = departure.call.question
    if not lends:
        lines += ["  To see what follows, give it the likeliest answer:", "      --match lenient"]
    elif label is None and question.kind == "tool":
        lines += ["  You know what it gives:", f"      --stub {question.operation}='…'"]
    if label is not None:
        lines += ["  You know what the world would say to it:", f"      --override '{label}=…'"]
    return ReplayDiverged(
        safe(f"{run}: {departure.headline}"),
        detail="\n".join([*lines, "  More: agenttrace explain replay-diverged"]),
        why=departure.missed.why,
        position=departure.call.position,
        golden=None if label is None else departure.missed.candidates[0].asked,
        this_run=departure.asked,
        site=departure.call.question.site,
    )


def not_known(run: str, call: Call, known: Known) -> IncidentSilent:
    """Make the error for a call of the incident whose answer nobody wrote down."""
    return _silent(
        run, call, f"the incident does not say what {known.label} {known.title} was answered",
        [f"      --override '{known.label}=…'"],
    )  # fmt: skip


def not_stubbed(run: str, call: Call) -> IncidentSilent:
    """Make the error for a call past the fork that nobody answers."""
    named = call.question.operation if call.question.kind == "tool" else call.question.title
    ways = [f"      --stub {named}='…'"] if call.question.kind == "tool" else []
    return _silent(
        run, call, f"{named} is asked past the fork, and nobody answers it",
        [*ways, "      --live     (the world answers: real calls, real costs)"],
    )  # fmt: skip


def misfit(run: str, call: Call, known: Known, why: str) -> IncidentSilent:
    """Make the error for a result that the live tool could not have given."""
    said = f"what {known.label} {known.title} was answered is nothing that the tool gives: {why}"
    return _silent(run, call, said, [f"      --override '{known.label}=…'"], unfit=known.label)


def unknown_language(run: str, call: Call, known: Known) -> IncidentSilent:
    """Make the error for a model that is asked in a language that we do not write."""
    said = f"{known.label} cannot be said in the language that {call.question.title} is asked in"
    return _silent(run, call, said, [])


def stopped(run: str, call: Call, known: Known) -> StoppedThere:
    """Make the stop at the call at which the run was to stop."""
    return StoppedThere(
        safe(f"{run}: stopped at {known.label} {known.title}, as asked"),
        detail=f"  inside    {label_of(call.position[:-1])}",
        position=call.position,
    )


def _silent(
    run: str, call: Call, why: str, ways: list[str], *, unfit: str | None = None
) -> IncidentSilent:
    site = f"      {call.question.site}" if call.question.site else ""
    lines = [
        f"    this run  {call.question.title}{_by(call.agent or '')}{site}",
        f"              {_gist(call.question.body)}",
        "",
        *(["  Say it:", *ways] if ways else []),
        "  More: agenttrace explain incident-silent",
    ]
    return IncidentSilent(
        safe(f"{run}: {why}"),
        detail="\n".join(map(safe, lines)),
        position=call.position,
        unfit=unfit,
    )


def _unlike(recorded: Value, asked: Value) -> Iterator[str]:
    unlike = first_unlike(recorded, asked)
    if unlike is None:
        return
    place = _place(unlike.path)
    left, right = f"    incident  {place} = ", f"    this run  {place} = "
    start, length = unlike.caret
    yield left + unlike.golden
    yield right + unlike.run
    yield f"{' ' * (len(right) + start)}{'^' * length} differs; {unlike.agree} of {unlike.of} agree"


def _place(path: str) -> str:
    """`[3][1][0]` of a conversation as a person says it: `message 4, part 1`."""
    steps = path.strip("[]").split("][")
    if not all(step.isdecimal() for step in steps[:1]) or not path.startswith("["):
        return path
    message = f"message {int(steps[0]) + 1}"
    if len(steps) < 3 or steps[1] != "1" or not steps[2].partition("]")[0].isdecimal():  # noqa: PLR2004 - role, parts
        return f"{message}'s role" if steps[1:2] == ["0"] else message
    return f"{message}, part {int(steps[2].partition(']')[0]) + 1}"


def _gist(asked: Value) -> str:
    if asked == UNKNOWN:
        return "(what it asked is not in the trace)"
    if isinstance(asked, list) and asked:
        return cut(shown(asked[-1]))
    return cut(arguments(asked))


def _by(agent: str) -> str:
    agent = name_in(agent)
    return f" by {agent}" if agent else ""
