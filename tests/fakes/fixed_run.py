"""A run at one door: its clock stands still, its answers are texts, and nobody waits."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from agenttrace.boundary import Boundary, Nobody, Packed, Source, Way, cross
from agenttrace.causal import current
from agenttrace.causal.current import Run
from agenttrace.model.call import Call, Question
from agenttrace.model.lane import Position, Step
from agenttrace.model.trace import Trace
from agenttrace.model.values import canonical, digest
from agenttrace.record.recorder import Journal, Recorder
from agenttrace.replay.divergence import Retelling
from agenttrace.replay.matching import STRICT, Recording
from agenttrace.replay.pace import Instant
from agenttrace.replay.replayer import Replayer

NAME = "tests/test_refund.py::test_refund"
RETELLING = Retelling(
    run=NAME,
    golden="golden/tests/test_refund/test_refund.trace",
    rewrite=f"pytest {NAME} --agenttrace=rewrite",
    lenient=f"pytest {NAME} --agenttrace-match=lenient",
)


class FixedClock:
    """A clock that shows what a test has set."""

    def __init__(self) -> None:
        self.at_ns = 0

    def now_ns(self) -> int:
        """The moment that was set."""
        return self.at_ns


class TextShape:
    """Texts as bytes."""

    def pack(self, native: str) -> Packed:
        """Write a text down."""
        return Packed(data=native.encode())

    def unpack(self, packed: Packed) -> str:
        """Read a text."""
        return packed.data.decode()


@dataclass(slots=True)
class FixedRun:
    """A run, its door and its recorder; its trace is there when the run is over."""

    run: Run
    door: Boundary
    recorder: Recorder
    clock: FixedClock
    traces: list[Trace] = field(default_factory=list)

    @property
    def trace(self) -> Trace:
        """What was written down."""
        return self.traces[0] if self.traces else self.recorder.trace()

    def tool(self, name: str, **arguments: object) -> str:
        """Call a tool whose answer repeats its arguments."""
        said = f"{name} {arguments}"
        return cross(self.door, way(a_tool(name, **arguments)), lambda: said)

    def chat(self, words: str) -> str:
        """Ask a model that says yes to everything."""
        return cross(self.door, way(a_chat(words)), lambda: f"yes to {words}")

    def inside(self, name: str, body: Callable[[], object], **arguments: object) -> str:
        """Call a tool that does more than answer."""
        return cross(self.door, way(a_tool(name, **arguments)), lambda: str(body()))


@contextlib.contextmanager
def a_run(
    source: Source | None = None, *, journal: Journal | None = None, **environment: Any
) -> Iterator[FixedRun]:
    """Open a door for one run, and write down what passes."""
    clock = FixedClock()
    run = Run(NAME, clock=clock)
    recorder = Recorder(run, journal=journal, environment=environment)
    door = Boundary(run, source=source or Nobody(), scribe=recorder, pace=Instant())
    one = FixedRun(run, door, recorder, clock)
    token = current.enter(run)
    try:
        yield one
    finally:
        one.traces.append(recorder.trace())
        current.leave(run, token)


def recorded(program: Callable[[FixedRun], object], **environment: Any) -> Trace:
    """The trace of a program that runs in the world."""
    with a_run(**environment) as run:
        program(run)
    return run.trace


def replayer(trace: Trace, *, match: str = STRICT, **settings: Any) -> Replayer:
    """A source that answers from a trace."""
    return Replayer(Recording.of(trace), retelling=RETELLING, match=match, **settings)


def a_tool(name: str, *, site: str | None = None, **arguments: object) -> Question:
    """Ask a tool."""
    return Question(kind="tool", operation=name, title=name, body=canonical(arguments), site=site)


def a_chat(words: str, *, site: str | None = None) -> Question:
    """Ask a model one thing."""
    body = {"model": "m", "messages": [{"role": "user", "content": words}]}
    request = {"method": "POST", "path": "/v1/chat", "body": body}
    return Question(
        kind="llm", operation="chat", title="chat m", body=canonical(request), site=site
    )


def way(question: Question) -> Way[str]:
    """What a crossing needs, for texts."""
    return Way(question=question, shape=TextShape())


def call_of(question: Question, *, lane: Position = (), occurrence: int = 0) -> Call:
    """A question at a place of its own."""
    position = (*lane, Step(question.kind, question.operation, occurrence))
    body = digest(question.body)
    return Call(
        question=question, position=position, lane=lane, seq=1, digest=body, span="00000000000000aa"
    )
