"""Compare: what differs between a golden and a run that did not diverge.

Calls and other spans are paired by position; content is compared, times and sites never. What
chance may cut short is compared as a prefix. Structure, order and consequences are folded later
by `diff`; this is the question that every replay asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from agenttrace.causal.ragged import raggedness
from agenttrace.check.vary import NOTHING_VARIES, Vary
from agenttrace.model.difference import Difference
from agenttrace.model.lane import text_of
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from agenttrace.model.lane import Lane, Position
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace
    from agenttrace.model.values import Value

MayBeCut: TypeAlias = "Callable[[Position], bool]"
"""Whether chance may cut short what happens in the lane with a path."""

Places: TypeAlias = "Mapping[str, Position]"
"""Where the spans of a trace stand, by id."""

_INPUT = {SpanKind.LLM: "llm_input", SpanKind.TOOL: "tool_args"}
_OUTPUT = {SpanKind.LLM: "llm_output", SpanKind.TOOL: "tool_result"}


def compare(golden: Trace, run: Trace, vary: Vary = NOTHING_VARIES) -> tuple[Difference, ...]:
    """List what differs, in the golden's causal order, then what only the run has."""
    may_be_cut = raggedness((*golden.lanes, *run.lanes))
    left, right = _by_position(golden), _by_position(run)
    places = tuple({span.id: span.position for span in trace.spans} for trace in (golden, run))
    found: list[Difference] = []
    for position, span in left.items():
        if position in right:
            found.extend(_span_differences(span, right[position], vary, may_be_cut, places))
        elif not may_be_cut(span.lane):
            found.append(_only(span, "missing", golden=_summary(span)))
    for position, span in right.items():
        if position not in left and not may_be_cut(span.lane):
            found.append(_only(span, "extra", run=_summary(span)))
    found.extend(_state_differences(golden, run, may_be_cut))
    if not found:
        found.extend(_order_differences(golden, run, may_be_cut))
    return tuple(found)


def _span_differences(
    golden: Span, run: Span, vary: Vary, may_be_cut: MayBeCut, places: tuple[Places, ...]
) -> Iterator[Difference]:
    def one(kind: str, left: Value, right: Value) -> Iterator[Difference]:
        if left != right:
            yield Difference(
                kind=kind,
                place=golden.position,
                what="changed",
                title=golden.name,
                golden=left,
                run=right,
            )

    if (golden.kind, golden.operation) != (run.kind, run.operation):
        yield from one(
            "structure", [golden.kind.value, golden.operation], [run.kind.value, run.operation]
        )
        return
    if golden.digest != run.digest and not vary.agree(
        golden.operation, golden.question, run.question
    ):
        yield from one(_INPUT.get(golden.kind, "tool_args"), golden.question, run.question)
    if run.mark:
        yield Difference(
            kind=_OUTPUT.get(golden.kind, "tool_result"),
            place=golden.position,
            what=run.mark,
            title=golden.name,
        )
    yield from _answer_differences(golden, run, may_be_cut)
    if golden.kind is not SpanKind.RUN:  # a run may be renamed with its test
        yield from one("metadata", golden.name, run.name)
    yield from one("metadata", [golden.agent, golden.task], [run.agent, run.task])
    yield from one("metadata", _attributes(golden), _attributes(run))
    yield from one(
        "status", [golden.status.code, golden.status.message], [run.status.code, run.status.message]
    )
    yield from one("event", _events(golden), _events(run))
    yield from one("link", _links(golden, places[0]), _links(run, places[1]))
    inside = [_place(span.parent, known) for span, known in zip((golden, run), places, strict=True)]
    yield from one("structure", inside[0], inside[1])


