"""Outline: a golden as text, made for `git diff` and the person who reads it.

One line a span, in causal order, lane by lane. A span is called by what it is and how many of its
name went before it in its lane (`#chat.1`), so that an added span changes its own line and little
else; ids and plain numbers would change every line after it. What comes from outside is written so
that it can neither leave its line, hide, nor colour a terminal.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict, deque
from typing import TYPE_CHECKING

from agenttrace.causal.sequence import in_causal_order
from agenttrace.golden.extract import (
    answer_extract,
    digest_of,
    money,
    question_extract,
    shown,
    tokens,
    value_extract,
)
from agenttrace.model.lane import label_of
from agenttrace.model.names import EXCEPTION_TRACEBACK
from agenttrace.model.span import OK, UNSET, SpanKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agenttrace.model.lane import Delivery, Lane, Position
    from agenttrace.model.span import Event, Span
    from agenttrace.model.state import StateSnapshot
    from agenttrace.model.trace import Trace

_LABEL, _TITLE, _AGENT, _AFTER = 22, 28, 10, 22


def outline(trace: Trace) -> str:
    """Write a trace for people; equal content gives equal text, whenever it was recorded."""
    return "".join(f"{line.rstrip()}\n" for line in _Outline(in_causal_order(trace)).lines())


class _Outline:
    """One outline in the making."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._lanes: dict[Position, Lane | None] = {span.lane: None for span in trace.spans}
        self._lanes.update({shot.lane: None for shot in trace.snapshots})
        self._lanes.update({lane.path: lane for lane in trace.lanes})
        self._labels = dict(_labelled(trace.spans))
        self._owners = {span.id: span.lane for span in trace.spans}
        self._by_lane: defaultdict[Position, list[Span]] = defaultdict(list)
        for span in trace.spans:
            self._by_lane[span.lane].append(span)
        self._shots: defaultdict[Position, list[StateSnapshot]] = defaultdict(list)
        for shot in trace.snapshots:
            self._shots[shot.lane].append(shot)

    def lines(self) -> Iterator[str]:
        """Give the lines."""
        yield from self._head()
        for path in sorted(self._lanes):
            yield ""
            yield self._lane(path)
            yield from self._inside(path)
        # which worker of a pool took a message is chance, and says nothing to a reader
        sure = [one for one in self._trace.deliveries if not one.turn]
        if sure:
            yield ""
            yield "deliveries"
            yield from map(_delivery, sure)

    def _inside(self, path: Position) -> Iterator[str]:
        before = ""
        shots = deque(self._shots[path])
        for span in self._by_lane[path]:
            while shots and shots[0].seq < span.seq:
                yield _snapshot(shots.popleft())
            yield self._span(span, before)
            yield from map(_event, span.events)
            before = self._labels[span.id]
        yield from map(_snapshot, shots)

    def _head(self) -> Iterator[str]:
        trace = self._trace
        usage = trace.usage
        counts = (
            (len(trace.spans), "span"),
            (len(trace.calls), "call"),
            (len(trace.agents), "agent"),
            (len(self._lanes), "lane"),
        )
        said = ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts)
        yield f"# {shown(trace.name, 200)}"
        yield f"# {said}{'' if trace.complete else '; the run never ended'}"
        yield f"# {tokens(usage)}{money(usage)}"

    def _lane(self, path: Position) -> str:
        lane = self._lanes[path]
        words = [f"lane {shown(label_of(path), 120)}"]
        if lane is not None and lane.parent is not None:
            siblings = self._by_lane[lane.parent]
            at = bisect_right(siblings, lane.spawn_seq, key=lambda span: span.seq)
            words += [f"after {self._label(siblings[at - 1].id, path)}"] if at else []
            joined = sorted({shown(label_of(join.by), 60) for join in lane.joins})
            words += [f"joined by {', '.join(joined)}"] if joined else []
            words += ["raced"] if lane.raced else []
            words += ["ragged"] if lane.ragged else []
            words += [lane.end] if lane.end != "complete" else []
        return "  ".join(words)

    def _span(self, span: Span, before: str) -> str:
        after = f"after {before}" if before else ""
        columns = (
            f"{self._labels[span.id]:<{_LABEL}}",
            f"{span.kind:<6}",
            f"{shown(span.name, 60):<{_TITLE}}",
            f"{shown(span.agent or '', 40):<{_AGENT}}",
            f"{after:<{_AFTER}}",
            *self._rest(span),
        )
        return "  ".join(columns)

    def _rest(self, span: Span) -> Iterator[str]:
        if span.usage is not None and (span.usage.models or span.usage.cost_usd is not None):
            yield f"{tokens(span.usage)}{money(span.usage)}"
        if span.is_call:
            yield f"args {digest_of(span.digest)} {question_extract(span)}"
        if len(span.answers) > 1:
            yield f"{len(span.answers)} attempts"
        answer = span.answer
        if answer is not None:
            end = "" if answer.end == "complete" else f" ({answer.end})"
            yield f"-> {digest_of(answer.digest)} {answer_extract(span)}".rstrip() + end
        if span.status.code not in (OK, UNSET):
            yield f"{shown(span.status.code, 40)} {shown(span.status.message, 60)}".rstrip()
        if span.mark:
            yield f"[{shown(span.mark, 20)}: not a pair that the world gave]"
        if span.echoed:
            yield "[echoed]"
        for link in span.links:
            target = link.span if link.trace else self._label(link.span, span.lane)
            yield f"<- {shown(link.relationship, 40)} {target}"

    def _label(self, span: str, lane: Position) -> str:
        found = self._labels.get(span)
        if found is None:
            return f"span {span}, which is not here"
        owner = self._owners[span]
        return found if owner == lane else f"{shown(label_of(owner), 60)} {found}"


def _labelled(spans: Iterable[Span]) -> Iterator[tuple[str, str]]:
    counts: Counter[tuple[Position, str]] = Counter()
    for span in spans:
        word = span.kind if span.kind is SpanKind.RUN else span.operation or span.name
        base = shown(word.rpartition(".")[2] or word, 32).replace(" ", "_")
        yield span.id, f"#{base}.{counts[span.lane, base]}"
        counts[span.lane, base] += 1


def _event(event: Event) -> str:
    plain = {key: it for key, it in event.attributes.items() if key != EXCEPTION_TRACEBACK}
    return f"    event  {shown(event.name, 40)}  {value_extract(plain)}"


def _snapshot(shot: StateSnapshot) -> str:
    parts = (
        ("goal", shot.goal),
        ("beliefs", shot.beliefs),
        ("memory", shot.working_memory),
        ("perceptions", shot.perceptions),
        ("extra", dict(shot.extra) or None),
    )
    said = "  ".join(f"{name} {value_extract(value)}" for name, value in parts if value is not None)
    return f"    state  {shown(shot.agent or 'the run', 40)}  {shown(shot.status, 40)}  {said}"


def _delivery(delivery: Delivery) -> str:
    what = "" if delivery.message is None else f" <- {shown(label_of(delivery.message), 120)}"
    content = f"  {digest_of(delivery.content)}" if delivery.content else ""
    channel = f"  {shown(delivery.channel, 60)}" if delivery.channel else ""
    return (
        f"    {shown(label_of(delivery.receive), 120)}{what}  {delivery.outcome}{channel}{content}"
    )
