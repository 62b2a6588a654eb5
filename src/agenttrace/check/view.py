"""View: one trace with what questions about it need again and again, each worked out once."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from agenttrace.causal.delivery.edges import edges
from agenttrace.causal.order import Order
from agenttrace.causal.sequence import reading_order
from agenttrace.check.sides import spoken
from agenttrace.model import names

if TYPE_CHECKING:
    from agenttrace.model.lane import Position
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace
    from agenttrace.model.values import Value


class Reading(Protocol):
    """Understands what models say; `providers` does."""

    def words(self, span: Span) -> str | None:
        """What a model call was answered, in words; None: it is no model's answer we understand."""
        ...

    def tools_asked(self, span: Span) -> tuple[tuple[str, str], ...]:
        """The tools that a model's answer asks for: each name, and the id of the call or empty."""
        ...


class Unread:
    """Understands no model: answers are what their bytes say."""

    def words(self, span: Span) -> str | None:
        """Nothing is understood."""

    def tools_asked(self, span: Span) -> tuple[tuple[str, str], ...]:
        """No tool is known to be asked for."""
        return ()


class View:
    """One trace, looked at.

    Attributes:
        trace: The trace.
        order: Its causal order.
        golden: A view of what it is held against; None: nothing.
        time: What its times are: `recorded`, `virtual` (a replay's) or `real`.
    """

    def __init__(
        self,
        trace: Trace,
        reading: Reading | None = None,
        *,
        golden: Trace | None = None,
        time: str = "recorded",
    ) -> None:
        """Take a trace, and who understands its models; nothing is worked out yet."""
        self.trace = trace
        self.golden = None if golden is None else View(golden, reading)
        self.time = time
        self.order = Order(trace)
        self._reading: Reading = Unread() if reading is None else reading

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """The spans as a person reads them: the run, then in causal order."""
        return reading_order(self.trace)

    @cached_property
    def by_id(self) -> dict[str, Span]:
        """The spans by id."""
        return {span.id: span for span in self.trace.spans}

    def above(self, span: Span) -> list[Span]:
        """The spans around a span, the innermost first."""
        found: list[Span] = []
        at = span.parent
        while at is not None and (around := self.by_id.get(at)) is not None:
            found.append(around)
            at = around.parent
        return found

    def value(self, span: Span) -> Value:
        """What a call gave back: a tool's value, a model's words, else text or bytes."""
        answer = span.answer
        if answer is None:
            return None
        words = self._reading.words(span)
        if words is not None:
            return words
        values = [spoken(span.kind, chunk.data) for chunk in answer.chunks]
        if answer.streamed:
            return values
        if len(values) == 1:
            return values[0]
        return values or None

    def agent_names(self, span: Span) -> tuple[str, ...]:
        """What the agent that did it is called: its id, then its name."""
        if span.agent is None:
            return ()
        return (span.agent, *self._names.get(span.agent, ()))

    def triggers(self, span: Span) -> tuple[Span, ...]:
        """What led to a span, by an edge that was recorded, nearest first.

        An edge is: the span stands inside another; a link; a message that its lane had received; a
        model's answer that asked for this tool. That one merely came before it is none.
        """
        found: dict[str, Span] = {}
        ahead = [span]
        while ahead:
            at = ahead.pop(0)
            for one, _ in self.led_to(at):
                if one.id not in found and one.id != span.id:
                    found[one.id] = one
                    ahead.append(one)
        return tuple(found.values())

    def led_to(self, span: Span) -> list[tuple[Span, str]]:
        """The recorded edges that lead right to a span: where from, and what sort of edge it is."""
        found = [(around, "stands around") for around in self.above(span)[:1]]
        found += [
            (self.by_id[link.span], f"is linked ({link.relationship}) to")
            for link in span.links
            if link.trace is None and link.span in self.by_id
        ]
        found += [
            (sent, "sent a message before")
            for seq, sent in self._received.get(span.lane, ())
            if seq <= span.seq and sent.id != span.id
        ]
        asker = self._asker(span)
        return found if asker is None else [*found, (asker, "asked for")]

    @cached_property
    def _names(self) -> dict[str, tuple[str, ...]]:
        return {one.id: (one.name,) for one in self.trace.agents if one.name != one.id}

    @cached_property
    def _received(self) -> dict[Position, list[tuple[float, Span]]]:
        """By lane, what its messages came from, each with the step at which it knew.

        A message of a queue has no span; it came from the last one that its sender had begun.
        """
        at = {span.position: span for span in self.trace.spans if span.position}
        found: dict[Position, list[tuple[float, Span]]] = defaultdict(list)
        for edge in edges(self.trace) if self.trace.deliveries else ():
            began = [one for one in self._in_lane.get(edge.sender, ()) if one.seq <= edge.sent]
            if began:
                found[edge.receiver].append((edge.seq, began[-1]))
        for delivery in self.trace.deliveries:
            sent = None if delivery.message is None else at.get(delivery.message)
            receive = at.get(delivery.receive)
            if sent is not None and receive is not None:
                found[receive.lane].append((receive.seq, sent))
        return found

    @cached_property
    def _in_lane(self) -> dict[Position, list[Span]]:
        found: dict[Position, list[Span]] = defaultdict(list)
        for span in sorted(self.trace.spans, key=lambda one: one.seq):
            found[span.lane].append(span)
        return found

    def _asker(self, span: Span) -> Span | None:
        """The model call whose answer asked for this tool: by its id, else the last by its name."""
        found = None
        wanted = span.attributes.get(names.TOOL_CALL_ID)
        for asker, name, call_id in self._asked:
            if wanted and call_id == wanted:
                return asker
            if name == span.operation and self.order.happens_before(asker, span):
                found = asker
        return found

    @cached_property
    def _asked(self) -> list[tuple[Span, str, str]]:
        """Every tool that a model's answer asks for: the call, the tool's name, the id or empty."""
        return [
            (span, name, call_id)
            for span in self.spans
            for name, call_id in self._reading.tools_asked(span)
        ]
