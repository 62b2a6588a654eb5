"""Foreign: spans as other systems tell them, and the traces that they make.

Whatever the file, a span is first read into `Told`: times since the epoch, attributes as they
stand. What they mean (a model call, a tool, an agent) is `meaning`'s to say, once for all formats.
"""

from __future__ import annotations

import abc
import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from agenttrace.causal.sequence import in_causal_order
from agenttrace.errors import SeveralTraces, TraceUnreadable
from agenttrace.formats import meaning
from agenttrace.formats.documents import documents
from agenttrace.model.agent import Agent
from agenttrace.model.call import Answer, Chunk
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
from agenttrace.model.trace import Trace
from agenttrace.model.values import Value, digest

_NS_A_S = 1_000_000_000
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurred:
    """An event: its name, when it was (nanoseconds since the epoch), and what is known."""

    name: str
    at_ns: int
    attributes: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
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
    """

    trace: str
    id: str
    name: str
    parent: str = ""
    wire_kind: WireKind = WireKind.INTERNAL
    start_ns: int = 0
    end_ns: int = 0
    status: Status = field(default_factory=Status)
    attributes: Mapping[str, Value] = field(default_factory=dict)
    events: tuple[Occurred, ...] = ()
    links: tuple[tuple[str, str, str, Mapping[str, Value]], ...] = ()
    resource: Mapping[str, Value] = field(default_factory=dict)
    scope: Scope | None = None
    trace_flags: int = 1
    trace_state: str = ""


class TellingReader(abc.ABC):
    """Reads JSON documents that tell spans; a format says which ones, and how.

    Attributes:
        title: What the format is called in errors.
    """

    title: str

    @abc.abstractmethod
    def told(self, document: object) -> Iterator[Told]:
        """The spans that one document tells.

        Raises:
            TraceUnreadable: It is not of this format.
        """

    def read(self, data: bytes) -> Trace:
        """Read the only trace of a file.

        Raises:
            TraceUnreadable: It is not of this format, holds no spans, or is too much.
            SeveralTraces: It holds several.
            InvalidSpan: A span contradicts itself.
            InvalidTrace: Spans contradict each other.
        """
        return only(self.read_all(data), self.title)

    def read_all(self, data: bytes) -> tuple[Trace, ...]:
        """Read every trace of a file.

        Raises:
            TraceUnreadable: As `read`.
            InvalidSpan: As `read`.
            InvalidTrace: As `read`.
        """
        read = documents(data, self.title)
        return traces_of([one for document in read for one in self.told(document)])


def only(traces: tuple[Trace, ...], form: str) -> Trace:
    """The only trace of a file.

    Raises:
        TraceUnreadable: There is none.
        SeveralTraces: There are several; the message lists them.
    """
    if not traces:
        raise TraceUnreadable(f"it looks like {form}, and holds no spans", form=form)
    if len(traces) > 1:
        listed = [f"  {one.id}  {len(one.spans)} spans  {one.name}" for one in traces]
        raise SeveralTraces(
            f"it holds {len(traces)} traces, and one is asked for",
            detail="\n".join([*listed, "", "  agenttrace show FILE --trace ID"]),
        )
    return traces[0]


def traces_of(told: Iterable[Told]) -> tuple[Trace, ...]:
    """Make traces of spans, one a trace id, in the order in which they first appear.

    Raises:
        InvalidSpan: A span ends before it begins, or has an impossible id.
        InvalidTrace: An id comes twice, or a span is its own ancestor.
    """
    by_trace: dict[str, list[Told]] = defaultdict(list)
    seen: set[tuple[str, str, str, int, int]] = set()
    for one in told:
        known = (one.trace, one.id, one.name, one.start_ns, one.end_ns)
        if known not in seen:  # an exporter that tries again tells a span twice
            seen.add(known)
            by_trace[one.trace].append(one)
    return tuple(_trace(found) for found in by_trace.values())


def _trace(told: list[Told]) -> Trace:
    told.sort(key=lambda one: (one.start_ns, -one.end_ns))
    began = told[0].start_ns
    meant = {one.id: meaning.of(one.name, one.attributes, one.wire_kind) for one in told}
    agents = _agents(told, meant)
    root = next((one for one in told if not one.parent), told[0])
    return in_causal_order(
        Trace(
            id=told[0].trace,
            name=root.name,
            spans=tuple(
                _span(one, meant[one.id], began, seq, agents[one.id])
                for seq, one in enumerate(told)
            ),
            agents=tuple(
                Agent(id=name, name=name) for name in sorted(set(agents.values())) if name
            ),
            started=_instant(began),
            resource=_common([one.resource for one in told]),
        )
    )


def _span(told: Told, meant: meaning.Meant, began: int, seq: int, agent: str) -> Span:
    question = meant.question
    answers: tuple[Answer, ...] = ()
    if meant.answer is not None:
        answers = (
            Answer(
                chunks=(Chunk(data=meant.answer),),
                asked_ns=told.start_ns - began,
                ended_ns=max(told.end_ns, told.start_ns) - began,
            ),
        )
    asks = meant.kind in (SpanKind.LLM, SpanKind.TOOL, SpanKind.RETRIEVAL)
    missing = {
        name: Fidelity.ABSENT
        for name, known in (("question", question is not None), ("answer", bool(answers)))
        if asks and not known
    }
    return Span(
        id=told.id,
        parent=told.parent or None,
        name=told.name,
        kind=meant.kind,
        operation=meant.operation,
        wire_kind=told.wire_kind,
        seq=seq,
        end_seq=seq,
        start_ns=told.start_ns - began,
        end_ns=told.end_ns - began,
        status=told.status,
        agent=agent or None,
        question=question,
        digest=b"" if question is None else digest(question),
        answers=answers,
        attributes=meant.attributes,
        events=tuple(
            Event(
                name=one.name, at_ns=max(0, one.at_ns - began), attributes=one.attributes, seq=seq
            )
            for one in told.events
        ),
        links=tuple(
            Link(
                trace=None if trace == told.trace else trace,
                span=span,
                relationship=relationship,
                attributes=attributes,
            )
            for trace, span, relationship, attributes in told.links
            if is_span_id(span)
        ),
        usage=meant.usage,
        fidelity=missing,
        resource=told.resource,
        scope=told.scope,
        trace_flags=told.trace_flags,
        trace_state=told.trace_state,
    )


def _agents(told: list[Told], meant: Mapping[str, meaning.Meant]) -> dict[str, str]:
    """Who did each span: the agent that it names, else the nearest one around it; or nobody."""
    by_id = {one.id: one for one in told}
    found: dict[str, str] = {}
    for one in told:
        path: list[str] = []
        at: Told | None = one
        who = ""
        while at is not None and at.id not in found:
            found[at.id] = ""  # a circle of parents ends here
            path.append(at.id)
            who = meant[at.id].agent
            if who:
                break
            at = by_id.get(at.parent)
        else:
            who = found.get(at.id, "") if at is not None else ""
        found.update(dict.fromkeys(path, who))
    return found


def _common(resources: list[Mapping[str, Value]]) -> dict[str, Value]:
    first = dict(resources[0])
    return {key: it for key, it in first.items() if all(one.get(key) == it for one in resources)}


def _instant(ns: int) -> str:
    try:
        moment = dt.datetime.fromtimestamp(ns // _NS_A_S, tz=dt.UTC)
    except (OverflowError, OSError, ValueError):
        return ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ns % _NS_A_S // 1000:06}Z" if ns else ""


def hex_id(value: str, digits: int) -> str:
    """An id as lowercase hex digits: shorter ones are padded; all zeros are no id.

    One that is longer, or not hexadecimal (a backend's own), becomes digits made from it.
    """
    plain = value.lower().removeprefix("0x").zfill(digits)
    if len(plain) > digits or not set(plain) <= _HEX:
        return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:digits]
    return "" if set(plain) <= {"0"} else plain
