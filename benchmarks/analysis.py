"""How long analyses of a team take, against loading the trace, in one run.

    python benchmarks/analysis.py [--spans 100000] [--rounds 3]

The peer is an eager load of the same golden: every span, with its payloads as they lie, untouched.
What the facade works out once for all analyses (who did what) is part of each row. The second
number of a row is how much longer ten times as many spans take: 10 is linear.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from agenttrace.analysis import Analysis
from agenttrace.formats.native import read_lazy, write
from agenttrace.model import names
from agenttrace.model.agent import Agent
from agenttrace.model.call import Answer, Chunk
from agenttrace.model.lane import Lane, Step
from agenttrace.model.span import Event, Link, Span, SpanKind, WireKind
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, Usage
from agenttrace.model.values import Value, digest, pack

if TYPE_CHECKING:
    from agenttrace.analysis.vectors import Vector

AIM = 3
BACK = {
    "bid": "announced_by",
    "award": "bid_by",
    "execution": "awarded_by",
    "report": "executed_by",
}
PHASES = ("announcement", *BACK)
PEOPLE = 50
TURN = 12
"""How many spans a turn of one agent has."""
KEYS = 500
"""How many keys the team's board has."""

ANALYSES: dict[str, Callable[[Analysis], object]] = {
    "critical path": lambda analysis: analysis.critical_path.agents,
    "interaction graph": lambda analysis: analysis.graph.channels,
    "shapes of the graph": lambda analysis: (
        analysis.graph.single_points,
        analysis.graph.chatter,
        analysis.graph.redundant,
        analysis.graph.unread,
    ),
    "costs by agent": lambda analysis: analysis.costs.by("agent"),
    "lifetimes": lambda analysis: analysis.lifetimes,
    "overhead": lambda analysis: analysis.overhead,
    "cascade": lambda analysis: analysis.cascade.contained,
    "collaboration": lambda analysis: analysis.collaboration,
}
"""What is measured; each gets a facade that has answered nothing yet."""

OF_WORK: dict[str, Callable[[Analysis], object]] = {
    "delegations": lambda analysis: analysis.delegations.success_rate,
    "orchestration": lambda analysis: analysis.orchestration.success_rate,
    "waiting": lambda analysis: analysis.waiting.livelocks,
}
"""The same, of a team that tells how its work is placed."""


def _believed(vector: Vector) -> float:
    """How many agents hold their turn to be done."""
    return sum(state["beliefs"] == "done" for state in vector.values())


OF_STATES: dict[str, Callable[[Analysis], object]] = {
    "progress": lambda analysis: analysis.progress(_believed).regressions,
}
"""The same, of a team that keeps a state in each turn."""


@dataclass(slots=True)
class _Making:
    """A trace in the making: turns of agents, each of which asks a tool, models and a neighbour."""

    spans: list[Span]
    now: int = 0

    def add(self, name: str, kind: SpanKind, around: str | None, **more: object) -> Span:
        """Add a span that begins and ends now; `lasts` lets it end later."""
        number = len(self.spans) + 1
        self.now += 1
        lasts = int(str(more.pop("lasts", 0)))
        span = Span(
            id=f"{number:016x}",
            name=name,
            operation=name,
            kind=kind,
            parent=around,
            position=(Step(kind.value, name, number),) if around else (),
            seq=number,
            end_seq=number + lasts,
            start_ns=self.now,
            end_ns=self.now + lasts,
            **more,  # type: ignore[arg-type]
        )
        self.spans.append(span)
        return span


