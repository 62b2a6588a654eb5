"""Inspect: the logs of UK AISI's `inspect_ai`, as JSON or as `.eval` archives. Read only.

Each sample of each epoch is a trace. Spans (of old logs: steps) nest, model and tool events are
calls, what a sandbox did is a span, and all else is an event of the span around it. A sample that
was logged without its events is read from its messages, as a chat log is.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from agenttrace.errors import TraceUnreadable
from agenttrace.formats import logs
from agenttrace.formats.broken import Half
from agenttrace.formats.documents import (
    LONGEST,
    Unread,
    documents,
    mapping,
    refuse,
    sequence,
    text,
    value_of,
)
from agenttrace.formats.foreign import only, traces_of
from agenttrace.formats.inspect_events import attributes_of
from agenttrace.formats.instants import instant_ns
from agenttrace.formats.packed import within
from agenttrace.formats.told import Occurred, Told, attempt, hex_id
from agenttrace.model.span import Status
from agenttrace.model.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.formats.broken import Way
    from agenttrace.model.trace import Trace

_NAME = "a log of Inspect's"
_ARCHIVE = b"PK\x03\x04"
_CALLS = ("model", "tool", "sandbox")
_MOST_FILES = 100_000
_WAY: Way = {"samples": {"events": {}}, "events": {}}


class InspectReader:
    """Reads Inspect's logs."""

    name = "inspect"
    suffixes = (".eval", ".inspect.json")

    def reads(self, head: bytes) -> bool:
        """Whether it is an archive of samples, or begins with an evaluation or with events."""
        if head.startswith(_ARCHIVE):
            return b"_journal/" in head or b"samples/" in head or b"header.json" in head
        is_log = b'"eval"' in head and b'"version"' in head
        return is_log or (b'"events"' in head and b'"event"' in head)

    def read(self, data: bytes) -> Trace:
        """Read the only sample of a log.

        Raises:
            TraceUnreadable: It is no log of Inspect's, holds nothing, or is too much.
            SeveralTraces: It holds several samples, or one in several epochs.
        """
        return only(self.read_all(data), _NAME)

    def read_all(self, data: bytes) -> tuple[Trace, ...]:
        """Read every sample of a log.

        Raises:
            TraceUnreadable: As `read`.
        """
        samples, task = _samples(data)
        found: list[Told | Unread] = []
        told: list[Trace] = []
        for one in samples:
            if isinstance(one, Unread):
                found.append(one)
            elif isinstance(one, dict) and not one.get("events") and one.get("messages"):
                told.append(_conversation(one, task))
            else:
                try:
                    found += _Sample(mapping(one, _NAME, "a sample"), task).told()
                except TraceUnreadable as error:
                    found.append(Unread(why=error.headline))
        return (*told, *(traces_of(found, _NAME) if found or not told else ()))


def _samples(data: bytes) -> tuple[list[Any], str]:
    """The samples of a log, and the name of its task."""
    if data.startswith(_ARCHIVE):
        return _of_archive(data)
    found = documents(data, _NAME, _WAY)
    unread = [one for one in found if isinstance(one, Unread)]
    documented = next((one for one in found if not isinstance(one, Unread)), None)
    document = mapping(documented, _NAME, "the file")
    if "samples" not in document and "events" not in document:
        refuse(_NAME, "it has no samples; it may be a header alone")
    if "samples" not in document:
        return [document, *unread], text(document.get("task"))
    return [*sequence(document["samples"], _NAME, "samples"), *unread], _task(document)


def _task(document: dict[str, Any]) -> str:
    known = document.get("eval")
    return text(known.get("task")) if isinstance(known, dict) else ""


def _of_archive(data: bytes) -> tuple[list[Any], str]:
    left = LONGEST
    found: list[Any] = []
    task = ""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            listed = archive.infolist()
            if len(listed) > _MOST_FILES:
                refuse(_NAME, f"it holds {len(listed)} files; at most {_MOST_FILES} are read")
            for member in sorted(listed, key=lambda one: one.filename):
                is_sample = member.filename.startswith("samples/")
                if not (is_sample or member.filename in ("header.json", "_journal/start.json")):
                    continue
                raw = within(partial(archive.open, member), left)
                if raw is None:
                    refuse(_NAME, f"it unpacks to more than {LONGEST} bytes")
                left -= len(raw)
                try:
                    read = documents(raw, _NAME, _WAY)
                except TraceUnreadable as error:
                    read = [Unread(why=f"{member.filename}: {error}"[:200])]
                if is_sample:
                    found += read
                elif read and isinstance(read[0], dict):
                    task = _task(read[0]) or task
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        refuse(_NAME, f"its archive cannot be unpacked: {error}")
    except (OSError, ValueError) as error:
        refuse(_NAME, f"its archive is damaged: {error}")
    return found, task


def _title(sample: dict[str, Any], task: str) -> str:
    named = " ".join(part for part in (task, text(sample.get("id"))) if part)
    return f"sample {named}"[:200].strip() if named else text(sample.get("description"))[:200]


def _conversation(sample: dict[str, Any], task: str) -> Trace:
    epoch = text(sample.get("epoch"))
    log = logs.Log(f"{_title(sample, task)} epoch {epoch}" if epoch else _title(sample, task))
    listed = sequence(sample["messages"], _NAME, "messages")
    logs.conversation(log, [mapping(one, _NAME, "messages") for one in listed])
    return log.trace()


@dataclass(slots=True)
class _Open:
    """A span that is being read: its beginning, and what occurred in it so far."""

    id: str
    parent: str
    name: str
    start_ns: int
    end_ns: int
    attributes: dict[str, Value]
    events: list[Occurred] = field(default_factory=list)


