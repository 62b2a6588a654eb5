"""Mutations: one change to a trace, with the class and the place that a comparison must name.

They are what a comparison is tried with: a call dropped, done twice or earlier, another link,
argument, result, prompt, state, status, event or cost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, TypeAlias

from agenttrace.causal.ragged import is_cut, raggedness
from agenttrace.check.content import Contents
from agenttrace.check.tree import Node, tree
from agenttrace.model.call import Answer, Chunk
from agenttrace.model.lane import Position, Step
from agenttrace.model.span import Event, Link, Span, SpanKind, Status
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, Usage
from agenttrace.model.values import Value, digest, pack, unpack

Pick: TypeAlias = Callable[[int], int]
"""Chooses one of so many; chance, or a strategy, is behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A changed trace.

    Attributes:
        name: One of `MUTATIONS`.
        trace: The trace, changed.
        kind: The class of the difference, of `model.difference.CLASSES`.
        places: Where it stands; several where equal siblings cannot be told apart.
    """

    name: str
    trace: Trace
    kind: str
    places: frozenset[Position]


def mutated(trace: Trace, name: str, pick: Pick) -> Mutation | None:
    """Change one thing of a trace; None where it has none of that sort.

    Args:
        trace: Our own, or a foreign one.
        name: One of `MUTATIONS`.
        pick: Chooses the span and the field.
    """
    return MUTATIONS[name](_Subject(trace), pick)


class _Subject:
    """A trace, its tree, and which of its spans stand where chance cuts nothing short."""

    def __init__(self, trace: Trace) -> None:
        may_be_cut = raggedness(trace.lanes)
        self.trace = trace
        self.top = tree(trace, Contents(trace), may_be_cut)
        self.nodes: dict[str, Node] = {}
        self.above: dict[int, Node] = {}
        for node in self.top.everything():
            for child in node.children:
                self.above[id(child)] = node
            if isinstance(node.thing, Span) and not may_be_cut(node.thing.lane):
                self.nodes[node.thing.id] = node
        self.spans = [span for span in trace.spans if span.id in self.nodes]

    def alike(self, node: Node) -> frozenset[Position]:
        """The places of a node and of its equal siblings."""
        parent = self.above.get(id(node))
        siblings = [node] if parent is None else list(parent.children)
        return frozenset(it.place for it in siblings if it.hash == node.hash)

    def with_span(self, span: Span, **fields: object) -> Trace:
        """The trace, one span of which has other fields."""
        changed = replace(span, **fields)  # type: ignore[arg-type]
        spans = tuple(changed if it.id == span.id else it for it in self.trace.spans)
        return replace(self.trace, spans=spans)

    def changed(self, name: str, kind: str, span: Span, **fields: object) -> Mutation:
        """A mutation of one span, which is found where it stands."""
        return Mutation(
            name=name,
            trace=self.with_span(span, **fields),
            kind=kind,
            places=frozenset([self.nodes[span.id].place]),
        )


# -- whole spans ----------------------------------------------------------------------------------
def _drop(subject: _Subject, pick: Pick) -> Mutation | None:
    spans = [span for span in subject.spans if span.kind is not SpanKind.RUN]
    if not spans:
        return None
    node = subject.nodes[spans[pick(len(spans))].id]
    below = list(node.everything())
    gone = {id(it.thing) for it in below if it.thing is not None}
    lanes = {it.place for it in below if it.sort[0] == "lane"}
    trace = subject.trace
    left = replace(
        trace,
        spans=tuple(span for span in trace.spans if id(span) not in gone),
        snapshots=tuple(shot for shot in trace.snapshots if id(shot) not in gone),
        lanes=tuple(lane for lane in trace.lanes if lane.path not in lanes),
    )
    return Mutation(name="drop", trace=left, kind="structure", places=subject.alike(node))


def _duplicate(subject: _Subject, pick: Pick) -> Mutation | None:
    spans = [
        span
        for span in subject.spans
        if span.kind is not SpanKind.RUN and not subject.nodes[span.id].slots
    ]
    if not spans:
        return None
    span = spans[pick(len(spans))]
    node, known = subject.nodes[span.id], {it.position for it in subject.trace.spans}
    position = span.position
    while position and position in known:
        last = position[-1]
        position = (*position[:-1], Step(last.kind, last.name, last.occurrence + 1))
    trace = _with_room(subject.trace, span.lane) if position else subject.trace
    found = next(it for it in trace.spans if it.id == span.id)
    number = 1
    while f"{number:016x}" in subject.nodes:
        number += 1
    copy = replace(
        found, id=f"{number:016x}", position=position, seq=found.seq + 1, end_seq=found.end_seq + 1
    )
    at = trace.spans.index(found) + 1
    spans_now = (*trace.spans[:at], copy, *trace.spans[at:])
    places = {*subject.alike(node), position}
    if not position:
        last = node.place[-1]
        places |= {(*node.place[:-1], last._replace(occurrence=n)) for n in range(len(spans_now))}
    return Mutation(
        name="duplicate",
        trace=replace(trace, spans=spans_now),
        kind="structure",
        places=frozenset(places),
    )


def _with_room(trace: Trace, lane: Position) -> Trace:
    """The trace with twice as many steps in a lane, so that there is room between any two."""
    return replace(
        trace,
        spans=tuple(
            replace(
                span,
                seq=2 * span.seq,
                end_seq=2 * span.end_seq + (span.end_seq > span.seq),
                events=tuple(replace(event, seq=2 * event.seq) for event in span.events),
            )
            if span.lane == lane
            else span
            for span in trace.spans
        ),
        snapshots=tuple(
            replace(shot, seq=2 * shot.seq) if shot.lane == lane else shot
            for shot in trace.snapshots
        ),
        lanes=tuple(
            replace(
                one,
                spawn_seq=2 * one.spawn_seq if one.parent == lane else one.spawn_seq,
                joins=tuple(
                    replace(join, seq=2 * join.seq + 1) if join.by == lane else join
                    for join in one.joins
                ),
            )
            for one in trace.lanes
        ),
    )


def _reorder(subject: _Subject, pick: Pick) -> Mutation | None:
    pairs: list[tuple[Span, Span]] = []
    for node in subject.top.everything():
        singles = [slot[0] if len(slot) == 1 else None for slot in node.slots]
        for left, right in pairwise(singles):
            if left is not None and right is not None and _may_swap(left, right, subject):
                pairs.append((left.thing, right.thing))  # type: ignore[arg-type]
    if not pairs:
        return None
    one, other = pairs[pick(len(pairs))]
    fields = ("seq", "end_seq", "start_ns", "end_ns")
    swapped = {
        one.id: replace(one, **{name: getattr(other, name) for name in fields}),
        other.id: replace(other, **{name: getattr(one, name) for name in fields}),
    }
    spans = list(subject.trace.spans)
    first, second = spans.index(one), spans.index(other)
    spans[first], spans[second] = swapped[other.id], swapped[one.id]
    places = subject.alike(subject.nodes[one.id]) | subject.alike(subject.nodes[other.id])
    trace = replace(subject.trace, spans=tuple(spans))
    return Mutation(name="reorder", trace=trace, kind="order", places=places)


def _may_swap(left: Node, right: Node, subject: _Subject) -> bool:
    """Whether two neighbours are unlike spans with nothing below them, one before the other."""
    one, other = left.thing, right.thing
    return (
        isinstance(one, Span)
        and isinstance(other, Span)
        and {one.id, other.id} <= subject.nodes.keys()
        and left.hash != right.hash
        and not left.slots
        and not right.slots
        and not _linked(one, other)
    )


def _linked(one: Span, other: Span) -> bool:
    ids = {one.id, other.id}
    return any(link.span in ids for span in (one, other) for link in span.links)


# -- fields ---------------------------------------------------------------------------------------
def _relink(subject: _Subject, pick: Pick) -> Mutation | None:
    spans = subject.spans
    linked = [span for span in spans if span.links]
    if len(spans) < 3:  # noqa: PLR2004 - one that points, one that it points to, and another one
        return None
    span = linked[pick(len(linked))] if linked else spans[pick(len(spans))]
    taken = {link.span for link in span.links} | {span.id}
    others = [it for it in spans if it.id not in taken]
    if not others:
        return None
    target = others[pick(len(others))].id
    links = list(span.links)
    if links:
        at = pick(len(links))
        links[at] = replace(links[at], span=target, trace=None)
    else:
        links = [Link(span=target)]
    return subject.changed("relink", "link", span, links=tuple(links))


def _question(name: str, kind: str, *, llm: bool) -> Callable[[_Subject, Pick], Mutation | None]:
    def change(subject: _Subject, pick: Pick) -> Mutation | None:
        spans = [
            span
            for span in subject.spans
            if span.question is not None and (span.kind is SpanKind.LLM) == llm
        ]
        if not spans:
            return None
        span = spans[pick(len(spans))]
        asked = changed_somewhere(span.question, pick)
        return subject.changed(name, kind, span, question=asked, digest=digest(asked))

    return change


def _answer(name: str, kind: str, *, llm: bool) -> Callable[[_Subject, Pick], Mutation | None]:
    def change(subject: _Subject, pick: Pick) -> Mutation | None:
        spans = [
            span
            for span in subject.spans
            if span.answer is not None
            and not is_cut(span.answer)
            and (span.kind is SpanKind.LLM) == llm
        ]
        if not spans:
            return None
        span = spans[pick(len(spans))]
        answers = (*span.answers[:-1], _said_otherwise(span.answers[-1], pick))
        return subject.changed(name, kind, span, answers=answers)

    return change


def _said_otherwise(answer: Answer, pick: Pick) -> Answer:
    if not answer.chunks:
        return replace(answer, chunks=(Chunk(data=b"~"),))
    at = pick(len(answer.chunks))
    data = answer.chunks[at].data
    try:
        said = pack(changed_somewhere(unpack(data), pick))
    except Exception:  # noqa: BLE001 - bytes off a wire can be anything
        said = data + b"~"
    chunk = replace(answer.chunks[at], data=said)
    return replace(answer, chunks=(*answer.chunks[:at], chunk, *answer.chunks[at + 1 :]))


def _state(subject: _Subject, pick: Pick) -> Mutation | None:
    may_be_cut = raggedness(subject.trace.lanes)
    shots = [shot for shot in subject.trace.snapshots if not may_be_cut(shot.lane)]
    if not shots:
        return None
    shot = shots[pick(len(shots))]
    changed = replace(shot, beliefs=changed_somewhere(shot.beliefs, pick))
    if pick(2):
        changed = replace(shot, goal=changed_somewhere(shot.goal, pick))
    trace = replace(
        subject.trace,
        snapshots=tuple(changed if it is shot else it for it in subject.trace.snapshots),
    )
    return Mutation(name="state", trace=trace, kind="state", places=frozenset([shot.position]))


def _status(subject: _Subject, pick: Pick) -> Mutation | None:
    span = subject.spans[pick(len(subject.spans))]
    codes = [code for code in ("OK", "ERROR", "TOOL_LIMIT_EXCEEDED") if code != span.status.code]
    return subject.changed("status", "status", span, status=Status(code=codes[pick(len(codes))]))


def _event(subject: _Subject, pick: Pick) -> Mutation | None:
    span = subject.spans[pick(len(subject.spans))]
    events = list(span.events)
    if events and pick(2):
        del events[pick(len(events))]
    else:
        events.insert(pick(len(events) + 1), Event(name="reflection", attributes={"new": True}))
    return subject.changed("event", "event", span, events=tuple(events))


def _cost(subject: _Subject, pick: Pick) -> Mutation | None:
    span = subject.spans[pick(len(subject.spans))]
    usage = span.usage or Usage()
    models = dict(usage.models)
    model = sorted(models)[pick(len(models))] if models else "m-1"
    fields = ("input", "output", "cache_read", "cache_write", "reasoning")
    more = Tokens(**{fields[pick(len(fields))]: 1})
    models[model] = models.get(model, Tokens()) + more
    return subject.changed("cost", "cost", span, usage=replace(usage, models=models))


def _attribute(subject: _Subject, pick: Pick) -> Mutation | None:
    span = subject.spans[pick(len(subject.spans))]
    changed = changed_somewhere(dict(sorted(span.attributes.items())), pick)
    return subject.changed("attribute", "metadata", span, attributes=changed)


def changed_somewhere(value: Value, pick: Pick) -> Value:
    """Give a value with one leaf of it changed."""
    if isinstance(value, dict) and value:
        key = sorted(value)[pick(len(value))]
        return {**value, key: changed_somewhere(value[key], pick)}
    if isinstance(value, list) and value:
        at = pick(len(value))
        return [*value[:at], changed_somewhere(value[at], pick), *value[at + 1 :]]
    return next(change(value) for kind, change in _LEAVES if isinstance(value, kind))


_LEAVES: tuple[tuple[type, Callable[[Any], Value]], ...] = (
    (bool, lambda value: not value),
    (int, lambda value: value - 1 if value > 0 else value + 1),
    (float, lambda value: -1.5 if value >= 0 else 1.5),
    (str, lambda value: value + "~"),
    (bytes, lambda value: value + b"~"),
    (dict, lambda _: {"new": True}),
    (list, lambda _: ["new"]),
    (object, lambda _: "new"),
)
"""How each sort of leaf is changed."""

MUTATIONS: dict[str, Callable[[_Subject, Pick], Mutation | None]] = {
    "drop": _drop,
    "duplicate": _duplicate,
    "reorder": _reorder,
    "relink": _relink,
    "argument": _question("argument", "tool_args", llm=False),
    "result": _answer("result", "tool_result", llm=False),
    "prompt": _question("prompt", "llm_input", llm=True),
    "completion": _answer("completion", "llm_output", llm=True),
    "state": _state,
    "status": _status,
    "event": _event,
    "cost": _cost,
    "attribute": _attribute,
}
"""What can be changed, by name."""
