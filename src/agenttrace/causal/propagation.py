"""Propagation: W3C headers, by which a call to another process carries who caused it.

`traceparent` and `tracestate` follow Trace Context level 2, `baggage` follows W3C Baggage. What
cannot be read is dropped, and nothing is raised: a stranger's header must not break a call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, cast, overload

from agenttrace.causal.baggage import Baggage, format_baggage, parse_baggage
from agenttrace.errors import InvalidSpan
from agenttrace.model.span import is_span_id, is_trace_id

if TYPE_CHECKING:
    from email.message import Message

TRACEPARENT, TRACESTATE, BAGGAGE = "traceparent", "tracestate", "baggage"

MOST_MEMBERS = 32
"""How many members a tracestate may have (Trace Context, 3.3.1.1)."""
LONGEST = 512
"""How many characters of a tracestate must be passed on; more are cut (3.3.1.5)."""
LONG_MEMBER = 128
"""Members longer than this are left out first (3.3.1.5)."""

SAMPLED, RANDOM = 0x01, 0x02

_TRACEPARENT = re.compile(
    r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL
)
_KEY = re.compile(r"[a-z0-9][a-z0-9_\-*/@]{0,255}")
_VALUE = re.compile(r"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]")
_OWS = " \t"
_SHOWN = 60

Header: TypeAlias = "tuple[str, str] | tuple[bytes, bytes]"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceParent:
    """Which span of which trace is the cause.

    Attributes:
        trace: The trace, 32 lowercase hex digits, not all zero.
        span: The span, 16 lowercase hex digits, not all zero.
        flags: `SAMPLED` and `RANDOM`; other bits are not passed on.

    Raises:
        InvalidSpan: An id is not of that form.
    """

    trace: str
    span: str
    flags: int = SAMPLED

    def __post_init__(self) -> None:
        if not is_trace_id(self.trace):
            raise InvalidSpan(
                why="a trace id is 32 lowercase hex digits, not all zero", where=self.trace
            )
        if not is_span_id(self.span):
            raise InvalidSpan(
                why="a span id is 16 lowercase hex digits, not all zero", where=self.span
            )

    @property
    def sampled(self) -> bool:
        """Whether the caller may have recorded it."""
        return bool(self.flags & SAMPLED)

    @property
    def random(self) -> bool:
        """Whether at least the right-most seven bytes of the trace id are random (level 2)."""
        return bool(self.flags & RANDOM)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceState:
    """What each tracing system on the way wants to know again, the latest first.

    Attributes:
        members: Key and value of each, keys once each.
    """

    members: tuple[tuple[str, str], ...] = ()

    def get(self, key: str) -> str | None:
        """The value of a key; None where it has none."""
        return dict(self.members).get(key)

    def with_member(self, key: str, value: str) -> TraceState:
        """Set a key, which moves it to the left; the right-most member makes room.

        Raises:
            ValueError: Key or value is not of the form that the specification allows (3.3.1.3).
        """
        if not _KEY.fullmatch(key) or not _VALUE.fullmatch(value):
            raise ValueError(f"{key}={value} cannot be a member of a tracestate")
        return TraceState(members=((key, value), *self.without(key).members)[:MOST_MEMBERS])

    def without(self, key: str) -> TraceState:
        """Take a key out."""
        return TraceState(members=tuple(member for member in self.members if member[0] != key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Propagated:
    """What a call carries.

    Attributes:
        parent: Its cause; None: nobody said, or not in a form that can be read.
        state: What the tracing systems on the way said; empty without a parent.
        baggage: What the application sends along.
    """

    parent: TraceParent | None = None
    state: TraceState = TraceState()
    baggage: Baggage = field(default_factory=Baggage)


def parse_traceparent(text: str) -> TraceParent | None:
    """Read a `traceparent`; None where it is not valid (Trace Context, 3.2)."""
    found = _TRACEPARENT.fullmatch(text.strip(_OWS))
    if found is None:
        return None
    version, trace, span, flags, more = found.groups()
    if version == "ff" or (version == "00" and more is not None):
        return None
    if not (is_trace_id(trace) and is_span_id(span)):
        return None
    return TraceParent(trace=trace, span=span, flags=int(flags, 16) & (SAMPLED | RANDOM))


def format_traceparent(parent: TraceParent) -> str:
    """Write a `traceparent`, version 00."""
    return f"00-{parent.trace}-{parent.span}-{parent.flags & (SAMPLED | RANDOM):02x}"


def parse_tracestate(lines: Iterable[str]) -> TraceState:
    """Read the `tracestate` headers of a call, joined in order; empty if one member is not valid.

    A key that comes twice counts where it comes first, which is where it was set last.
    """
    members: dict[str, str] = {}
    count = 0
    for member in ",".join(lines).split(","):
        written = member.strip(_OWS)
        if not written:
            continue
        key, equals, value = written.partition("=")
        count += 1
        if (
            not equals
            or not _KEY.fullmatch(key)
            or not _VALUE.fullmatch(value)
            or count > MOST_MEMBERS
        ):
            return TraceState()
        members.setdefault(key, value)
    return TraceState(members=tuple(members.items()))


def format_tracestate(state: TraceState) -> str:
    """Write a `tracestate`, cut to `LONGEST`: long members go first, then the right-most ones."""
    members = [f"{key}={value}" for key, value in state.members]
    for shortest in (LONG_MEMBER + 1, 0):
        for place in range(len(members) - 1, -1, -1):
            if len(",".join(members)) <= LONGEST:
                break
            if len(members[place]) >= shortest:
                del members[place]
    return ",".join(members)


@overload
def inject(carrier: Mapping[str, str], what: Propagated) -> dict[str, str]: ...
@overload
def inject(carrier: Iterable[tuple[str, str]], what: Propagated) -> list[tuple[str, str]]: ...
def inject(
    carrier: Mapping[str, str] | Iterable[tuple[str, str]], what: Propagated
) -> dict[str, str] | list[tuple[str, str]]:
    """Give the headers with what a call carries, in place of what they said of it before.

    Args:
        carrier: A mapping, or a list of pairs; it is not changed.
        what: What the call carries; of an empty part, no header is written.
    """
    said = {
        TRACEPARENT: "" if what.parent is None else format_traceparent(what.parent),
        TRACESTATE: "" if what.parent is None else format_tracestate(what.state),
        BAGGAGE: format_baggage(what.baggage),
    }
    pairs = carrier.items() if isinstance(carrier, Mapping) else carrier
    kept = [(name, value) for name, value in pairs if name.lower() not in said]
    kept += [(name, value) for name, value in said.items() if value]
    return dict(kept) if isinstance(carrier, Mapping) else kept


def extract(carrier: Mapping[str, str] | Message[str, str] | Iterable[Header]) -> Propagated:
    """Read what a call carries from its headers: a mapping, or pairs, of text or of bytes.

    Two `traceparent`s are none. Without a valid one, `tracestate` is dropped; a bad `tracestate`
    drops only itself.

    Args:
        carrier: Headers, or the variables of an environment, a CGI's or WSGI's included:
            `TRACEPARENT` and `HTTP_TRACEPARENT` are the header's names there.
    """
    said = list(pairs_of(carrier))
    lines = {name: read(said, name) for name in (TRACEPARENT, TRACESTATE, BAGGAGE)}
    parents = lines[TRACEPARENT]
    parent = parse_traceparent(parents[0]) if len(parents) == 1 else None
    return Propagated(
        parent=parent,
        state=TraceState() if parent is None else parse_tracestate(lines[TRACESTATE]),
        baggage=parse_baggage(lines[BAGGAGE]),
    )


def read(pairs: Iterable[Header], name: str) -> list[str]:
    """Give every value that pairs have under the name of a header, in order."""
    return [_text(value) for found, value in pairs if header_of(_text(found)) == name]


def header_of(name: str) -> str:
    """The name of a header, in lower case, whether a header or a variable is called so."""
    return name.removeprefix("HTTP_").replace("_", "-").lower()


def variable_of(name: str) -> str:
    """What a variable of the environment is called that says what a header would."""
    return name.replace("-", "_").upper()


def unreadable(pairs: Iterable[Header]) -> str:
    """Say why nobody can tell the cause from headers; empty: one can, or none was named."""
    said = read(pairs, TRACEPARENT)
    if not said or (len(said) == 1 and parse_traceparent(said[0]) is not None):
        return ""
    if len(said) > 1:
        return f"{len(said)} traceparents"
    text = said[0].strip(_OWS)
    shown = repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
    found = _TRACEPARENT.fullmatch(text)
    if found is None:
        return f"traceparent {shown} is not of the form 00-TRACE-SPAN-FLAGS, in lower-case hex"
    if found[1] == "ff" or found[5] is not None:
        return f"traceparent {shown} is of no version that there is"
    return f"traceparent {shown} has an id of zeros"


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def pairs_of(
    carrier: Mapping[str, str] | Message[str, str] | Iterable[Header],
) -> Iterable[Header]:
    """The headers of a carrier; the standard library's own are mappings that do not say so."""
    items: Callable[[], Iterable[Header]] | None = getattr(carrier, "items", None)
    return cast("Iterable[Header]", carrier) if items is None else items()
