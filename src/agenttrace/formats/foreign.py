"""Foreign: spans as other systems tell them, and the traces that they make.

Whatever the file, a span is first read into `Told`: times since the epoch, attributes as they
stand. What they mean (a model call, a tool, an agent) is `meaning`'s to say, once for all formats.
"""

from __future__ import annotations

import abc
import datetime as dt
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from agenttrace.causal.sequence import in_causal_order
from agenttrace.errors import SeveralTraces, TraceUnreadable
from agenttrace.formats import dialects, meaning
from agenttrace.formats.documents import Unread, documents
from agenttrace.formats.told import LATEST_NS, Logged, Occurred, Told
from agenttrace.model import amounts, names
from agenttrace.model.agent import Agent
from agenttrace.model.call import Answer, Chunk
from agenttrace.model.collector import resting
from agenttrace.model.span import (
    Event,
    Fidelity,
    Link,
    Span,
    is_span_id,
)
from agenttrace.model.trace import Trace
from agenttrace.model.values import Value, digest

if TYPE_CHECKING:
    from agenttrace.formats.broken import Way

_NS_A_S = 1_000_000_000
_THRESHOLD = re.compile(r"(?:\A|,)\s*ot=[^,]*\bth:(?!0+(?:[;,]|\Z))")


_IDS = ("gen_ai.agent.id", names.AGENT_ID)
_OF_AGENTS = (names.AGENT_TYPE, names.AGENT_ROLE, names.AGENT_VERSION)
"""What a span may say of the agent that it names."""


