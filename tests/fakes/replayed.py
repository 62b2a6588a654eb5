"""A run on its own, without plugin, golden or patches of the loop: recorded, then replayed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from agenttrace.adapters import aiohttp, http_client, httpx, urllib3
from agenttrace.boundary import Boundary, Nobody, Source
from agenttrace.causal import current
from agenttrace.model.call import Answer
from agenttrace.model.span import Span
from agenttrace.model.trace import Trace
from agenttrace.record.recorder import Recorder
from agenttrace.replay.divergence import Retelling
from agenttrace.replay.matching import Recording
from agenttrace.replay.pace import Instant
from agenttrace.replay.replayer import Replayer

RETELLING = Retelling(
    run="a run", golden="a_run.trace", rewrite="--agenttrace=rewrite", lenient="--agenttrace-match"
)


@dataclass
class OneRun:
    """What came of a run: its trace is there once it has ended."""

    run: current.Run
    door: Boundary
    recorder: Recorder
    traces: list[Trace] = field(default_factory=list)

    @property
    def trace(self) -> Trace:
        """The whole trace."""
        return self.traces[0]

    @property
    def calls(self) -> list[Span]:
        """The calls of the trace, in causal order."""
        return list(self.trace.calls)

    @property
    def answers(self) -> list[Answer]:
        """Every answer of every call."""
        return [answer for span in self.calls for answer in span.answers]


@contextlib.contextmanager
def a_run(source: Source | None = None) -> Iterator[OneRun]:
    """A run whose calls go to a source, then to the world; clients are patched meanwhile."""
    run = current.Run("a run")
    recorder = Recorder(run)
    door = Boundary(run, source=source or Nobody(), scribe=recorder, pace=Instant())
    one = OneRun(run, door, recorder)
    with contextlib.ExitStack() as patches:
        for adapter in (httpx, aiohttp, urllib3, http_client):
            patches.enter_context(adapter.installed())
        token = current.enter(run)
        try:
            yield one
        finally:
            one.traces.append(recorder.trace())
            current.leave(run, token)


def replay_of(trace: Trace) -> contextlib.AbstractContextManager[OneRun]:
    """A run that is answered from a trace, strictly."""
    return a_run(Replayer(Recording.of(trace), retelling=RETELLING))


def said(trace: Trace) -> list[object]:
    """What a trace says that must be the same in a replay: questions, answers, meaning."""
    return [
        (
            span.position,
            span.kind,
            span.name,
            span.question,
            [a.content for a in span.answers],
            span.usage,
            dict(span.attributes),
        )
        for span in trace.calls
    ]
