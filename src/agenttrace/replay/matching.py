"""Matching: which recorded answer a call is due, as a pure decision.

A call's identity is its causal position; its digest only confirms it. Strict matching serves
nothing that is not the same on both counts. Lenient matching shows everything at once: it answers
what it can, and says how.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from agenttrace.causal.places import is_served
from agenttrace.causal.ragged import raggedness
from agenttrace.causal.sequence import reading_order
from agenttrace.check.vary import NOTHING_VARIES, Vary
from agenttrace.model.lane import Lane, Position
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from agenttrace.model.call import Call

T = TypeVar("T")

STRICT, LENIENT, REHEARSING = "strict", "lenient", "rehearsing"

_AGENT_WORK = (SpanKind.LLM, SpanKind.AGENT, SpanKind.TOOL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A trace, indexed for look-up.

    Attributes:
        trace: The recorded run.
        by_position: Its calls, by position, in reading order.
        by_content: Its calls of one lane, kind, operation and digest, in the lane's order.
        composite: Positions of calls with model, agent or tool calls below them, or that another
            process of the run served: agent code, which runs.
        inside: The spans under each call, itself left out; calls without any are not named.
        lanes_inside: The lanes at and under each call, likewise.
        is_ragged: Whether chance may cut short what the lane with a path does.
        lends: Operations whose answers are lent to other questions in a rehearsal, as models' are.
    """

    trace: Trace
    by_position: Mapping[Position, Span]
    by_content: Mapping[tuple[Position, str, str, bytes], tuple[Span, ...]]
    composite: frozenset[Position]
    inside: Mapping[Position, tuple[Span, ...]]
    lanes_inside: Mapping[Position, tuple[Lane, ...]]
    is_ragged: Callable[[Position], bool]
    lends: frozenset[str] = frozenset()

    @classmethod
    def of(cls, trace: Trace, *, alone: bool = False) -> Recording:
        """Index a trace; linear in its size.

        Args:
            trace: The recorded run.
            alone: Whether a call that another process of the run served is answered all the same.
        """
        by_position: dict[Position, Span] = {}
        by_content: dict[tuple[Position, str, str, bytes], list[Span]] = {}
        for span in reading_order(trace):
            if not span.is_call:
                continue
            by_position[span.position] = span
            by_content.setdefault(_content_key(span), []).append(span)
        composite: set[Position] = set()
        if not alone:
            served = {lane.path[:-1] for lane in trace.lanes if is_served(lane.path)}
            composite |= served & by_position.keys()
        for span in trace.spans:
            if span.kind in _AGENT_WORK:
                composite.update(
                    above
                    for size in range(1, len(span.position))
                    if (above := span.position[:size]) in by_position
                    and not (alone and span.position[size].kind == "process")
                )
        return cls(
            trace=trace,
            by_position=by_position,
            by_content={key: tuple(spans) for key, spans in by_content.items()},
            composite=frozenset(composite),
            inside=_by_call(by_position, ((span.position[:-1], span) for span in trace.spans)),
            lanes_inside=_by_call(by_position, ((lane.path, lane) for lane in trace.lanes)),
            is_ragged=raggedness(trace.lanes),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The recording answers.

    Attributes:
        span: The recorded call whose answers are given.
        how: How it was found: `same`, `moved` or `lent`.
        consumes: Whether its answers are used up by that.
    """

    span: Span
    how: str
    consumes: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """The recording does not answer.

    Attributes:
        why: `drift`, `moved`, `ambiguous`, `extra`, `again` (a recorded answer asked for a second
            time) or `attempt` (one try more than recorded).
        golden: The recorded call at this position, if there is one.
        candidates: Recorded calls that could be meant.
    """

    why: str
    golden: Span | None = None
    candidates: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PastTheEnd:
    """The call stands in a lane that was cut short when it was recorded: its answer never came."""


Decision: TypeAlias = Answered | Unanswered | PastTheEnd


def decide(
    recorded: Recording,
    taken: AbstractSet[Position],
    call: Call,
    match: str = STRICT,
    vary: Vary = NOTHING_VARIES,
) -> Decision:
    """Decide which recorded answer a call is due.

    Args:
        recorded: The recording.
        taken: The positions whose answers are used up.
        call: The first attempt of a call.
        match: `strict`, `lenient`, or `rehearsing`: under another schedule a run may ask what it
            did not ask when it was recorded; a model is lent what it said to another question, a
            tool answers only what it has been asked.
        vary: Which parts of a question may differ.
    """
    golden = recorded.by_position.get(call.position)
    free = golden is not None and golden.position not in taken
    if golden is not None and free and same_question(golden, call, vary):
        return Answered(span=golden, how="same")
    key = (call.lane, call.question.kind, call.question.operation, call.digest)
    elsewhere = tuple(
        span for span in recorded.by_content.get(key, ()) if span.position not in taken
    )
    if match == LENIENT and (elsewhere or golden is not None):
        return _lenient(golden, elsewhere)
    if match == REHEARSING and (lent := _rehearsed(recorded, golden, elsewhere, call)):
        return lent
    if elsewhere:
        why = "moved" if len(elsewhere) == 1 else "ambiguous"
        return Unanswered(why=why, golden=golden, candidates=elsewhere)
    if golden is not None:
        return Unanswered(why="drift" if free else "again", golden=golden)
    return PastTheEnd() if recorded.is_ragged(call.lane) else Unanswered(why="extra")


def _lenient(golden: Span | None, elsewhere: tuple[Span, ...]) -> Decision:
    if elsewhere or golden is None:
        return Answered(span=elsewhere[0], how="moved")
    return Answered(span=golden, how="lent", consumes=False)


def _rehearsed(
    recorded: Recording, golden: Span | None, elsewhere: tuple[Span, ...], call: Call
) -> Answered | None:
    """What the world could say under another schedule: what it said to this very question.

    A model may say to one question what it said to another; agent code runs whatever it is asked.
    """
    if elsewhere:
        return Answered(span=elsewhere[0], how="moved")
    question = call.question
    like = [
        span
        for span in recorded.by_position.values()
        if (span.kind, span.operation) == (question.kind, question.operation)
    ]
    said = [span for span in like if span.digest == call.digest]
    if not said and (question.kind == SpanKind.LLM or question.operation in recorded.lends):
        said = like if golden is None else [golden]
    if not said:
        said = [span for span in like if span.position in recorded.composite]
    return Answered(span=said[0], how="lent", consumes=False) if said else None


def same_question(golden: Span, call: Call, vary: Vary) -> bool:
    """Whether a recorded call asks what this one asks, but for what may vary."""
    if golden.digest == call.digest:
        return True
    question = call.question
    if golden.operation != question.operation or not vary.names(question.operation):
        return False
    return vary.agree(question.operation, golden.question, question.body)


def _by_call(
    calls: Mapping[Position, Span], placed: Iterable[tuple[Position, T]]
) -> dict[Position, tuple[T, ...]]:
    """Sort things by the calls at or above their places, once for all look-ups of a replay."""
    found: dict[Position, list[T]] = {}
    for place, thing in placed:
        for size in range(1, len(place) + 1):
            if place[:size] in calls:
                found.setdefault(place[:size], []).append(thing)
    return {call: tuple(things) for call, things in found.items()}


def _content_key(span: Span) -> tuple[Position, str, str, bytes]:
    return (span.lane, str(span.kind), span.operation, span.digest)