class TellingReader(abc.ABC):
    """Reads JSON documents that tell spans; a format says which ones, and how.

    Attributes:
        title: What the format is called in errors.
        way: Where its spans lie in a document, so that those of a broken one are read.
    """

    title: str
    way: Way

    @abc.abstractmethod
    def told(self, document: object) -> Iterator[Told | Logged | Unread]:
        """The spans that one document tells; an `Unread` for each that is none (`attempt`).

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
        return self.read_together([data])

    def read_together(self, files: Iterable[bytes]) -> tuple[Trace, ...]:
        """Read every trace of several files, each of which may hold a part of one.

        Raises:
            TraceUnreadable: As `read`.
            InvalidSpan: As `read`.
            InvalidTrace: As `read`.
        """
        with resting():
            told = (one for data in files for one in self._told(data))
            return traces_of(told, self.title)

    def _told(self, data: bytes) -> Iterator[Told | Logged | Unread]:
        read = documents(data, self.title, self.way)
        for number, document in enumerate(read):
            read[number] = None  # a large file is not held twice
            if isinstance(document, Unread):
                yield document
                continue
            try:
                yield from self.told(document)
            except TraceUnreadable as error:
                if len(read) == 1:
                    raise
                yield Unread(why=error.headline)


def only(traces: tuple[Trace, ...], form: str) -> Trace:
    """The only trace of a file.

    Raises:
        TraceUnreadable: There is none.
        SeveralTraces: There are several; the message lists them.
    """
    if not traces:
        raise TraceUnreadable(f"it looks like {form}, and holds no spans", form=form)
    if len(traces) > 1:
        listed = [
            f"  {one.id}  {amounts.counted(len(one.spans), 'span')}  {one.name}" for one in traces
        ]
        raise SeveralTraces(
            f"it holds {len(traces)} traces, and one is asked for",
            detail="\n".join([*listed, "", "  agenttrace show FILE --trace ID"]),
        )
    return traces[0]


def traces_of(told: Iterable[Told | Logged | Unread], form: str = "a trace") -> tuple[Trace, ...]:
    """Make traces of spans, one a trace id, in the order in which they first appear.

    What of the file could not be read is counted in each trace's `environment["unread"]`.

    Raises:
        TraceUnreadable: No span could be read.
        InvalidTrace: A span is its own ancestor.
    """
    by_trace: dict[str, list[Told]] = defaultdict(list)
    logged: dict[tuple[str, str], list[Occurred]] = defaultdict(list)
    seen: set[tuple[str, str, str, int, int]] = set()
    unread: list[Unread] = []
    for one in told:
        if isinstance(one, Unread):
            unread.append(one)
        elif isinstance(one, Logged):
            logged[one.trace, one.span].append(one.event)
        else:
            count = len(seen)
            seen.add((one.trace, one.id, one.name, one.start_ns, one.end_ns))
            if len(seen) > count:  # an exporter that tries again tells a span twice
                by_trace[one.trace].append(one)
    if not by_trace:
        raise _nothing(unread, form)
    kept = [_set_right(found, logged) for found in by_trace.values()]
    unread += [
        Unread(why=f"a log record is of span {span}, which is not here") for _, span in logged
    ]
    lacks: dict[str, Value] = (
        {"unread": {"parts": len(unread), "first": unread[0].why}} if unread else {}
    )
    return tuple(_trace(found, lacks) for found in kept)


def _nothing(unread: list[Unread], form: str) -> TraceUnreadable:
    why = (
        f"none of its {amounts.counted(len(unread), 'span')} can be read"
        if unread
        else "holds no spans"
    )
    first = f"  the first   {unread[0].why}\n" if unread else ""
    detail = f"{first}  More: agenttrace explain trace-unreadable"
    return TraceUnreadable(f"it looks like {form}, and {why}", detail=detail, form=form)


def _set_right(told: list[Told], logged: dict[tuple[str, str], list[Occurred]]) -> list[Told]:
    """Spans that a trace can hold: each id once, none that ends before it begins; marked.

    Log records are taken out of `logged` to their spans, and content is brought under one name.
    """
    times: dict[str, int] = {}
    kept: list[Told] = []
    for one in told:
        found = _with_content(one, logged.pop((one.trace, one.id), ()) if logged else ())
        notes: list[Value] = []
        nth = times[one.id] = times.get(one.id, 0) + 1
        if nth > 1:
            fresh = f"{one.trace} {one.id} {nth}".encode()
            found = found._replace(id=hashlib.sha256(fresh).hexdigest()[:16])
            notes.append(f"its id was {one.id}, which another span has, too")
        if one.end_ns < one.start_ns:
            found = found._replace(end_ns=one.start_ns)
            notes.append(f"it ended {one.start_ns - one.end_ns} ns before it began")
        if notes:
            found = found._replace(attributes={**found.attributes, names.IMPORT_NOTES: notes})
        kept.append(found)
    return kept


def _with_content(told: Told, logged: Sequence[Occurred]) -> Told:
    all_events = (*told.events, *logged) if logged else told.events
    attributes, events = dialects.settled(told.attributes, all_events)
    if attributes is told.attributes and events == told.events:
        return told
    return told._replace(attributes=attributes, events=events)


def _trace(told: list[Told], environment: Mapping[str, Value]) -> Trace:
    told.sort(key=lambda one: (one.start_ns, -one.end_ns))
    began = told[0].start_ns
    here = {one.id for one in told}
    meant = {one.id: meaning.of(one.name, one.attributes, one.wire_kind) for one in told}
    called = _called(told, meant)
    agents = {span: called.get(who, who) for span, who in _agents(told, meant).items()}
    root = next((one for one in told if not one.parent), told[0])
    return in_causal_order(
        Trace(
            id=told[0].trace,
            name=root.name,
            spans=tuple(
                _span(one, meant[one.id], began, seq, agents[one.id], here)
                for seq, one in enumerate(told)
            ),
            agents=_team(told, meant, agents),
            started=_instant(began),
            environment=environment,
            resource=_common([one.resource for one in told]),
        )
    )


def _span(
    told: Told, meant: meaning.Meant, began: int, seq: int, agent: str, here: set[str]
) -> Span:
    question, cut = meant.question, _cut(told, here)
    answers: tuple[Answer, ...] = ()
    if meant.answer is not None:
        answers = (
            Answer(
                chunks=(Chunk(data=meant.answer),),
                asked_ns=told.start_ns - began,
                ended_ns=max(told.end_ns, told.start_ns) - began,
            ),
        )
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
        status=replace(told.status, code=meant.code) if meant.code else told.status,
        agent=agent or None,
        task=meant.task,
        question=question,
        digest=b"" if question is None else digest(question),
        answers=answers,
        attributes=meant.attributes,
        events=_events(told, began, seq) if told.events else (),
        links=_links(told) if told.links else (),
        usage=meant.usage,
        fidelity={**meant.fidelity, **cut} if cut else meant.fidelity,
        resource=told.resource,
        scope=told.scope,
        trace_flags=told.trace_flags,
        trace_state=told.trace_state,
    )


def _events(told: Told, began: int, seq: int) -> tuple[Event, ...]:
    return tuple(
        Event(
            name=one.name,
            at_ns=min(max(0, one.at_ns - began), LATEST_NS),
            attributes=one.attributes,
            seq=seq,
        )
        for one in told.events
    )


def _links(told: Told) -> tuple[Link, ...]:
    return tuple(
        Link(
            trace=None if trace == told.trace else trace,
            span=span,
            relationship=relationship,
            attributes=attributes,
        )
        for trace, span, relationship, attributes in told.links
        if is_span_id(span)
    )


def _cut(told: Told, here: set[str]) -> dict[str, Fidelity]:
    """What limits and sampling left out: attributes, events, links; the parent."""
    found = dict.fromkeys(told.cut, Fidelity.TRUNCATED) if told.cut else {}
    if told.parent and told.parent not in here:
        # a threshold in the tracestate says that spans were left out on purpose (OTEP 235)
        is_sampled = _THRESHOLD.search(told.trace_state) is not None
        found["parent"] = Fidelity.SAMPLED_OUT if is_sampled else Fidelity.ABSENT
    return found


def _agents(told: list[Told], meant: Mapping[str, meaning.Meant]) -> dict[str, str]:
    """Who did each span: the agent that it names, else the nearest one around it; or nobody."""
    by_id = {one.id: one for one in told}
    found: dict[str, str] = {}
    for one in told:
        named = meant[one.id].agent
        if named is None and one.parent in found and one.id not in found:
            named = found[one.parent]
        if named is not None and one.id not in found:  # most spans need no search
            found[one.id] = named
            continue
        path: list[str] = []
        at: Told | None = one
        who = ""
        while at is not None and at.id not in found:
            found[at.id] = ""  # a circle of parents ends here
            path.append(at.id)
            said = meant[at.id].agent
            if said is not None:
                who = said
                break
            at = by_id.get(at.parent)
        else:
            who = found.get(at.id, "") if at is not None else ""
        found.update(dict.fromkeys(path, who))
    return found


def _called(told: list[Told], meant: Mapping[str, meaning.Meant]) -> dict[str, str]:
    """By an id that other spans have alone: the one name that spans give an agent beside it."""
    found: dict[str, set[str]] = {}
    for one in told:
        name = meant[one.id].agent
        for said in (one.attributes.get(word) for word in _IDS):
            if name and isinstance(said, str) and said != name:
                found.setdefault(said, set()).add(name)
    return {said: next(iter(known)) for said, known in found.items() if len(known) == 1}


def _team(
    told: list[Told], meant: Mapping[str, meaning.Meant], agents: Mapping[str, str]
) -> tuple[Agent, ...]:
    """All who did something, each with what the first of the spans that name it say of it."""
    said: dict[str, dict[str, str]] = {name: {} for name in sorted(set(agents.values())) if name}
    for one in told:
        mine = said.get(agents[one.id])
        if mine is None or meant[one.id].agent is None:
            continue
        for word in _OF_AGENTS:
            value = one.attributes.get(word)
            if isinstance(value, str) and value:
                mine.setdefault(word, value)
    return tuple(
        Agent(
            id=name,
            name=name,
            type=more.get(names.AGENT_TYPE, ""),
            role=more.get(names.AGENT_ROLE, ""),
            version=more.get(names.AGENT_VERSION, ""),
        )
        for name, more in said.items()
    )


def _common(resources: list[Mapping[str, Value]]) -> dict[str, Value]:
    first = dict(resources[0])
    others = {id(one): one for one in resources}.values()  # most spans share one
    return {key: it for key, it in first.items() if all(one.get(key) == it for one in others)}


def _instant(ns: int) -> str:
    try:
        moment = dt.datetime.fromtimestamp(ns // _NS_A_S, tz=dt.UTC)
    except (OverflowError, OSError, ValueError):
        return ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ns % _NS_A_S // 1000:06}Z" if ns else ""
