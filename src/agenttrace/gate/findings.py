"""Findings: what is found about one golden, each with a class, a severity and a stable id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agenttrace.gate.policy import Ruling, Subject
from agenttrace.model.lane import label_of
from agenttrace.model.span import SpanKind
from agenttrace.model.values import digest
from agenttrace.verdict import GATE_CLASSES, GateFinding, Movement, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from agenttrace.gate.policy import Policy
    from agenttrace.model.difference import Difference
    from agenttrace.model.lane import Position
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace
    from agenttrace.model.values import Value

UNPROVEN = "no run shows that the golden is what its test does"
MOST = 8
"""How much of an order is told."""

REGRESSED = "the run moved, and the golden did not; no approval mends a test that fails"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Which golden a finding is about.

    Attributes:
        path: The golden, from the top of the repository.
        test: The test's id; empty where it is not known.
        file: The test's file, from the top of the repository; empty where there is none.
        line: The test's line in it; 0 where it is not known.
        movement: What moved.
    """

    path: str
    test: str = ""
    file: str = ""
    line: int = 0
    movement: Movement = Movement.UNPROVEN


class Spans:
    """The spans of two traces, by where they stand; the old one's come first."""

    def __init__(self, *traces: Trace | None) -> None:
        """Take the traces."""
        self._sides = [() if trace is None else trace.spans for trace in traces]
        self._at: dict[Position, Span] = {}
        for span in (span for side in self._sides for span in side):
            self._at.setdefault(span.position, span)

    def at(self, place: Position) -> Span | None:
        """The span at a place."""
        return self._at.get(place)

    def rows(self, place: Position) -> list[Value]:
        """What stands beside a place, in order, in each trace: a move is told by nothing less."""
        rows: list[Value] = []
        for side in self._sides:
            beside = [span for span in side if span.position[:-1] == place[:-1] and span.position]
            beside.sort(key=lambda span: (span.lane, span.seq))
            rows.append([label_of(span.position[-1:]) for span in beside])
        return rows


def of_differences(
    where: Whereabouts, found: Sequence[Difference], spans: Spans, policy: Policy
) -> Iterator[GateFinding]:
    """Make one finding of each first cause, with all that follows from it.

    It is of the cause's class, and as grave as the gravest of all: a mild cause does not hide what
    follows from it. The id is over all of them, so an approval speaks of nothing that was not seen.
    """
    below: dict[str, list[Difference]] = {}
    for one in found:
        below.setdefault(one.cause, []).append(one)
    for cause in {one.id: one for one in below.pop("", [])}.values():
        own = _ruled(where, cause, spans, policy)
        below_it = [(_ruled(where, it, spans, policy), it) for it in below.get(cause.id, ())]
        below_it.sort(key=lambda pair: (-pair[0].severity.rank, GATE_CLASSES.index(pair[1].kind)))
        following = tuple(it for _, it in below_it)
        graver = sum(1 for its, _ in below_it if its.severity.rank > own.severity.rank)
        ruled, gravest_one = below_it[0] if graver else (own, cause)
        span = spans.at(cause.place)
        severity, reason = _held(where.movement, ruled)
        if gravest_one is not cause:
            reason += f": {gravest_one.title}, which follows"
        content: list[Value] = [cause.kind, cause.id, [*sorted({it.id for it in following})]]
        moved: list[Value] = [
            [*spans.rows(it.place)] for it in (cause, *following) if it.what == "moved"
        ]
        yield GateFinding(
            id=name_of(where, *content, *([moved] if moved else [])),
            kind=cause.kind,
            severity=severity,
            test=where.test,
            path=where.path,
            file=where.file,
            line=where.line,
            what=cause.what,
            title=cause.title,
            why=_order(spans.rows(cause.place)) if cause.what == "moved" else "",
            reason=reason,
            agent="" if span is None else span.agent or "",
            site="" if span is None else span.site or "",
            difference=cause,
            consequences=following,
            graver=graver,
        )


def one(  # noqa: PLR0913 - what a finding says
    where: Whereabouts,
    kind: str,
    policy: Policy,
    *,
    what: str,
    title: str,
    why: str = "",
    way_on: str = "",
    old: Value = None,
    new: Value = None,
    also: Value = None,
) -> GateFinding:
    """Make a finding that is no difference of two traces.

    Args:
        where: The golden.
        kind: The class.
        policy: Says how grave it is.
        what: In a few words.
        title: What it is about.
        why: What is wrong, in a sentence.
        way_on: What a person does next.
        old: The side before.
        new: The side now.
        also: What else its id depends on, and nobody is shown.
    """
    ruled = policy.ruling(Subject(kind, where.path, where.test))
    floors = kind in ("structure", "missing")
    severity, reason = _held(where.movement, ruled) if floors else ruled
    return GateFinding(
        id=name_of(where, kind, what, title, old, new, also),
        kind=kind,
        severity=severity,
        test=where.test,
        path=where.path,
        file=where.file,
        line=where.line,
        what=what,
        title=title,
        why=why,
        way_on=way_on,
        reason=reason,
        old=old,
        new=new,
    )


def name_of(where: Whereabouts, *parts: Value) -> str:
    """Make a finding's id: 16 hex digits over the test and the content of what was found."""
    return digest([where.test or where.path, *parts]).hex()[:16]


def gravest(findings: Iterable[GateFinding]) -> tuple[GateFinding, ...]:
    """Put what waits first, the gravest first."""
    return tuple(sorted(findings, key=lambda one: one.rank))


def _order(rows: Sequence[Value]) -> str:
    """Say in which order things stood, and stand."""
    told = [row if isinstance(row, list) else [] for row in rows]
    said = [", ".join(map(str, row[:MOST])) + (", …" if len(row) > MOST else "") for row in told]
    return f"the order was {said[0]}; it is {said[-1]}" if len(said) > 1 else ""


def _ruled(where: Whereabouts, difference: Difference, spans: Spans, policy: Policy) -> Ruling:
    span = spans.at(difference.place)
    is_tool = span is not None and span.kind is SpanKind.TOOL
    return policy.ruling(
        Subject(
            kind=difference.kind,
            path=where.path,
            test=where.test,
            agent="" if span is None else span.agent or "",
            tool=span.operation if span is not None and is_tool else "",
        )
    )


def _held(movement: Movement, ruled: Ruling) -> Ruling:
    if movement is Movement.REGRESSION:
        return Ruling(Severity.BLOCK, REGRESSED)
    if movement is Movement.UNPROVEN and ruled.severity.rank < Severity.REVIEW.rank:
        return Ruling(Severity.REVIEW, f"{UNPROVEN}; else {ruled.reason}")
    return ruled
