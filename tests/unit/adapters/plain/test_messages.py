"""Messages, topics, boards, delegation and headers: who had a part in what."""

from __future__ import annotations

from typing import Any

import pytest

import agenttrace
from agenttrace.causal.position import trace_id
from agenttrace.errors import UsageError
from agenttrace.model import names
from agenttrace.model.lane import Delivery
from agenttrace.model.span import Link, Span, WireKind
from agenttrace.model.trace import Trace
from agenttrace.model.values import digest
from tests.fakes.twice import traced, twice


def named(trace: Trace, name: str) -> list[Span]:
    """The spans of a name, in causal order."""
    return [span for span in trace.spans if span.name == name]


@pytest.mark.parametrize("travels", ["envelope", "content"])
def test_a_receive_is_linked_to_the_send(travels: str) -> None:
    """Whether the envelope travels, or the transport carries the content alone."""

    def agent() -> Any:
        envelope = agenttrace.send("orders", {"id": 1}, to="worker", performative="request")
        if travels == "envelope":
            return agenttrace.receive(envelope)
        return agenttrace.receive({"id": 1}, channel="orders")

    trace, given = traced(agent)
    sent, received = named(trace, "send orders")[0], named(trace, "receive orders")[0]

    assert given == {"id": 1}
    assert (sent.wire_kind, received.wire_kind) == (WireKind.PRODUCER, WireKind.CONSUMER)
    assert sent.attributes == {
        names.MESSAGE_CHANNEL: "orders",
        names.MESSAGE_CONTENT: {"id": 1},
        names.MESSAGE_PERFORMATIVE: "request",
        names.MESSAGE_RECIPIENT: "worker",
    }
    assert received.links == (Link(span=sent.id, relationship="message"),)
    assert trace.deliveries == (
        Delivery(
            receive=received.position,
            message=sent.position,
            channel="orders",
            content=digest({"id": 1}),
        ),
    )


def test_equal_messages_are_received_in_the_order_of_sending() -> None:
    """Each is received once; what nobody sent has no link."""

    def agent() -> None:
        agenttrace.send("orders", 1)
        agenttrace.send("orders", 1)
        for _ in range(3):
            agenttrace.receive(1, channel="orders")

    trace, _ = traced(agent)
    sent = [span.id for span in named(trace, "send orders")]

    assert [[link.span for link in span.links] for span in named(trace, "receive orders")] == [
        [sent[0]],
        [sent[1]],
        [],
    ]


def test_what_is_published_reaches_every_subscriber() -> None:
    """A publication is not used up by the first who hears it."""

    def agent() -> list[Any]:
        subscriptions = [agenttrace.subscribe("prices") for _ in range(2)]
        price = agenttrace.publish("prices", 7)
        return [subscriptions[0].receive(price), subscriptions[1].receive(7)]

    ran = twice(agent)
    published = named(ran.trace, "publish prices")[0]

    assert ran.recorded == ran.replayed == [7, 7]
    for span in named(ran.trace, "receive prices"):
        assert span.links == (Link(span=published.id, relationship="publish"),)


@pytest.mark.parametrize("relationship", ["blackboard", "stigmergy"])
def test_what_is_read_from_a_board_is_linked_to_who_wrote_it(relationship: str) -> None:
    """Each read names the version that it saw."""

    def agent() -> list[Any]:
        board = agenttrace.blackboard("plan", relationship=relationship)
        board.write("step", 1)
        first = board.read("step")
        board.write("step", 2)
        return [first, board.read("step"), board.read("nothing", None)]

    trace, given = traced(agent)
    written, read = named(trace, "write plan"), named(trace, "read plan")

    assert given == [1, 2, None]
    assert [span.attributes[names.MESSAGE_VERSION] for span in written] == [1, 2]
    assert [span.attributes[names.MESSAGE_VERSION] for span in read] == [1, 2, 0]
    assert [span.links for span in read] == [
        (Link(span=written[0].id, relationship=relationship),),
        (Link(span=written[1].id, relationship=relationship),),
        (),
    ]


