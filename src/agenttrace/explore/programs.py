"""Programs: what a made-up team of agents does, played into the trace that a recording would be.

A program is a row of deeds. It has what real ones have: agents inside agents, tools that ask a
model, calls that go on at once, retries that ask the same again, states, events, links and costs.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TypeAlias

from agenttrace.causal.position import span_id, trace_id
from agenttrace.causal.sequence import in_causal_order
from agenttrace.model import names
from agenttrace.model.agent import Agent
from agenttrace.model.call import Answer, Chunk
from agenttrace.model.lane import Join, Lane, Position, Step
from agenttrace.model.span import OK, Event, Link, Span, SpanKind, Status
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, Usage
from agenttrace.model.values import Value, canonical, digest, pack


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Ask a model or a tool.

    Attributes:
        tool: The tool's name; empty: a model.
        body: The tool's arguments, or what the model is told.
        answer: What comes back.
        inside: What the tool itself does.
        after: How many calls back the one stands that this one is linked to; None: to none.
    """

    tool: str = ""
    body: Value = None
    answer: Value = None
    inside: tuple[Deed, ...] = ()
    after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Let an agent do something."""

    agent: str
    deeds: tuple[Deed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AtOnce:
    """Do several things at once, and wait for all of them; or for none, until the run ends."""

    branches: tuple[tuple[Deed, ...], ...]
    waits: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Note an event, or what the agent believes."""

    event: str = ""
    value: Value = None


Deed: TypeAlias = Ask | Act | AtOnce | Note


def played(program: tuple[Deed, ...], name: str = "tests/test_team.py::test_team") -> Trace:
    """Give the trace that a recording of a program would be."""
    play = _Play(name)
    play.run(program)
    return play.trace()


@dataclass(slots=True)
class _Task:
    """A lane in the making."""

    path: Position
    parent: Position | None = None
    spawn_seq: int = 0
    seq: int = 0
    joins: list[Join] = field(default_factory=list)

    def step(self) -> int:
        self.seq += 1
        return self.seq


@dataclass(frozen=True, slots=True)
class _Inside:
    """Where a deed is done: its task, the position of what is around it, span and agent."""

    task: _Task
    scope: Position
    span: str
    agent: str | None = None


