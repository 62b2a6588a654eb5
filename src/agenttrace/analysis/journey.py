"""Journey: where one value of a span came from, and where it went on to.

A value is followed by its text, word for word: a span *holds* it that asked it, was answered it,
sent it, or inside which a state with it was kept. It came from what the world or an agent had said
before the span began, and went on to what was asked, sent or kept when the span had ended. Before
and after are those of `Order`: what merely ran at the same time is on neither side. What a model
makes of a value in its own words is not found; `lineage` follows the recorded edges.

The page does the same (`report/html/files/journey.js`), from the same definition.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agenttrace.causal.nesting import nested
from agenttrace.causal.reach import Reach
from agenttrace.check.sides import spoken
from agenttrace.check.vary import body_of
from agenttrace.model import names
from agenttrace.model.message_values import response_from, value_of
from agenttrace.model.span import Span, SpanKind
from agenttrace.providers.reading import request_of, response_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agenttrace.model.message import Message
    from agenttrace.model.state import StateSnapshot
    from agenttrace.model.trace import Trace
    from agenttrace.model.values import Value

SHORTEST = 4
"""How many characters a text must have for its turning up elsewhere to be no accident; and how many
digits a number."""

LONGEST = 20_000
"""How many characters of a text are looked for; of a longer one, the first."""

MOST = 100
"""How many spans a journey has at most on either side; the earliest are kept."""

MOST_GIVERS = 50
"""How many answers may hold a value; where more do, none of them is where it came from."""

COMMON = frozenset({"true", "false", "null", "none", "done", "error", "success", "failed"})
"""Words that programs say of everything."""

SHORT, FREQUENT = "too short", "too common"

_BLANKS = " \t\r\n"
_JSON = re.compile(r"[ \t\r\n]{0,64}[\[{]")
_LONGEST_JSON = 1_000_000
_EXACT = 2**53
_SPACED = 0x530
"""Scripts before this one (Latin, Greek, Cyrillic) part words by blanks."""

_WORDLESS = frozenset({"type", "id", "name"})
"""Keys of a part of a message that say what it is, rather than anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A span that holds a value.

    Attributes:
        span: The span.
        where: What of it does, sorted: `answer`, `message`, `question`, `state`.
    """

    span: Span
    where: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """Where a value came from, and where it went on to.

    Attributes:
        text: What was looked for; empty: the value has no text of its own.
        here: What else of the span itself holds it, or the same, as of `Stop`.
        came_from: The spans that had said it before, in the order in which a person reads them.
        went_to: The spans that were asked it, sent it or kept it afterwards, likewise.
        left_off: Whether there are more than `MOST` on one side.
        why_not: Why it is not followed: `too short` or `too common`; empty: it is.
    """

    text: str
    here: tuple[str, ...] = ()
    came_from: tuple[Stop, ...] = ()
    went_to: tuple[Stop, ...] = ()
    left_off: bool = False
    why_not: str = ""


def journey(trace: Trace, span: Span, value: Value) -> Journey:
    """Follow a value of a span.

    Args:
        trace: The trace.
        span: One of its spans.
        value: A text or a number that the span holds, or a part of such a text.

    Raises:
        KeyError: The span is not one of the trace.
    """
    text = text_of(value)[:LONGEST]
    why = why_not(text)
    if why:
        return Journey(text=text, why_not=why)
    spans = [one for one, _ in nested(trace)]
    held = _Held(trace, text)
    if sum("answer" in held.whole(one) for one in spans) > MOST_GIVERS:
        return Journey(text=text, why_not=FREQUENT)
    reach = Reach(trace, span)
    before = [_stop(one, held.given(one, reach)) for one in spans]
    after = [_stop(one, held.taken(one, reach)) for one in spans]
    came_from, went_to = ([one for one in side if one.where] for side in (before, after))
    return Journey(
        text=text,
        here=tuple(sorted(held.whole(span) | held.kept(span))),
        came_from=tuple(came_from[:MOST]),
        went_to=tuple(went_to[:MOST]),
        left_off=max(len(came_from), len(went_to)) > MOST,
    )


def text_of(value: Value) -> str:
    """The text by which a value is followed; empty: it has none."""
    if isinstance(value, str):
        return value.strip(_BLANKS)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    if not math.isfinite(value) or abs(value) >= _EXACT:
        return ""
    if value == int(value):
        return str(int(value))
    return repr(value) if abs(value) >= 1e-4 else ""  # noqa: PLR2004 - smaller ones have exponents


def why_not(text: str) -> str:
    """Why a text is not followed, whatever the trace; empty: it is."""
    size = sum(map(_is_digit, text)) if _is_number(text) else len(text)
    if size < SHORTEST:
        return SHORT
    return FREQUENT if text.lower() in COMMON else ""


def stands_in(text: str, whole: str) -> bool:
    """Whether a text stands in another one, and neither of its ends is inside a word or number."""
    at = whole.find(text)
    while at >= 0:
        left, right = whole[max(0, at - 2) : at], whole[at + len(text) : at + len(text) + 2]
        if not (_goes_on(text[0], left[::-1]) or _goes_on(text[-1], right)):
            return True
        at = whole.find(text, at + 1)
    return False


def leaves(value: Value) -> Iterator[str]:
    """The texts and numbers in a value, also those in JSON that stands in a text."""
    ahead = [value]
    while ahead:
        at = ahead.pop()
        if isinstance(at, str):
            at = _opened(at)
        if isinstance(at, dict):
            ahead.extend(one for key, one in at.items() if key != "!")
        elif isinstance(at, list):
            ahead.extend(at)
        elif text := text_of(at):
            yield text


class _Held:
    """Which of a trace's spans hold a text, and what of them does."""

    def __init__(self, trace: Trace, text: str) -> None:
        self._text = text
        self._known: dict[str, frozenset[str]] = {}
        self._shots: dict[str | None, list[StateSnapshot]] = {}
        for shot in trace.snapshots:
            self._shots.setdefault(shot.span, []).append(shot)
        self._has_lanes = bool(trace.lanes)

    def whole(self, span: Span) -> frozenset[str]:
        """What of a span holds the text, apart from states."""
        if span.id not in self._known:
            places = {"question": _asked, "answer": _answered, "message": _sent}
            self._known[span.id] = frozenset(
                name for name, told in places.items() if self._holds(told(span))
            )
        return self._known[span.id]

    def kept(self, span: Span) -> frozenset[str]:
        """Whether a state that was kept inside a span holds the text."""
        shots = self._shots.get(span.id, ())
        return frozenset({"state"} if any(self._holds(_state(it)) for it in shots) else ())

    def given(self, span: Span, reach: Reach) -> frozenset[str]:
        """What had told the text, or a part of it, before."""
        found: set[str] = set()
        if span.id in reach.earlier:
            found = {
                name
                for name, told in (("answer", _answered), ("message", _sent))
                if name in self.whole(span) or self._is_part(told(span))
            }
        shots = [shot for shot in self._shots.get(span.id, ()) if self._knew(shot, span, reach)]
        if any(self._holds(_state(it)) or self._is_part(_state(it)) for it in shots):
            found.add("state")
        return frozenset(found)

    def taken(self, span: Span, reach: Reach) -> frozenset[str]:
        """What was told the text afterwards."""
        found = set(self.whole(span) - {"answer"} if span.id in reach.later else ())
        shots = [shot for shot in self._shots.get(span.id, ()) if self._told(shot, span, reach)]
        if any(self._holds(_state(it)) for it in shots):
            found.add("state")
        return frozenset(found)

    def _knew(self, shot: StateSnapshot, span: Span, reach: Reach) -> bool:
        return reach.knew(shot) if self._has_lanes else span.id in reach.earlier

    def _told(self, shot: StateSnapshot, span: Span, reach: Reach) -> bool:
        return reach.told(shot) if self._has_lanes else span.id in reach.later

    def _holds(self, told: Iterable[Value]) -> bool:
        return any(stands_in(self._text, leaf) for value in told for leaf in leaves(value))

    def _is_part(self, told: Iterable[Value]) -> bool:
        return any(
            len(leaf) <= len(self._text) and not why_not(leaf) and stands_in(leaf, self._text)
            for value in told
            for leaf in leaves(value)
        )