class _Sample:
    """One sample: its events in their order, and the spans that they tell."""

    def __init__(self, sample: dict[str, Any], task: str) -> None:
        self._sample = sample
        named = (task, text(sample.get("uuid")), text(sample.get("id")), text(sample.get("epoch")))
        self._key = "/".join(named)
        self._trace = hashlib.sha256(self._key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        attachments = sample.get("attachments")
        self._attachments = attachments if isinstance(attachments, dict) else {}
        self._root = _Open(self._id("root"), "", _title(sample, task) or "sample", 0, 0, {})
        self._spans = {"": self._root}
        self._steps: list[_Open] = []

    def told(self) -> Iterator[Told | Unread]:
        """The spans, the sample's own first; the calls as they come."""
        calls: list[Told | Unread] = []
        for number, one in enumerate(sequence(self._sample.get("events"), _NAME, "events")):
            try:
                event = mapping(one, _NAME, "events")
                call = self._read(event, f"event {number}")
            except TraceUnreadable as error:
                calls.append(Unread(why=error.headline))
                continue
            if call is not None:
                calls.append(call)
        about = ("id", "epoch", "input", "target", "scores", "metadata", "model_usage", "error")
        self._root.attributes = {
            f"inspect.{key}": self._value(self._sample[key]) for key in about if key in self._sample
        }
        for span in self._spans.values():
            yield self._closed(span)
        yield from calls

    def _read(self, event: dict[str, Any], where: str) -> Told | Unread | None:
        kind = text(event.get("event"))
        at = instant_ns(event.get("timestamp"), _NAME, where)
        ended = instant_ns(event.get("completed"), _NAME, where) or at
        around = self._around(event)
        if not self._root.start_ns:
            self._root.start_ns = at
        for one in (self._root, around):
            one.end_ns = max(one.end_ns, ended)
        if kind == "span_begin":
            self._begin(text(event.get("id")), text(event.get("parent_id")), event, at)
        elif kind == "span_end":
            span = self._spans.get(text(event.get("id")))
            if span is not None:
                span.end_ns = at
        elif kind == "step" and event.get("action") == "begin":
            above = self._steps[-1].id if self._steps else ""
            self._steps.append(self._begin(where, above, event, at))
        elif kind == "step":
            if self._steps:
                self._steps.pop().end_ns = at
        elif kind in _CALLS:
            return self._call(kind, event, where, (at, ended), around)
        else:
            more = {key: it for key, it in event.items() if key not in ("event", "timestamp")}
            known = self._value(more)
            known = known if isinstance(known, dict) else {}
            around.events.append(Occurred(name=kind, at_ns=at, attributes=known))
        return None

    def _around(self, event: dict[str, Any]) -> _Open:
        """The span that an event belongs to: the one that it names, else the last step."""
        named = self._spans.get(text(event.get("span_id")))
        if named is not None and "span_id" in event:
            return named
        return self._steps[-1] if self._steps else self._root

    def _begin(self, own: str, above: str, event: dict[str, Any], at: int) -> _Open:
        parent = self._spans.get(above, self._root)
        type_ = text(event.get("type"))
        attributes: dict[str, Value] = {"inspect.type": type_} if type_ else {}
        if type_ == "agent":
            attributes["gen_ai.operation.name"] = "invoke_agent"
        name = text(event.get("name")) or type_ or "span"
        span = _Open(self._id(own), parent.id, name, at, at, attributes)
        return self._spans.setdefault(own, span)

    def _call(
        self,
        kind: str,
        event: dict[str, Any],
        where: str,
        when: tuple[int, int],
        around: _Open,
    ) -> Told | Unread:
        name = {
            "model": f"chat {text(event.get('model'))}",
            "tool": text(event.get("function")),
            "sandbox": f"sandbox {text(event.get('action'))}",
        }[kind]
        error = event.get("error")
        said = error.get("message") if isinstance(error, dict) else error
        known = self._value(event)
        return attempt(
            lambda: Told(
                trace=self._trace,
                id=self._id(where),
                parent=around.id,
                name=name,
                start_ns=when[0],
                end_ns=when[1],
                status=Status(code="ERROR", message=text(said)) if error else Status(),
                attributes=attributes_of(kind, known if isinstance(known, dict) else {}),
            )
        )

    def _closed(self, span: _Open) -> Told | Unread:
        is_half = span is self._root and isinstance(self._sample, Half)
        error = self._sample.get("error") if span is self._root else None
        said = error.get("message") if isinstance(error, dict) else error
        return attempt(
            lambda: Told(
                trace=self._trace,
                id=span.id,
                parent=span.parent,
                name=span.name,
                start_ns=span.start_ns,
                end_ns=max(span.start_ns, span.end_ns),
                status=Status(code="ERROR", message=text(said)) if error else Status(),
                attributes=span.attributes,
                events=tuple(span.events),
                cut=("attributes",) if is_half else (),
            )
        )

    def _id(self, own: str) -> str:
        return hex_id(f"span {self._key}/{own}", 16)

    def _value(self, value: object) -> Value:
        return _attached(value_of(value, _NAME, "events"), self._attachments)


def _attached(value: Value, attachments: dict[str, Any]) -> Value:
    """A value with its `attachment://…` texts put back; what is not there stays a reference."""
    if isinstance(value, str) and value.startswith("attachment://"):
        found = attachments.get(value.removeprefix("attachment://"))
        return text(found) if isinstance(found, str) else value
    if isinstance(value, list):
        return [_attached(one, attachments) for one in value]
    if isinstance(value, dict):
        return {key: _attached(one, attachments) for key, one in value.items()}
    return value


CODEC = InspectReader()