def test_a_board_works_outside_a_run() -> None:
    """It is a dict that remembers who wrote; in production nobody asks."""
    board = agenttrace.blackboard("plan")

    assert (board.write("a", 1), board.write("a", 2), board.read("a"), board.read("b", 3)) == (
        1,
        2,
        2,
        3,
    )
    with pytest.raises(KeyError):
        board.read("b")


def test_the_phases_of_a_delegation_point_back() -> None:
    """Contract net: an award follows the bid of whom it is for, and no other's."""

    def agent() -> None:
        agenttrace.delegation("translate", phase="announcement", deadline=3)
        with agenttrace.agent("worker"):
            agenttrace.delegation("translate", phase="bid", bid=2)
        with agenttrace.agent("rival"):
            agenttrace.delegation("translate", phase="bid", bid=5)
        agenttrace.delegation("translate", phase="award", to="worker")
        agenttrace.delegation("translate", phase="rejection", to="rival")
        with agenttrace.agent("worker"):
            with agenttrace.delegation("translate", phase="execution"):
                agenttrace.event("tick")
            agenttrace.delegation("translate", phase="report", outcome="done")

    trace, _ = traced(agent)
    call = named(trace, "announcement translate")[0]
    bid, other = named(trace, "bid translate")
    award = named(trace, "award translate")[0]
    execution = named(trace, "execution translate")[0]

    assert bid.attributes == {
        names.DELEGATION_BID: 2,
        names.DELEGATION_PHASE: "bid",
        names.DELEGATION_TASK: "translate",
    }
    assert (bid.links, other.links) == ((Link(span=call.id, relationship="announced_by"),),) * 2
    assert award.links == (Link(span=bid.id, relationship="bid_by"),)
    assert named(trace, "rejection translate")[0].links == (
        Link(span=other.id, relationship="bid_by"),
    )
    assert execution.links == (Link(span=award.id, relationship="awarded_by"),)
    assert [event.name for event in execution.events] == ["tick"]
    assert named(trace, "report translate")[0].links == (
        Link(span=execution.id, relationship="executed_by"),
    )


def test_an_unknown_phase_is_refused() -> None:
    """A slip of the pen would be a task that never ends."""
    with pytest.raises(UsageError, match="a phase is one of announcement, bid"):
        agenttrace.delegation("translate", phase="bidding")


def test_headers_carry_who_calls() -> None:
    """What was injected is extracted, baggage and all; other headers stay."""

    def agent() -> tuple[str, dict[str, str], Any]:
        headers = {"accept": "*/*"}
        with agenttrace.span("call") as span:
            agenttrace.inject(headers, baggage={"user": "7"})
        return span.id, headers, agenttrace.extract(headers)

    _, (span, headers, remote) = traced(agent)

    assert headers["traceparent"] == f"00-{trace_id('a run')}-{span}-01"
    assert headers["accept"] == "*/*"
    assert (remote.id, remote.trace, remote.place) == (span, trace_id("a run"), "/")
    assert remote.baggage.get("user") == "7"


def test_a_caller_of_this_run_becomes_the_parent_and_a_strangers_is_linked() -> None:
    """A server in the test's own process belongs to the run; another trace is another."""

    @agenttrace.tool
    def look_up() -> int:
        return 1

    def agent() -> str:
        with agenttrace.span("call") as span:
            headers = agenttrace.inject()
        with agenttrace.extract(headers):
            look_up()
        with (
            agenttrace.span("server"),
            agenttrace.extract({"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}),
        ):
            look_up()
        return span.id

    trace, span = traced(agent)

    assert [call.parent for call in trace.calls] == [span, named(trace, "server")[0].id]
    assert named(trace, "server")[0].links == (Link(span="b" * 16, trace="a" * 32),)
