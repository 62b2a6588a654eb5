"""Starting: today's code, run from a moment of a trace on: the Collective State Vector there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from agenttrace.analysis.cascade import cascade
from agenttrace.causal.nesting import nested
from agenttrace.check.sides import safe
from agenttrace.check.telling import nothing_asked
from agenttrace.errors import UsageError
from agenttrace.formats.files import trace_at
from agenttrace.replay.incident import Calls, Wishes, wished
from agenttrace.replay.incident.cuts import Cut
from agenttrace.replay.stubs import Stubs
from agenttrace.session.arriving import states_at
from agenttrace.session.imported import cleaned
from agenttrace.session.rerun import Rerun, rerun

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.analysis.cascade import Failed
    from agenttrace.analysis.vectors import Vector
    from agenttrace.model.trace import Trace
    from agenttrace.replay.incident import Known

LAST_GOOD = "last-good"
"""What a person says for the last moment before anything failed."""


class Start:
    """A moment of a kept run, from which today's code is run: as it was, or otherwise.

    Attributes:
        calls: The calls of the run.
        cut: The moment: the call that is asked there, and what lies before it.
    """

    def __init__(self, calls: Calls, cut: Cut, name: str) -> None:
        """Made by `start_from`."""
        self.calls = calls
        self.cut = cut
        self._name = name

    @property
    def states(self) -> Vector:
        """What every agent knew there, by its id: made anew each time, so code may change it."""
        return states_at(self.calls.trace, self.cut.at.span)

    def replay(
        self,
        code: Callable[[], object],
        *,
        override: Mapping[str, object] | None = None,
        stubs: Mapping[str, object] | None = None,
        lend: bool = False,
    ) -> Rerun:
        """Run code from its own beginning; what lies before the moment must be as it was.

        Up to the moment the trace answers and nobody else. There each agent must know what it
        knew. From there on the trace answers as well, but for what is said here.

        Args:
            code: What is run; a coroutine that it gives is run to its end.
            override: What a call is answered instead, by its number: `{"#4": "low iron"}`.
            stubs: What every call of a tool is answered, by its name: `{"pay": "paid"}`.
            lend: Whether a call that departs after the moment is given the likeliest answer.

        Returns:
            What became of it: `returned`, `raised`, `trace`, `analysis`, `incident`.

        Raises:
            CutNotReached: It never came to the moment, or not by what was asked before it.
            StatesUnlike: An agent knew something else there.
            ReplayDiverged: It asked what the trace does not answer.
            IncidentSilent: The trace does not say what a call was answered.
            NothingAsked: It came to its end and asked nothing at all.
            UsageError: A label is no call's; or the call lies before the moment.
        """
        return self._run(code, override, stubs, lend=lend, begins=False)

    def go_on(
        self,
        code: Callable[..., object],
        *,
        override: Mapping[str, object] | None = None,
        stubs: Mapping[str, object] | None = None,
        lend: bool = False,
    ) -> Rerun:
        """Run code that begins at the moment, given what the agents knew there.

        Nothing that lies before is asked, nor answered. Whether the code has made of the states
        what the agents were then is its own affair: what it asks tells.

        Args:
            code: What is run, with the states: a dict from agent id to a dict.
            override: As of `replay`.
            stubs: As of `replay`.
            lend: As of `replay`.

        Returns:
            As `replay`.

        Raises:
            ReplayDiverged: It asked what the trace does not answer after the moment.
            IncidentSilent: As of `replay`; so are NothingAsked and UsageError.
        """
        states = self.states
        return self._run(lambda: code(states), override, stubs, lend=lend, begins=True)

    def _run(
        self,
        code: Callable[[], object],
        override: Mapping[str, object] | None,
        stubs: Mapping[str, object] | None,
        *,
        lend: bool,
        begins: bool,
    ) -> Rerun:
        wishes = Wishes(
            override=dict(
                wished.said(self.calls, label, value) for label, value in (override or {}).items()
            ),
            lend=lend,
            start=self.cut,
            begins=begins,
        )
        said = Stubs()
        for tool, value in (stubs or {}).items():
            said.tool(tool).returns(value)
        became = rerun(self.calls, code, name=self._name, wishes=wishes, stubs=said)
        if became.stopped is not None:
            raise became.stopped
        if became.asked == 0 and became.raised is None:
            raise nothing_asked(self._name)
        return became


def start_from(
    trace: Trace | Path | str, at: str = LAST_GOOD, *, name: str = "a replay from a moment"
) -> Start:
    """Find the moment of a kept run from which code is to be run.

    Args:
        trace: The trace, or a file in any format that `agenttrace formats` lists.
        at: The call that is asked there, by the number that `agenttrace show` prints: `#4`; or
            `last-good`: the call in which the first failure began.
        name: What the runs are called.

    Raises:
        UsageError: There is no such call; or nothing failed.
        TraceUnreadable: The file cannot be read; so says UnknownFormat.
    """
    found = trace_at(Path(trace))[0] if isinstance(trace, Path | str) else trace
    calls = calls_of(found)
    return Start(calls, cut_of(calls, at), name)


def calls_of(trace: Trace) -> Calls:
    """The calls of a trace, numbered as `agenttrace show` numbers them, secrets already out."""
    numbers = {span.id: number for number, (span, _) in enumerate(nested(trace), 1)}
    return Calls.of(cleaned(trace), numbers)


def cut_of(calls: Calls, label: str) -> Cut:
    """The moment that a person means: the asking of `#4`, or `last-good`.

    Raises:
        UsageError: There is none.
    """
    return Cut.of(calls, _last_good(calls).label if label == LAST_GOOD else label)


def _last_good(calls: Calls) -> Known:
    """The call that failed first, or the last one that is part of the first failure."""
    failures = cascade(calls.trace, timed=False).origins
    first = next((one for one in failures if one.is_error), None)
    if first is None:
        raise UsageError(
            "last-good: nothing failed in this run, as far as it tells",
            detail="  Name the call from which to go on:  --from '#4'\n"
            "  What counts as a failure:  agenttrace show TRACE --view cascade",
        )
    led = list(_led_to(calls, first))
    if not led:
        raise UsageError(
            f"last-good: no call comes before the first failure, {safe(str(first))}",
            detail="  A run goes on from the asking of a call; run it from its beginning.",
        )
    return led[-1]


def _led_to(calls: Calls, failed: Failed) -> Iterator[Known]:
    """The calls that have a part in a failure, in causal order: itself, inside it, before it."""
    earlier = calls.order.before_any([failed.span.id])
    inside = {failed.span.id}
    for span, _ in nested(calls.trace):  # what stands around comes first
        if span.parent in inside:
            inside.add(span.id)
    for one in calls.all:
        if one.told_alone and (one.span.id in inside or one.span.id in earlier):
            yield one