def _answer_differences(golden: Span, run: Span, may_be_cut: MayBeCut) -> Iterator[Difference]:
    left, right = golden.answer, run.answer
    if (
        left is None
        or right is None
        or left.end in ("cancelled", "open")
        or may_be_cut(golden.lane)
    ):
        return
    if len(golden.answers) != len(run.answers):
        yield Difference(
            kind="status",
            place=golden.position,
            what="changed",
            title=f"{golden.name}: attempts",
            golden=len(golden.answers),
            run=len(run.answers),
        )
    if left.digest != right.digest:
        yield Difference(
            kind=_OUTPUT.get(golden.kind, "tool_result"),
            place=golden.position,
            what="changed",
            title=golden.name,
            golden=left.content,
            run=right.content,
        )


def _state_differences(golden: Trace, run: Trace, may_be_cut: MayBeCut) -> Iterator[Difference]:
    left = {shot.position: shot for shot in golden.snapshots if not may_be_cut(shot.lane)}
    right = {shot.position: shot for shot in run.snapshots if not may_be_cut(shot.lane)}
    for position in sorted({*left, *right}):
        before, after = left.get(position), right.get(position)
        if before != after:
            shot = before or after
            yield Difference(
                kind="state",
                place=position,
                what="missing" if after is None else "extra" if before is None else "changed",
                title=f"state of {shot.agent or 'the run'}" if shot is not None else "state",
                golden=None if before is None else _state(before),
                run=None if after is None else _state(after),
            )


def _order_differences(golden: Trace, run: Trace, may_be_cut: MayBeCut) -> Iterator[Difference]:
    left = {lane.path: lane for lane in golden.lanes if not may_be_cut(lane.path[:-1])}
    right = {lane.path: lane for lane in run.lanes if not may_be_cut(lane.path[:-1])}
    for path in sorted({*left, *right}):
        before, after = left.get(path), right.get(path)
        if before is None or after is None:
            yield Difference(
                kind="structure",
                place=path,
                what="extra" if before is None else "missing",
                title="a task or thread without calls",
                golden=None if before is None else True,
                run=None if after is None else True,
            )
        elif (before.joins, before.spawn_seq) != (after.joins, after.spawn_seq):
            yield Difference(
                kind="order",
                place=path,
                what="changed",
                title="where it was spawned, or waited for",
                golden=_joins(before),
                run=_joins(after),
            )
    steps = {span.position: span.seq for span in golden.spans if not may_be_cut(span.lane)}
    for span in run.spans:
        if steps.get(span.position, span.seq) != span.seq:
            yield Difference(
                kind="order",
                place=span.position,
                what="changed",
                title=span.name,
                golden=steps[span.position],
                run=span.seq,
            )


def _by_position(trace: Trace) -> dict[Position, Span]:
    return {span.position: span for span in trace.spans}


def _only(span: Span, what: str, *, golden: Value = None, run: Value = None) -> Difference:
    return Difference(
        kind="structure", place=span.position, what=what, title=span.name, golden=golden, run=run
    )


def _summary(span: Span) -> Value:
    return {
        "kind": span.kind.value,
        "name": span.name,
        "agent": span.agent,
        "question": span.question,
    }


def _attributes(span: Span) -> Value:
    return dict(sorted(span.attributes.items()))


def _events(span: Span) -> Value:
    return [[event.name, dict(sorted(event.attributes.items()))] for event in span.events]


def _links(span: Span, places: Places) -> Value:
    return [
        [
            link.span if link.trace is not None else _place(link.span, places),
            link.relationship,
            link.trace,
            dict(sorted(link.attributes.items())),
        ]
        for link in span.links
    ]


def _place(span_id: str | None, places: Places) -> Value:
    """Where a span stands, which does not change with the run's name as its id does."""
    return span_id if span_id is None or span_id not in places else text_of(places[span_id])


def _state(shot: object) -> Value:
    from agenttrace.model.values import canonical

    return canonical(shot)


def _joins(lane: Lane) -> Value:
    return {
        "spawned": lane.spawn_seq,
        "joined": [[text_of(join.by), join.seq] for join in lane.joins],
    }