def _asked(span: Span) -> Iterator[Value]:
    request = request_of(span)
    said = [] if request is None else list(_spoken_in(request.messages))
    yield from said or [body_of(span.question)]


def _answered(span: Span) -> Iterator[Value]:
    answer = span.answer
    if answer is None:
        return
    is_bare = span.kind is SpanKind.LLM and span.question is None
    said = response_from(answer.body) if is_bare else response_of(span)
    if said is not None and said.messages:
        yield from _spoken_in(said.messages)
    else:
        for chunk in answer.chunks:
            value = spoken(span.kind, chunk.data)
            yield value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if answer.failure is not None:
        yield answer.failure.message


def _spoken_in(messages: Iterable[Message]) -> Iterator[Value]:
    for message in messages:
        parts = value_of(message)["parts"]
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, dict):
                yield {key: one for key, one in part.items() if key not in _WORDLESS}


def _sent(span: Span) -> Iterator[Value]:
    yield span.attributes.get(names.MESSAGE_CONTENT)


def _state(shot: StateSnapshot) -> Iterator[Value]:
    yield from (shot.goal, shot.beliefs, shot.working_memory, shot.perceptions)
    yield from shot.extra.values()


def _stop(span: Span, where: frozenset[str]) -> Stop:
    return Stop(span=span, where=tuple(sorted(where)))


def _opened(text: str) -> Value:
    """What a text says as JSON, where it is an object or a list."""
    if len(text) > _LONGEST_JSON or _JSON.match(text) is None:
        return text
    try:
        value: Value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text
    return value


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) is not None


def _is_digit(sign: str) -> bool:
    return "0" <= sign <= "9"


def _goes_on(end: str, beyond: str) -> bool:
    """Whether the word or number that ends a text goes on beyond its end, seen from there."""
    if beyond[:1] == "." and _is_digit(end) and _is_digit(beyond[1:]):
        return True
    return all(
        one != "" and ord(one) < _SPACED and (one.isalnum() or one == "_")
        for one in (end, beyond[:1])
    )
