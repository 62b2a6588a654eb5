"""Rerun: today's code, answered with what the world said in an incident."""

from __future__ import annotations

import asyncio
import inspect
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.plain.annotated import NOT_SAID
from agenttrace.adapters.plain.fitting import CannotFitError, packed
from agenttrace.adapters.plain.tools import TOOLS
from agenttrace.boundary import Boundary, Chain
from agenttrace.errors import RunStopped, StoppedThere
from agenttrace.model.trace import Trace
from agenttrace.redact import Redactor
from agenttrace.replay.incident import Incident, telling
from agenttrace.replay.stubbed import Stubbed
from agenttrace.replay.stubs import Stubs
from agenttrace.session import arriving, stubbing
from agenttrace.session.plan import Plan
from agenttrace.session.session import Session
from agenttrace.session.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenttrace.analysis import Analysis
    from agenttrace.boundary import Recall, Source
    from agenttrace.model.call import Call
    from agenttrace.replay.incident import Calls, Known, Wishes


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """What became of a replay of an incident.

    Attributes:
        incident: Who answered, with what was served and where the run departed.
        trace: What today's code did; a trace of ours, with positions.
        stopped: What ended the run before its own end; None: nothing did.
        raised: What the code itself raised; None: it returned.
        returned: What it returned.
        asked: How many calls came to the door.
        warnings: What a person should know of the run.
        unused_stubs: The names of the tools whose stubs nothing asked for.
        redactor: What knows the secrets that the run met.
    """

    incident: Incident
    trace: Trace
    stopped: RunStopped | None
    raised: BaseException | None
    returned: Any
    asked: int
    warnings: tuple[str, ...]
    unused_stubs: tuple[str, ...]
    redactor: Redactor

    @property
    def departed(self) -> bool:
        """Whether today's code asked what the incident does not answer."""
        stopped = self.stopped is not None and not isinstance(self.stopped, StoppedThere)
        return stopped or bool(self.incident.departures)

    @property
    def analysis(self) -> Analysis:
        """How the agents worked together in this run; its times are virtual."""
        from agenttrace.analysis import Analysis

        return Analysis(self.trace, time="virtual")

    @property
    def is_simulated(self) -> bool:
        """Whether any answer is not one that the world gave to this question in the incident."""
        return any(span.mark for span in self.trace.spans)


def rerun(
    calls: Calls,
    entry: Callable[[], object],
    *,
    name: str,
    wishes: Wishes | None = None,
    stubs: Stubs | None = None,
) -> Rerun:
    """Run today's code against an incident; nothing is asked of the world unless wishes say so.

    Args:
        calls: What the incident's trace knows of its calls.
        entry: The code, with its input; a coroutine that it gives is run to its end.
        name: The run's name.
        wishes: What a person wants to be otherwise.
        stubs: Answers for calls that the incident does not answer; they come first, but not
            before the moment from which the run is to go on.

    Raises:
        UsageError: What is to be otherwise lies before the moment from which the run is to go on.
    """
    if wishes is not None and wishes.start is not None:
        wishes.start.require_ahead(calls, wishes.override)
    with tempfile.TemporaryDirectory() as folder:
        nowhere = Path(folder)
        plan = Plan(
            name=name,
            golden=nowhere / "incident.trace",
            shown="the incident",
            journal=nowhere / "incident.journal",
            compare=False,
        )
        with World(live=False) as world:
            stubs = stubs or Stubs()
            session = _Session(plan, world, stubs, calls, wishes)
            raised, returned = None, None
            with session:
                try:
                    returned = _run(entry)
                except RunStopped:
                    pass  # the run's own state knows it
                except Exception as error:  # noqa: BLE001 - an incident may well end in one
                    raised = error
            verdict = session.settle(passed=raised is None)
    if session.trace is None or session.incident is None:
        raise RuntimeError(name)
    stopped, start = session.run.stopped, session.incident.start
    if stopped is None and start is not None and session.incident.is_ahead:
        stopped = arriving.never_came(start, name, raised)
    return Rerun(
        incident=session.incident,
        trace=session.trace,
        stopped=stopped,
        raised=raised,
        returned=returned,
        asked=verdict.counts.asked,
        warnings=verdict.warnings,
        unused_stubs=tuple(one.aim.name for one in stubs.unused()),
        redactor=session.redactor,
    )


def _run(entry: Callable[[], object]) -> object:
    found = entry()
    if inspect.iscoroutine(found):
        return asyncio.run(found)
    return found


class _Session(Session):
    """A run that an incident answers, and no golden."""

    def __init__(
        self, plan: Plan, world: World, stubs: Stubs, calls: Calls, wishes: Wishes | None
    ) -> None:
        super().__init__(plan, world, stubs)
        self.incident: Incident | None = None
        self._calls, self._wishes, self._first = calls, wishes, stubs

    def _source(self) -> Source:
        self.incident = incident = Incident(
            self._calls,
            run=self.run.name,
            fit=self._fit,
            wishes=self._wishes,
            arrive=self._arrived,
        )
        stubbed = Stubbed(
            self._first,
            self.run,
            pack=stubbing.packing(self.run),
            passed_over=incident.pass_over,
        )
        return Chain(_FromStart(stubbed, incident), incident)

    def _arrived(self, call: Call, left: Sequence[Known]) -> None:
        """Hold the run against the incident, at the moment from which it is to go on."""
        trace, incident, recorder = self.current_trace(), self.incident, self._recorder
        if trace is None or incident is None or recorder is None:
            raise TypeError(call.question.title)
        span = recorder.id_so_far(call.span)
        here = arriving.Arrived(
            run=self.run.name, trace=trace, call=next(it for it in trace.spans if it.id == span)
        )
        arriving.require_same(incident, here, left, self.redactor)

    def _fit(self, call: Call, known: Known, value: object) -> tuple[bytes, ...]:
        """Write a result as the live tool writes it, in the first reading that the tool gives."""
        door, operation = self.run.door, call.question.operation
        if not isinstance(door, Boundary):
            raise TypeError(call.question.title)
        shape, _ = door.kept.get(TOOLS, {}).get(operation, (None, False))
        says = shape is not None and shape.wanted is not NOT_SAID
        first: CannotFitError | None = None
        for one in _readings(value, says=says):
            try:
                return packed(door, operation, [one], streams=False)
            except CannotFitError as found:
                first = first or found
        raise telling.misfit(self.run.name, call, known, "" if first is None else first.why)


class _FromStart:
    """A `Source` that is asked only from the moment on from which a run is to go on."""

    def __init__(self, source: Source, incident: Incident) -> None:
        self._source = source
        self._incident = incident

    def recall(self, call: Call) -> Recall | None:
        if self._incident.is_settled(call):
            return None
        return self._source.recall(call)


def _readings(value: object, *, says: bool) -> list[object]:
    """What a result may have been: libraries keep a text, and its JSON, as one another.

    Where the tool says what it returns, the JSON inside a text is tried first: a `str` that was
    written as JSON has quotes. Where it does not, the text stands as it is.
    """
    if not isinstance(value, str):
        return [value, json.dumps(value)]
    try:
        parsed = json.loads(value)
    except ValueError:
        return [value]
    return [parsed, value] if says else [value, parsed]