class _Play:
    """One run in the making."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._spans: dict[str, Span] = {}
        self._tasks: list[_Task] = []
        self._shots: list[StateSnapshot] = []
        self._events: dict[str, list[Event]] = {}
        self._seen: Counter[Position | tuple[Position, str, str]] = Counter()
        self._now = 0

    def run(self, program: tuple[Deed, ...]) -> None:
        """Do all of a program."""
        task = _Task(())
        self._tasks.append(task)
        root = span_id(self._name, ())
        run = Span(id=root, name=self._name, kind=SpanKind.RUN, status=Status(code=OK))
        self._spans[root] = run
        self._do(program, _Inside(task, (), root))
        self._end(root, task)

    def trace(self) -> Trace:
        """Give what was done."""
        spans = [
            _with_events(span, tuple(self._events.get(span.id, ())))
            for span in self._spans.values()
        ]
        agents = {span.agent for span in spans if span.agent is not None}
        return in_causal_order(
            Trace(
                id=trace_id(self._name),
                name=self._name,
                spans=tuple(spans),
                lanes=tuple(
                    Lane(
                        path=task.path,
                        parent=task.parent,
                        spawn_seq=task.spawn_seq,
                        joins=tuple(task.joins),
                    )
                    for task in self._tasks
                ),
                agents=tuple(Agent(id=agent, name=agent) for agent in agents),
                snapshots=tuple(self._shots),
            )
        )

    def _do(self, deeds: tuple[Deed, ...], inside: _Inside) -> None:
        for deed in deeds:
            match deed:
                case Ask():
                    self._ask(deed, inside)
                case Act():
                    self._act(deed, inside)
                case AtOnce():
                    self._at_once(deed, inside)
                case Note():
                    self._note(deed, inside)

    def _ask(self, deed: Ask, inside: _Inside) -> None:
        kind = SpanKind.TOOL if deed.tool else SpanKind.LLM
        operation = deed.tool or "chat"
        question = canonical(deed.body if deed.tool else _request(deed.body))
        known = list(self._spans)
        links: tuple[Link, ...] = ()
        if deed.after is not None and deed.after < len(known) - 1:
            links = (Link(span=known[-1 - deed.after]),)
        usage = None
        if not deed.tool:
            tokens = Tokens(input=10 + len(repr(deed.body)), output=len(repr(deed.answer)))
            usage = Usage(models={"m-1": tokens}, cost_usd=Decimal(tokens.total) / 1_000_000)
        data = pack(canonical(deed.answer)) if deed.tool else repr(deed.answer).encode()
        asked = self._begin(
            inside,
            kind,
            operation,
            question=question,
            digest=digest(question),
            links=links,
            usage=usage,
            attributes={names.OPERATION: operation},
        )
        self._do(
            deed.inside, _Inside(inside.task, self._spans[asked].position, asked, inside.agent)
        )
        answer = Answer(chunks=(Chunk(data=data),), ended_ns=self._now)
        self._end(asked, inside.task, answers=(answer,))

    def _act(self, deed: Act, inside: _Inside) -> None:
        agent = self._begin(inside, SpanKind.AGENT, deed.agent, agent=deed.agent)
        scope = self._spans[agent].position
        self._do(deed.deeds, _Inside(inside.task, scope, agent, deed.agent))
        self._end(agent, inside.task)

    def _at_once(self, deed: AtOnce, inside: _Inside) -> None:
        spawner = inside.task
        tasks = [
            _Task(self._position(inside.scope, "task", "work"), spawner.path, spawner.step())
            for _ in deed.branches
        ]
        self._tasks.extend(tasks)
        for task, branch in zip(tasks, deed.branches, strict=True):
            self._do(branch, _Inside(task, task.path, inside.span, inside.agent))
            if deed.waits:
                task.joins.append(Join(by=spawner.path, seq=spawner.seq))

    def _note(self, deed: Note, inside: _Inside) -> None:
        if deed.event:
            event = Event(name=deed.event, at_ns=self._tick(), attributes={"value": deed.value})
            self._events.setdefault(inside.span, []).append(event)
            return
        agent = inside.agent or ""
        self._shots.append(
            StateSnapshot(
                agent=agent,
                position=self._position(inside.scope, "state", agent),
                lane=inside.task.path,
                seq=inside.task.step(),
                beliefs=deed.value,
                span=inside.span,
            )
        )

    def _begin(self, inside: _Inside, kind: SpanKind, operation: str, **more: object) -> str:
        position = self._position(inside.scope, kind.value, operation)
        seq, now = inside.task.step(), self._tick()
        fields: dict[str, object] = {
            "id": span_id(self._name, position),
            "parent": inside.span,
            "name": operation,
            "kind": kind,
            "operation": operation,
            "position": position,
            "lane": inside.task.path,
            "seq": seq,
            "end_seq": seq,
            "start_ns": now,
            "end_ns": now,
            "agent": inside.agent,
            **more,
        }
        span = Span(**fields)  # type: ignore[arg-type]
        self._spans[span.id] = span
        return span.id

    def _end(self, span: str, task: _Task, **more: object) -> None:
        ended = {"end_seq": task.seq, "end_ns": self._tick(), **more}
        self._spans[span] = replace(self._spans[span], **ended)  # type: ignore[arg-type]

    def _position(self, scope: Position, kind: str, name: str) -> Position:
        occurrence = self._seen[scope, kind, name]
        self._seen[scope, kind, name] += 1
        return (*scope, Step(kind, name, occurrence))

    def _tick(self) -> int:
        self._now += 1_000
        return self._now


def _request(prompt: Value) -> Value:
    body: Value = {"model": "m-1", "messages": [{"role": "user", "content": prompt}]}
    return {"method": "POST", "path": "/v1/chat/completions", "body": body}


def _with_events(span: Span, events: tuple[Event, ...]) -> Span:
    return replace(span, events=events) if events else span
