"""Incident: what the commands that replay one share: its calls, a person's wishes, the telling."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from agenttrace.analysis.fidelity import level_of
from agenttrace.check.sides import cut, safe
from agenttrace.check.telling import nothing_asked
from agenttrace.cli import words
from agenttrace.cli.entry import Input, pair
from agenttrace.errors import UsageError
from agenttrace.model import amounts
from agenttrace.replay.incident import Calls, Wishes, wished
from agenttrace.replay.incident.asked import UNKNOWN
from agenttrace.replay.stubs import Stubs
from agenttrace.session.arriving import states_at
from agenttrace.session.starting import cut_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agenttrace.replay.incident.known import Said
    from agenttrace.session.rerun import Rerun

_MOST = 10
"""How many calls a list names; it says how many more there are."""

_HOW = {
    "same": "as in the incident",
    "next": "whose question the trace lacks",
    "lent": "lent: asked otherwise",
    "override": "overridden",
    "stub": "stubbed",
    "live": "live",
}


def wishes_of(
    calls: Calls,
    override: Iterable[str],
    *,
    until: str | None = None,
    fork_at: str | None = None,
    live: bool = False,
    lend: bool = False,
    start: str | None = None,
    begins: bool = False,
) -> Wishes:
    """A person's wishes, as said on the command line.

    Raises:
        UsageError: A label is none of a call's, or what is to be said makes no answer; or it
            answers a call that lies before the start.
    """
    return Wishes(
        start=None if start is None else cut_of(calls, start),
        begins=begins,
        override=dict(_overridden(calls, text) for text in override),
        until=None if until is None else wished.meant(calls, until).label,
        fork=None if fork_at is None else wished.meant(calls, fork_at).label,
        live=live,
        lend=lend,
    )


def _overridden(calls: Calls, text: str) -> tuple[str, Said]:
    """Read `#N=VALUE`: a call, and what it is answered instead.

    Raises:
        UsageError: It is not of that form, there is no such call, or it makes no answer.
    """
    if not text.partition("=")[1]:
        raise UsageError(
            f"--override {cut(safe(repr(text)))}: it names no call, and no answer",
            detail="\n".join(
                [
                    "  wanted    #N=VALUE: a call's number, and what it is answered instead;",
                    "            a value is JSON, or text, or @FILE",
                    *wished.listed(calls),
                    "  such as   --override '#4=paid twice'",
                ]
            ),
        )
    return wished.said(calls, *pair(text))


def stubs_of(said: Iterable[str]) -> Stubs:
    """Stubs of tools, each `NAME=VALUE`: the same value to every call."""
    stubs = Stubs()
    for text in said:
        name, value = pair(text)
        stubs.tool(name).returns(value)
    return stubs


def head(name: str, written_in: str, calls: Calls) -> Iterator[str]:
    """What the incident's trace holds, honestly."""
    kinds = Counter(one.kind for one in calls.all)
    asked = sum(one.asked != UNKNOWN for one in calls.all)
    said = sum(one.said is not None or one.runs for one in calls.all)
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    yield f"incident    {safe(name)}, {written_in}"
    yield f"  calls     {len(calls.all)}" + (f" ({listed})" if listed else "")
    yield f"  fidelity  {level_of(calls.trace)}"
    yield f"  questions {asked} of {len(calls.all)} are in the trace; answers {said}"


def with_states(given: Input, calls: Calls, wishes: Wishes, name: str | None) -> Input:
    """An input with what the agents knew at the moment at which the code begins, by this name."""
    if name is None or wishes.start is None:
        return given
    states = states_at(calls.trace, wishes.start.at.span)
    return replace(given, named={**given.named, name: states})


def at(wishes: Wishes) -> Iterator[str]:
    """The moment from which a replay goes on; nothing where it has its own beginning."""
    start = wishes.start
    if start is not None:
        past = amounts.counted(len(start.before), "call")
        how = "the code begins there" if wishes.begins else "all is as it was up to there"
        yield f"  from      {start.at.label} {safe(start.at.title)}, {past} before it: {how}"


def require_questions(found: Rerun, entry: str) -> None:
    """Refuse a run that came to its end and asked nothing: it says nothing of the incident.

    Raises:
        NothingAsked: It is one.
    """
    if found.asked == 0 and found.stopped is None and found.raised is None:
        raise nothing_asked(entry)


def told(found: Rerun, entry: str) -> Iterator[str]:
    """What became of a replay: who answered, where it departed, and what nobody asked for."""
    how = Counter(one.how for one in found.incident.served)
    listed = ", ".join(f"{how[name]} {said}" for name, said in _HOW.items() if how[name])
    yield f"this run    {safe(entry)}"
    yield f"  asked     {amounts.counted(found.asked, 'call')}" + (f": {listed}" if listed else "")
    yield from _came_to(found)
    if found.is_simulated:
        yield "  SIMULATED some answers are not what the world said to these questions"
    departures = found.incident.departures
    if departures:
        first = departures[0]
        yield f"  departs   after {amounts.counted(first.before, 'call')}: {safe(first.headline)}"
        yield from first.lines()
        for one in departures[1:_MOST]:
            yield f"  then      {safe(one.headline)}"
        if len(departures) > _MOST:
            yield f"  then      … and {len(departures) - _MOST} more"
    elif found.stopped is None:
        yield "  departs   nowhere"
    left = found.incident.unused
    if left:
        yield f"  not asked {amounts.counted(len(left), 'call')} of the incident:"
        yield from (f"            {one.label}  {safe(one.title)}" for one in left[:_MOST])
        if len(left) > _MOST:
            yield f"            … and {len(left) - _MOST} more"
    if found.raised is not None:
        kind = type(found.raised).__qualname__
        yield f"  raised    {kind}: {cut(safe(str(found.raised)), words.WIDE)}"
    elif found.stopped is None:
        yield f"  returned  {cut(safe(repr(found.returned)), words.WIDE)}"
    yield from (f"  note      {safe(warning)}" for warning in found.warnings)


def _came_to(found: Rerun) -> Iterator[str]:
    """That the run has come to the moment from which it was to go on, as the incident did."""
    start = found.incident.start
    if start is None or found.incident.is_ahead:
        return
    agents = len(states_at(found.incident.calls.trace, start.at.span))
    few = {0: "no agent had told its state", 1: "1 agent knows what it knew"}
    known = few.get(agents, f"{agents} agents know what they knew")
    yield f"  came to   {start.at.label}, where {known}"
