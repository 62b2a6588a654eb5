"""Records: what a journal says, and model values as msgpack's maps and back.

A value is written as a map of those fields that are not at their default. It is read by the table
below, never by a name in the file; a field that the table does not know is left out, so that an
older version reads what a newer one wrote.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any, TypeAlias, TypeVar, cast, get_args

from agenttrace.causal.sketch import Finished, Sketch
from agenttrace.formats.money import money_as_text, money_from_text
from agenttrace.model.agent import Agent
from agenttrace.model.call import Answer, Call, Chunk, Failure, Question
from agenttrace.model.lane import Delivery, Join, Lane, Position, Step
from agenttrace.model.span import (
    Event,
    Fidelity,
    Link,
    Scope,
    Span,
    SpanKind,
    Status,
    WireKind,
    is_span_id,
)
from agenttrace.model.state import StateSnapshot
from agenttrace.model.usage import Tokens, Usage
from agenttrace.model.values import Value

Noteworthy: TypeAlias = Span | Event | Link | Status | StateSnapshot | Agent | Delivery
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """A run began; the first record of every journal.

    Attributes:
        name: What is run.
        trace: The id of its trace.
        started: The wall clock, ISO 8601 in UTC.
        environment: What the run depends on.
        resource: Of a foreign trace: what produced it.
        settled: Whether the records are of a trace in its lasting form, not of a run in the making.
        lane: The lane of the process whose journal it is; empty: the run's own.
        schema: The schema of the journal.
    """

    name: str
    trace: str
    started: str = ""
    environment: Mapping[str, Value] = field(default_factory=dict)
    resource: Mapping[str, Value] = field(default_factory=dict)
    settled: bool = False
    lane: Position = ()
    schema: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Laned:
    """A lane was spawned, or is now known better; the last word counts."""

    lane: Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An attempt was asked."""

    call: Call
    at_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A piece of the answer to a span's latest attempt arrived."""

    span: str
    chunk: Chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """An attempt ended.

    Attributes:
        span: What is known of its span by now, without the question and the answers.
        answer: The answer; without its chunks where `arrived`.
        arrived: Whether the chunks are those that arrived.
    """

    span: Span
    answer: Answer
    arrived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """Something else happened; an event, link or status belongs to a span.

    Attributes:
        what: What happened; a sketch is written as the span that it would make, and read as it.
        span: Where an event, link or status belongs; None: to the run.
        lane: The lane that noted it, and
        seq: the step of that lane: the order of what several lanes note on one span.
    """

    what: Noteworthy | Sketch | Finished
    span: str | None = None
    lane: Position = ()
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The run ended; without this, the journal was cut short."""

    at_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The process cannot go on: the error's slug, its first line, and what else it says."""

    slug: str
    headline: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How many calls the process asked, and who answered them."""

    asked: int = 0
    answered: int = 0
    echoed: int = 0
    live: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Something that a person should know of the process, and that fails nothing."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """From here on nothing of the run was recorded, though it went on; or may have.

    Attributes:
        why: One of `CUTS`.
        dropped: How many records are known to be lost.
    """

    why: str
    dropped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A span as a tracing library's SDK tells it, unread: a map in the form of its own dumps."""

    span: Mapping[str, Value]


CUTS = {
    "waiting": "more came than could be written, and the agent was not to wait",
    "size": "the trace had grown to its limit",
    "error": "the recorder failed",
    "shutdown": "the recorder was shut down",
    "fork": "the process was forked, and this is the copy",
}
"""Why the record of a run may end before the run does."""

Record: TypeAlias = (
    Began
    | Laned
    | Opened
    | Arrived
    | Closed
    | Noted
    | Ended
    | Stopped
    | Counted
    | Warned
    | Cut
    | Reported
)

RECORDS: dict[str, type[Record]] = {kind.__name__.lower(): kind for kind in get_args(Record)}
"""Every sort of record, by its name in the file."""

_SKETCHES = (Sketch, Finished)
_NOTEWORTHY = {
    kind.__name__.lower(): kind
    for kind in (Span, Event, Link, Status, StateSnapshot, Agent, Delivery)
}


def in_msgpack(record: Record) -> bytes:
    """Write a record as msgpack: its sort, and the map of what it says.

    Raises:
        TypeError: It holds what msgpack cannot; likewise ValueError and OverflowError.
    """
    import msgpack

    said: bytes = msgpack.packb([type(record).__name__.lower(), record], default=_plain)
    return said


def _plain(value: object) -> object:
    """Give a value that msgpack does not know as one that holds only what it does, or such values.

    It writes enums as their text, and every tuple as a list, by itself.
    """
    kind = type(value)
    if dataclasses.is_dataclass(kind):
        names, cells_of, defaults = _layout(kind)
        plain = {
            name: cell
            for name, cell, default in zip(names, cells_of(value), defaults, strict=True)
            if cell is not default and (cell != default or type(cell) is not type(default))
        }
        if kind is Noted:
            what = plain["what"]
            plain["what"] = (
                ["span", what.words()]
                if isinstance(what, _SKETCHES)
                else [type(what).__name__.lower(), what]
            )
        return plain
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Decimal):
        return money_as_text(value)
    raise TypeError(f"a {kind.__name__} is no value of a record")