def a_team(size: int) -> Trace:
    """A run of so many spans: turns of an agent, each told of by the one before."""
    made = _Making([])
    run = made.add("run", SpanKind.RUN, None, lasts=size)
    told: Span | None = None
    board: dict[int, Span] = {}
    turns = (size - 1) // TURN
    for turn in range(turns):
        who = f"agent {turn % PEOPLE}"
        mine = made.add("turn", SpanKind.AGENT, run.id, agent=who, lasts=TURN - 1)
        if told is None:
            made.add("note", SpanKind.INTERNAL, mine.id, agent=who)
        else:
            link = (Link(span=told.id, relationship="message"),)
            made.add(
                "receive", SpanKind.MESSAGE, mine.id, agent=who, links=link,
                wire_kind=WireKind.CONSUMER,
            )  # fmt: skip
        question: Value = {"method": "POST", "body": {"messages": [f"turn {turn}", "go on"]}}
        for _ in range(4):
            made.add(
                "chat", SpanKind.LLM, mine.id, agent=who, question=question,
                digest=digest(question), answers=(Answer(chunks=(Chunk(data=pack("done")),)),),
                usage=Usage(models={"m": Tokens(input=9, output=2)}, cost_usd=Decimal("0.001")),
            )  # fmt: skip
        asked: Value = {"order": f"A-{turn}"}
        tool = made.add(
            "ask", SpanKind.TOOL, mine.id, agent=who, question=asked, digest=digest(asked), lasts=2
        )
        other = made.add(
            "expert", SpanKind.AGENT, tool.id, agent=f"expert {turn % PEOPLE}", lasts=1
        )
        made.add("look_up", SpanKind.TOOL, other.id, agent=other.agent, lasts=1)
        place: dict[str, Value] = {names.MESSAGE_KEY: f"{turn % KEYS}", names.MESSAGE_CHANNEL: "b"}
        left = board.get(turn % KEYS)
        made.add(
            "read b", SpanKind.MESSAGE, mine.id, agent=who, attributes=place,
            links=() if left is None else (Link(span=left.id, relationship="blackboard"),),
            wire_kind=WireKind.CONSUMER,
        )  # fmt: skip
        version: dict[str, Value] = {
            names.MESSAGE_VERSION: turn // KEYS,
            names.MESSAGE_CONTENT: turn,
        }
        board[turn % KEYS] = made.add(
            "write b", SpanKind.MESSAGE, mine.id, agent=who, attributes=place | version,
            wire_kind=WireKind.PRODUCER,
        )  # fmt: skip
        content: dict[str, Value] = {names.MESSAGE_CONTENT: f"turn {turn} is done"}
        told = made.add(
            "send post", SpanKind.MESSAGE, mine.id, agent=who, attributes=content,
            wire_kind=WireKind.PRODUCER,
        )  # fmt: skip
    return Trace(
        id="1" * 32,
        name="bench",
        spans=tuple(made.spans),
        lanes=(Lane(path=()),),
        agents=tuple(
            Agent(id=f"{sort} {number}", name=sort)
            for sort in ("agent", "expert")
            for number in range(min(turns, PEOPLE))
        ),
    )


def at_work(size: int) -> Trace:
    """The same run, in which each turn places a task, and tells of a queue and a wait."""
    trace = a_team(size)
    spans = list(trace.spans)
    for turn in range((size - 1) // TURN):
        first, who = 1 + turn * TURN, f"agent {turn % PEOPLE}"
        for number, phase in enumerate(PHASES, first + 2):
            said: dict[str, Value] = {
                names.DELEGATION_TASK: f"task {turn}",
                names.DELEGATION_PHASE: phase,
                names.DELEGATION_BID: turn % 9,
            }
            back = BACK.get(phase)
            links = (Link(span=spans[number - 1].id, relationship=back),) if back else ()
            spans[number] = replace(spans[number], attributes=said, links=links)
        told = (
            ("enqueued", {names.QUEUE_TASK: f"task {turn + 7}"}),
            ("dequeued", {names.QUEUE_TASK: f"task {turn}"}),
            ("assigned", {names.QUEUE_TASK: f"task {turn}", names.QUEUE_WORKER: who}),
            ("heartbeat", {}),
            ("waiting", {names.WAITING_FOR: [f"agent {(turn + 1) % PEOPLE}"]}),
        )
        events = tuple(
            Event(name=name, at_ns=spans[first].start_ns, seq=first + 1, attributes=dict(of))
            for name, of in told
        )
        spans[first] = replace(spans[first], events=events, task=f"task {turn}")
    return replace(trace, spans=tuple(spans))


def with_states(size: int) -> Trace:
    """The same run, in which each turn keeps what its agent believes; steps apart from spans'."""
    trace = a_team(size)
    shots = tuple(
        StateSnapshot(
            agent=str(span.agent),
            position=(Step("state", "snapshot", span.seq),),
            lane=(),
            seq=span.seq,
            beliefs="done",
            span=span.id,
        )
        for span in trace.spans
        if span.name == "turn"
    )
    return replace(trace, snapshots=shots)


def took(work: Callable[[], object]) -> float:
    """The processor time of one piece of work, in seconds."""
    gc.collect()
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    """Print a row an analysis."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--spans", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    sorts = ((a_team, ANALYSES), (at_work, OF_WORK), (with_states, OF_STATES))
    for make, analyses in sorts:
        measure(make, analyses, asked.spans, asked.rounds)


def measure(
    make: Callable[[int], Trace],
    analyses: Mapping[str, Callable[[Analysis], object]],
    spans: int,
    rounds: int,
) -> None:
    """Print a row an analysis of one sort of run."""
    goldens = {size: write(make(size)) for size in (spans // 10, spans)}
    traces = {size: read_lazy(data).trace() for size, data in goldens.items()}
    for name, analyse in analyses.items():
        ratios, growth = [], []
        for _ in range(rounds):
            small, large = (
                took(lambda trace=trace, analyse=analyse: analyse(Analysis(trace)))  # type: ignore[misc]
                for trace in traces.values()
            )
            ratios.append(large / took(lambda: read_lazy(goldens[spans]).trace()))
            growth.append(large / small)
        low, high = min(ratios), max(ratios)
        print(
            f"{name} of {spans} spans, against loading them: "
            f"{statistics.median(ratios):.2f} ({low:.2f} to {high:.2f}), aim {AIM}; "
            f"{statistics.median(growth):.1f} times as long as of a tenth"
        )


if __name__ == "__main__":
    main()
