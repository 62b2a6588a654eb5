"""Stubbing: how a run's stubs stand at its door, alone or before a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.adapters.plain.fitting import CannotFitError, packed
from agenttrace.boundary import Boundary
from agenttrace.replay import stub_errors
from agenttrace.replay.stubbed import Alone, Stubbed

if TYPE_CHECKING:
    from agenttrace.causal.current import Run
    from agenttrace.errors import AgentTraceError, RunStopped
    from agenttrace.model.call import Call
    from agenttrace.replay.replayer import Replayer
    from agenttrace.replay.stubbed import Pack
    from agenttrace.replay.stubs import Stub, Stubs


def alone(stubs: Stubs, run: Run, kinds: frozenset[str]) -> Stubbed:
    """Answer with stubs and nothing else; other kinds of call than these run live."""
    return Stubbed(stubs, run, pack=packing(run), alone=Alone(run=run.name, kinds=kinds))


def before(replayer: Replayer, stubs: Stubs, run: Run) -> Stubbed:
    """Answer with stubs first; what they leave, the recording answers."""
    return Stubbed(stubs, run, pack=packing(run), passed_over=replayer.pass_over)


def unused(run: str, stubbed: Stubbed) -> list[AgentTraceError | RunStopped]:
    """What is wrong with a run that left stubs unused; nothing if it left none."""
    left = stubbed.unused()
    return [stub_errors.unused(run, left, stubbed.asked)] if left else []


def packing(run: Run) -> Pack:
    """How a tool's stub becomes bytes in a run."""

    def pack(call: Call, stub: Stub) -> tuple[bytes, ...]:
        door, saying = run.door, stub.saying
        if not isinstance(door, Boundary):
            raise TypeError(call.question.title)
        streams = saying.how == "streams"
        try:
            return packed(door, call.question.operation, saying.values, streams=streams)
        except CannotFitError as found:
            raise stub_errors.misfit(
                call, stub, annotated=found.annotated, why=found.why, way_on=found.way_on
            ) from None

    return pack