def from_plain(kind: type[T], plain: Any) -> T:  # noqa: ANN401 - msgpack's values
    """Give the model value of a type whose map this is.

    Raises:
        Exception: Of many types, where it did not.
    """
    of: Any = kind
    if type(plain) is not dict:
        raise ValueError(f"a {kind.__name__} is no map")
    read = _READERS.get(kind, {})
    fields = {
        name: read.get(name, _same)(plain[name]) for name, _ in _defaults(of) if name in plain
    }
    for name, cell in fields.items():
        if not isinstance(cell, _kinds(of)[name]):
            kind_of_cell = type(cell).__name__
            raise TypeError(f"{kind.__name__}.{name} is a {kind_of_cell}")
    return kind(**fields)


@cache
def _defaults(kind: type) -> tuple[tuple[str, object], ...]:
    return tuple(
        (
            it.name,
            it.default_factory()
            if it.default is dataclasses.MISSING and it.default_factory is not dataclasses.MISSING
            else it.default,
        )
        for it in dataclasses.fields(kind)
    )


@cache
def _layout(
    kind: type,
) -> tuple[tuple[str, ...], Callable[[object], tuple[object, ...]], tuple[object, ...]]:
    """The names of a type's fields, what reads them all at once, and their defaults."""
    names, defaults = zip(*_defaults(kind), strict=True)
    if len(names) > 1:
        return names, operator.attrgetter(*names), defaults
    (name,) = names
    return names, lambda value: (getattr(value, name),), defaults


@cache
def _kinds(kind: type) -> dict[str, tuple[type, ...]]:
    """The types that a field may have, by what its annotation begins with."""
    words = {
        "str": str,
        "int": int,
        "bool": bool,
        "bytes": bytes,
        "Mapping": Mapping,
        "tuple": tuple,
        "Position": tuple,
    }
    found: dict[str, tuple[type, ...]] = {}
    for it in dataclasses.fields(kind):
        first, _, rest = str(it.type).partition(" | ")
        word = words.get(first.partition("[")[0])
        found[it.name] = (
            (object,) if word is None else (word, type(None)) if rest == "None" else (word,)
        )
    return found


def _same(value: Any) -> Any:  # noqa: ANN401 - any canonical value
    return value


def _position(value: Any) -> Position:  # noqa: ANN401 - msgpack's values
    for kind, name, occurrence in value:
        if (type(kind), type(name), type(occurrence)) != (str, str, int):
            raise ValueError("a step of a position is something else")
    return tuple(Step(*step) for step in value)


def _one(kind: type[T]) -> Callable[[Any], T]:
    return lambda value: from_plain(kind, value)


def _maybe(kind: type[T]) -> Callable[[Any], T | None]:
    return lambda value: None if value is None else from_plain(kind, value)


def _many(read: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    return lambda value: tuple(map(read, value))


def _each(read: Callable[[Any], Any]) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {key: read(item) for key, item in value.items()}


def _span_id(value: Any) -> str | None:  # noqa: ANN401 - msgpack's values
    if value is not None and not (isinstance(value, str) and is_span_id(value)):
        raise ValueError("a reference to a span that has no id")
    return value


def _place(value: Any) -> Position | None:  # noqa: ANN401 - msgpack's values
    return None if value is None else _position(value)


def _noteworthy(value: Any) -> Noteworthy:  # noqa: ANN401 - msgpack's values
    name, plain = value
    return cast("Noteworthy", from_plain(_NOTEWORTHY[name], plain))


_READERS: dict[type, dict[str, Callable[[Any], Any]]] = {
    Began: {"lane": _position},
    Laned: {"lane": _one(Lane)},
    Opened: {"call": _one(Call)},
    Arrived: {"chunk": _one(Chunk)},
    Closed: {"span": _one(Span), "answer": _one(Answer)},
    Noted: {"what": _noteworthy, "lane": _position},
    Call: {"question": _one(Question), "position": _position, "lane": _position},
    Answer: {"chunks": _many(_one(Chunk)), "failure": _maybe(Failure)},
    Failure: {"args": tuple, "causes": tuple},
    Span: {
        "kind": SpanKind,
        "wire_kind": WireKind,
        "position": _position,
        "lane": _position,
        "status": _one(Status),
        "answers": _many(_one(Answer)),
        "events": _many(_one(Event)),
        "links": _many(_one(Link)),
        "usage": _maybe(Usage),
        "fidelity": _each(Fidelity),
        "scope": _maybe(Scope),
    },
    Usage: {
        "models": _each(_one(Tokens)),
        "cost_usd": money_from_text,
        "tool_cost_usd": money_from_text,
    },
    Lane: {"path": _position, "parent": _place, "joins": _many(_one(Join))},
    Join: {"by": _position},
    Link: {"span": _span_id},
    StateSnapshot: {"position": _position, "lane": _position, "span": _span_id},
    Delivery: {"receive": _position, "message": _place, "turn": _many(_position)},
}
