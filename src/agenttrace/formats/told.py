"""Told: spans as other systems tell them, before anybody asks what they mean.

One is made for every span of a file and dropped again, so it is a named tuple: made in a third of
the time of a frozen dataclass.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from agenttrace.errors import TraceUnreadable
from agenttrace.formats.documents import Unread
from agenttrace.model.span import Scope, Status, WireKind
from agenttrace.model.values import Value

_HEX = frozenset("0123456789abcdef")
_LOWER = re.compile(r"[0-9a-f]+")
LATEST_NS = 2**63 - 1
"""The last nanosecond since the epoch that 64 bits hold, in the year 2262."""
_NOTHING: Mapping[str, Value] = {}
_UNKNOWN = Status()


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurred:
    """An event: its name, when it was (nanoseconds since the epoch), and what is known."""

    name: str
    at_ns: int
    attributes: Mapping[str, Value] = field(default_factory=dict)


class Told(NamedTuple):
    """A span as another system tells it.

    Attributes:
        trace: The trace's id, 32 hex digits.
        id: The span's, 16.
        parent: The parent's; empty: none.
        name: What it is called.
        wire_kind: Which side of a remote call it was.
        start_ns: When it began, nanoseconds since the epoch.
        end_ns: When it ended.
        status: How.
        attributes: All that is known of it.
        events: What occurred inside.
        links: What it points back to: trace, span, relationship, attributes.
        resource: What produced it.
        scope: The library that made it.
        trace_flags: W3C trace flags.
        trace_state: W3C tracestate.
        cut: What the exporter left out by its limits: `attributes`, `events`, `links`.
    """

    trace: str
    id: str
    name: str
    parent: str = ""
    wire_kind: WireKind = WireKind.INTERNAL
    start_ns: int = 0
    end_ns: int = 0
    status: Status = _UNKNOWN
    attributes: Mapping[str, Value] = _NOTHING
    events: tuple[Occurred, ...] = ()
    links: tuple[tuple[str, str, str, Mapping[str, Value]], ...] = ()
    resource: Mapping[str, Value] = _NOTHING
    scope: Scope | None = None
    trace_flags: int = 1
    trace_state: str = ""
    cut: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """An event that was told apart from its span: a log record."""

    trace: str
    span: str
    event: Occurred


def attempt(make: Callable[..., Told], *given: object) -> Told | Unread:
    """A span, or why it is none: one bad span takes no other with it."""
    try:
        made = make(*given)
    except TraceUnreadable as error:
        return Unread(why=error.headline)
    if not made.id or not made.trace:  # others were made right by `hex_id`
        kind = "a span" if made.trace else "a trace"
        return Unread(why=f"{made.name[:60]!r}: {kind} id is hex digits, not all zero")
    if not (0 <= made.start_ns <= LATEST_NS and 0 <= made.end_ns <= LATEST_NS):
        return Unread(why=f"{made.name[:60]!r}: its time is before 1970 or after 2262")
    return made


def hex_id(value: str, digits: int) -> str:
    """An id as lowercase hex digits: shorter ones are padded; all zeros are no id.

    One that is longer, or not hexadecimal (a backend's own), becomes digits made from it.
    """
    if not value:
        return ""
    if len(value) == digits and _LOWER.fullmatch(value):
        return value if value.strip("0") else ""
    plain = value.lower().removeprefix("0x").zfill(digits)
    if len(plain) > digits or not set(plain) <= _HEX:
        return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:digits]
    return "" if set(plain) <= {"0"} else plain
