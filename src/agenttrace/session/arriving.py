"""Arriving: whether a replay that is to go on from a moment of a trace is there what the run was.

A run of a program cannot be begun in the middle. So what lies before the moment is answered as it
was, and must be asked as it was; and what the agents know there, by their own word, must be what
they knew: the Collective State Vector over all that the call at the moment can know of.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agenttrace.analysis.vectors import Vector, vector
from agenttrace.check.sides import cut, safe, shown
from agenttrace.check.telling_states import COME, GONE
from agenttrace.errors import CutNotReached, StatesUnlike
from agenttrace.model.span import Span
from agenttrace.model.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from agenttrace.analysis.states import State
    from agenttrace.redact import Redactor
    from agenttrace.replay.incident import Incident, Known
    from agenttrace.replay.incident.cuts import Cut

_MOST = 10
"""How many calls or agents a message lists; it says how many more there are."""

_MORE = "  More: agenttrace explain {}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A run that has come to the moment from which it is to go on.

    Attributes:
        run: Its name.
        trace: What it has done so far.
        call: The span of the call at the moment, not answered as yet.
    """

    run: str
    trace: Trace
    call: Span


def states_at(trace: Trace, asked: Span) -> Vector:
    """The Collective State Vector at the moment at which a call was asked, unanswered as yet."""
    return vector(trace, replace(asked, end_seq=asked.seq))


def require_same(
    incident: Incident, here: Arrived, left: Sequence[Known], redactor: Redactor
) -> None:
    """Refuse a run that has come to its start, and is not there what the incident's was.

    Args:
        incident: Who answered what came before, with the start.
        here: The run, and where it has come to.
        left: The incident's calls before the moment that were not asked of the incident.
        redactor: What knows the secrets that the run met.

    Raises:
        CutNotReached: A call that lies before the moment was never asked.
        StatesUnlike: An agent knows something else, or another agent keeps a state.
    """
    start = incident.start
    if start is None:
        return
    missing = _never_asked(left, incident, here.trace)
    if missing:
        raise CutNotReached(
            safe(f"{here.run}: it came to {_titled(start.at)} without all that was asked before"),
            detail="\n".join([*_listed(missing), "", _MORE.format(CutNotReached.slug)]),
            position=here.call.position,
        )
    if not incident.calls.trace.snapshots:
        return  # it keeps no states: what was asked is all that there is to hold against it
    then = _counted(incident.calls.trace, start.at.span, redactor)
    now = _counted(here.trace, here.call, redactor)
    unlike = {
        agent: lines
        for agent in sorted({*then, *now})
        if (lines := tuple(_unlike(then.get(agent), now.get(agent))))
    }
    if unlike:
        raise StatesUnlike(
            safe(f"{here.run}: at {_titled(start.at)} {_agents(unlike)} other things than then"),
            detail="\n".join(["  (- the incident, + this run)", *_sides(unlike)]),
            position=here.call.position,
            agents=unlike,
        )


def never_came(start: Cut, run: str, raised: BaseException | None) -> CutNotReached:
    """Make the error for a run that ended before it came to its start."""
    how = "it ended" if raised is None else f"it raised {type(raised).__qualname__}"
    said = [] if raised is None else [f"  raised    {cut(safe(str(raised)))}", ""]
    return CutNotReached(
        safe(f"{run}: it never came to {_titled(start.at)}: {how} before"),
        detail="\n".join([*said, _MORE.format(CutNotReached.slug)]),
    )


def _never_asked(left: Iterable[Known], incident: Incident, trace: Trace) -> list[Known]:
    """Those of the calls for which no live call of this run stands: such a one asks nobody."""
    live = Counter((span.kind.value, span.operation) for span in trace.calls)
    live.subtract(incident.came.values())
    missing = []
    for one in left:
        if live[one.kind, one.operation] > 0:
            live[one.kind, one.operation] -= 1
        else:
            missing.append(one)
    return missing


def _counted(trace: Trace, asked: Span, redactor: Redactor) -> dict[str, State]:
    """The vector there, with agents of one name counted anew.

    Which one is `clerk#1` depends on who comes later, and a run under way does not know.
    """
    names = {agent.id: agent.name for agent in trace.agents}
    groups: dict[str, list[tuple[int, str]]] = defaultdict(list)
    found = states_at(redactor.plain(trace), asked)
    for agent in found:
        name, mark, number = agent.rpartition("#")
        if mark and number.isdecimal() and names.get(agent) == name:
            groups[name].append((int(number), agent))
        else:
            groups[agent].append((0, agent))
    return {
        f"{name}#{place}" if place else name: found[agent]
        for name, group in groups.items()
        for place, (_, agent) in enumerate(sorted(group))
    }


def _unlike(then: State | None, now: State | None) -> Iterator[str]:
    if then is not None and now is not None:
        yield from now.unlike(then)
        return
    for state, sign in ((then, GONE), (now, COME)):
        for key, value in (state or {}).items():
            yield f"{sign}{key} = {shown(value)}"


def _titled(known: Known) -> str:
    return f"{known.label} {known.title}"


def _agents(unlike: Iterable[str]) -> str:
    named = [agent or "the run" for agent in unlike]
    more = f" and {len(named) - _MOST} more" if len(named) > _MOST else ""
    return f"{', '.join(named[:_MOST])}{more} {'knows' if len(named) == 1 else 'know'}"


def _sides(unlike: dict[str, tuple[str, ...]]) -> Iterator[str]:
    for agent, lines in list(unlike.items())[:_MOST]:
        yield from (safe(f"    {agent or 'the run'}  {line}") for line in lines)
    yield ""
    yield _MORE.format(StatesUnlike.slug)


def _listed(missing: Sequence[Known]) -> list[str]:
    lines = [safe(f"  not asked {_titled(one)}") for one in missing[:_MOST]]
    more = len(missing) - _MOST
    return [*lines, f"            … and {more} more"] if more > 0 else lines
