"""Messages: what one agent tells another, by whatever carries it.

The verbs mark what the user's own transport does, and carry nothing themselves: outside a run the
transport works as it did.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.plain.standing import Standing, known, said, sent_along, standing
from agenttrace.causal.position import trace_id
from agenttrace.causal.site import site
from agenttrace.model import names
from agenttrace.model.lane import Delivery, Position
from agenttrace.model.span import OK, Event, Link, Span, SpanKind, Status, WireKind
from agenttrace.model.values import digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenttrace.model.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A message on its way; send it through any transport, and open it with `receive`.

    Attributes:
        content: What it says: the object itself.
        channel: Queue, topic, or the recipient's name.
        id: The id of the span that sent it; empty outside a run.
        trace: The id of that span's trace; empty outside a run.
        message: The position of the message; empty outside a run.
        relationship: `message` or `publish`.
        baggage: What the application sends along, as the header has it.
    """

    content: Any
    channel: str
    id: str = ""
    trace: str = ""
    message: Position = ()
    relationship: str = "message"
    baggage: str = ""

    def agenttrace_says(self) -> object:
        """What a queue that carries it carries: its content, wherever it was sent."""
        return self.content


def send(
    channel: str, content: object, *, to: str | None = None, performative: str = "inform"
) -> Envelope:
    """Say that a message is sent: `queue.put(agenttrace.send("orders", order))`.

    Args:
        channel: Queue, stream, or the recipient's name; the same from run to run.
        content: What it says; anything that has a canonical value.
        to: The agent it is for, where one is meant.
        performative: The FIPA communicative act: `inform`, `request`, `propose`, …

    Returns:
        An envelope, which may travel in place of the content. Where the content travels alone,
        `receive(content, channel=…)` finds the message by what it says.

    Raises:
        NotCanonical: The content has no form that stays equal from run to run.
    """
    return _sent(channel, content, "message", to=to, performative=performative)


def publish(topic: str, content: object) -> Envelope:
    """Say that a message is published on a topic, for whoever subscribes; see `send`."""
    return _sent(topic, content, "publish", to=None, performative="inform")


def receive(message: Envelope | object, *, channel: str | None = None) -> Any:
    """Say that a message is received, and give what it says: `agenttrace.receive(queue.get())`.

    Args:
        message: The envelope, or the content alone where the transport carried only that.
        channel: The channel, where no envelope names it.

    Returns:
        The content.

    Raises:
        NotCanonical: The content has no form that stays equal from run to run.
    """
    return _received(message, channel, "message")


def subscribe(topic: str) -> Subscription:
    """Say that an agent listens to a topic; open what comes with the subscription's `receive`."""
    at = standing()
    if at is not None:
        at.note(Event(name="subscribe", attributes={names.MESSAGE_CHANNEL: topic}))
    return Subscription(topic=topic)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One agent's subscription to a topic."""

    topic: str

    def receive(self, message: Envelope | object) -> Any:
        """Say that what was published is received, and give what it says."""
        return _received(message, self.topic, "publish")


def marked(
    at: Standing,
    verb: str,
    channel: str,
    attributes: Mapping[str, Value],
    *,
    wire_kind: WireKind,
    link: Link | None = None,
) -> Span:
    """Write the span of one message down, where the caller stands."""
    name = f"{verb} {channel}"
    position, span_id = at.mint("message", name)
    now, lane = at.now_ns(), at.frame.lane
    span = Span(
        id=span_id,
        parent=at.frame.span,
        name=name,
        kind=SpanKind.MESSAGE,
        operation=name,
        wire_kind=wire_kind,
        position=position,
        lane=lane.path,
        seq=lane.seq,
        end_seq=lane.seq,
        start_ns=now,
        end_ns=now,
        status=Status(code=OK),
        agent=at.frame.agent,
        task=at.frame.task,
        attributes={**attributes, names.MESSAGE_CHANNEL: channel, **sent_along(at.frame)},
        links=() if link is None else (link,),
        site=site(),
    )
    at.note(span)
    return span


def _sent(
    channel: str, content: object, relationship: str, *, to: str | None, performative: str
) -> Envelope:
    at = standing()
    if at is None:
        return Envelope(content=content, channel=channel, relationship=relationship)
    verb = "publish" if relationship == "publish" else "send"
    form = known(
        f"{verb}({channel!r})",
        said(
            **{
                names.MESSAGE_CONTENT: content,
                names.MESSAGE_PERFORMATIVE: performative,
                names.MESSAGE_RECIPIENT: to,
            }
        ),
    )
    span = marked(at, verb, channel, form, wire_kind=WireKind.PRODUCER)
    envelope = Envelope(
        content=content,
        channel=channel,
        id=span.id,
        trace=trace_id(at.door.run.name),
        message=span.position,
        relationship=relationship,
        baggage=at.frame.baggage,
    )
    _on_its_way(at, channel, form.get(names.MESSAGE_CONTENT)).append(envelope)
    return envelope


def _received(message: Envelope | object, channel: str | None, relationship: str) -> Any:
    content = message.content if isinstance(message, Envelope) else message
    at = standing()
    if at is None:
        return content
    channel = channel or (message.channel if isinstance(message, Envelope) else "")
    form = known(f"receive({channel!r})", {names.MESSAGE_CONTENT: content})
    envelope = _found(at, message, channel, form[names.MESSAGE_CONTENT], relationship)
    link: Link | None = None
    here = trace_id(at.door.run.name)
    if envelope is not None and envelope.id:
        trace = None if envelope.trace == here else envelope.trace
        link = Link(span=envelope.id, relationship=envelope.relationship, trace=trace)
    span = marked(at, "receive", channel, form, wire_kind=WireKind.CONSUMER, link=link)
    if envelope is not None and link is not None and link.trace is None:
        at.note(
            Delivery(
                receive=span.position,
                message=envelope.message,
                channel=channel,
                content=digest(form[names.MESSAGE_CONTENT]),
            )
        )
    return content


def _found(
    at: Standing, message: object, channel: str, content: Value, relationship: str
) -> Envelope | None:
    """The received envelope: itself, or the oldest one on its way that says the same."""
    waiting = _on_its_way(at, channel, content)
    if isinstance(message, Envelope):
        if message in waiting and relationship == "message":
            waiting.remove(message)
        return message
    if not waiting:
        return None
    return waiting[-1] if relationship == "publish" else waiting.pop(0)


def _on_its_way(at: Standing, channel: str, content: Value) -> list[Envelope]:
    sent: dict[tuple[str, bytes], list[Envelope]] = at.door.kept.setdefault("messages", {})
    return sent.setdefault((channel, digest(content)), [])
