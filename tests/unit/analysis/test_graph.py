"""Who led whom to something: each interaction is found once, and the shapes are what they are."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings

from agenttrace.analysis.graph import InteractionGraph
from agenttrace.analysis.interactions import Interaction
from agenttrace.analysis.ranks import Ranks
from agenttrace.causal.order import Order
from agenttrace.check.fitting import place_of
from agenttrace.errors import NothingSelected, NotRecorded, TeamFailed, UsageError
from agenttrace.formats.files import trace_at
from agenttrace.model import names
from agenttrace.model.lane import Delivery, Lane, Step
from agenttrace.model.span import Event, Fidelity, Link, Span, SpanKind, WireKind
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, Usage
from tests.fakes.by_hand import ByHand
from tests.fakes.campaign import times
from tests.fakes.causal_traces import Play, plays
from tests.fakes.made_teams import a_team, skewed
from tests.fakes.rough_teams import rough, talkers
from tests.oracles import interactions as oracle
from tests.oracles.happens_before import happens_before

GOLDENS = sorted((Path(__file__).parents[3] / "examples").glob("*/golden/**/*.trace"))
SEEDS = range(times(150, 3_000))
KINDS = ("message", "publish", "blackboard", "stigmergy", "handoff", "tool-as-agent", "subagent")


@cache
def made(seed: int) -> Trace:
    """A team, every fourth one of two who talk; many are told as no code of ours tells them.

    Of every third run the clocks disagree, and every fifth has lost its lanes.
    """
    chance = random.Random(seed)
    trace = a_team(seed, deeds=60) if seed % 4 else talkers(seed)
    if seed % 3 == 0:
        trace = skewed(trace, chance)
    if seed % 5 == 0:
        trace = replace(trace, lanes=(), deliveries=())
    return rough(trace, chance) if seed % 2 else trace


def row(one: Interaction) -> tuple[object, ...]:
    """An interaction: whose it is, its ends, and which lane took it out of a queue."""
    ends = (None if it is None else it.id for it in (one.cause, one.effect))
    lane = None if one.received is None else one.received[0]
    return (one.kind, one.source, one.target, *ends, lane)


def told(one: oracle.Row) -> tuple[object, ...]:
    """The same of the oracle's."""
    return (*one[:5], None if one.queued is None else oracle.receiver(one.queued))


# -- against the oracles --------------------------------------------------------------------------
def test_interactions_are_those_of_the_definition() -> None:
    """With their sizes, tokens and latencies, and a reason for each of these that is not known."""
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        trace = made(seed)
        found, wanted = InteractionGraph(trace).interactions, oracle.interactions(trace)
        assert Counter(map(row, found)) == Counter(map(told, wanted)), seed
        place = {span.id: number for number, span in enumerate(trace.spans)}
        places = [place[one.effect.id] for one in found if one.effect is not None]
        assert places == sorted(places)
        by_row = {told(one): one for one in wanted}
        for one in found:
            same = by_row[row(one)]
            said = oracle.content(trace, same)
            measured = {
                "size_bytes": None if said is ... else oracle.size(said),
                "tokens": oracle.tokens(trace, same, wanted),
                "latency_ns": oracle.latency(trace, same),
            }
            assert {name: getattr(one, name) for name in measured} == measured, seed
            assert [*one.unknown] == [name for name, it in measured.items() if it is None]
            seen[one.kind] += 1
            seen["queue"] += one.received is not None
            seen.update(f"unknown {name}" for name in one.unknown)
    rare = {name: seen[name] for name in (*KINDS, "queue") if seen[name] < len(SEEDS) // 15}
    assert not rare
    assert min(seen[f"unknown {name}"] for name in ("size_bytes", "tokens", "latency_ns")) > 9


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda it: it.stem)
def test_recorded_runs_have_the_interactions_of_the_definition(golden: Path) -> None:
    """Of every example: real frameworks, pools of workers, boards, topics and markets."""
    trace, _ = trace_at(golden)
    graph, wanted = InteractionGraph(trace), oracle.interactions(trace)

    assert Counter(map(row, graph.interactions)) == Counter(map(told, wanted))
    by_row = {told(one): one for one in wanted}
    for one in graph.interactions:
        same = by_row[row(one)]
        assert one.tokens == oracle.tokens(trace, same, wanted)
        assert one.latency_ns == oracle.latency(trace, same)
    assert [(one.span.id, one.agent, one.kind) for one in graph.unread] == oracle.unread(trace)
    assert [tuple(map(row, one.interactions)) for one in graph.chatter] == [
        tuple(map(told, one)) for one in oracle.chatter(trace)
    ]


def test_what_goes_out_comes_in() -> None:
    """Every agent's interactions are counted at both ends, and channels hold each once."""
    for seed in SEEDS:
        trace = made(seed)
        graph, rows = InteractionGraph(trace), oracle.interactions(trace)
        doers = [oracle.doer(trace, span) for span in trace.spans]
        told_of = {one.id for one in trace.agents} | {one for one in doers if one is not None}
        assert {
            name: (one.spans, one.sent, one.received, one.reaches, one.reached_by)
            for name, one in graph.nodes.items()
        } == {
            name: (
                doers.count(name),
                sum(one.source == name for one in rows),
                sum(one.target == name for one in rows),
                tuple(sorted({one.target for one in rows if one.source == name})),
                tuple(sorted({one.source for one in rows if one.target == name})),
            )
            for name in told_of
        }
        assert Counter(
            (one.source, one.target, one.kind) for one in graph.channels for _ in one.interactions
        ) == Counter((one.source, one.target, one.kind) for one in rows)


def test_a_channel_sums_what_is_known_of_all_and_nothing_else() -> None:
    """One message of unknown size makes the sum unknown, and the text says of how many."""
    for seed in SEEDS:
        for one in InteractionGraph(made(seed)).channels:
            for name in ("size_bytes", "tokens"):
                each = [getattr(it, name) for it in one.interactions]
                assert getattr(one, name) == (None if None in each else sum(each))
                assert (name in one.unknown) == (None in each)
            latencies = [it.latency_ns for it in one.interactions]
            assert list(one.latencies_ns) == [it for it in latencies if it is not None]
            assert ("latencies_ns" in one.unknown) == (None in latencies)


def test_single_points_are_those_without_whom_there_are_more_groups() -> None:
    """By leaving each agent out, and counting; and the parts are what is left."""
    seen = 0
    for seed in SEEDS:
        graph = InteractionGraph(made(seed))
        pairs = {(one.source, one.target) for one in oracle.interactions(made(seed))}
        points = {one.agent: set(map(frozenset, one.parts)) for one in graph.single_points}
        assert points == {
            one: oracle.parts(graph.nodes, pairs, one)
            for one in oracle.single_points(graph.nodes, pairs)
        }
        seen += len(points)
    assert seen > len(SEEDS) // 10


@pytest.mark.parametrize("size", [9, 14])
def test_single_points_of_graphs_of_any_shape(size: int) -> None:
    """Rings, trees, several at once: as networkx finds them."""
    for seed in SEEDS:
        shape = nx.gnm_random_graph(size, size + seed % 4 - 1, seed=seed)
        trace = talking(*((str(one), str(two)) for one, two in shape.edges))
        points = {one.agent for one in InteractionGraph(trace).single_points}
        assert points == set(map(str, nx.articulation_points(shape)))


def test_ranks_keep_to_what_happened_before() -> None:
    """Lamport's condition: what happens before something has a lower rank."""
    for seed in range(times(30, 1_000)):
        trace = a_team(seed, deeds=25)
        trace = replace(trace, deliveries=tuple(it for it in trace.deliveries if not it.sent))
        ranks = Ranks(trace)
        by_id = {span.id: span for span in trace.spans}
        for one, two in happens_before(only_marked(trace)):
            assert ranks.of(by_id[one]) < ranks.of(by_id[two])


@given(play=plays())
@settings(max_examples=times(30, 1_000))
def test_ranks_keep_to_the_order_of_any_program(play: Play) -> None:
    """Joins, links and messages of made-up programs, whatever they do."""
    trace = play.trace()
    ranks, order = Ranks(trace), Order(trace)
    for one, two in itertools.permutations(trace.spans, 2):
        if order.happens_before(one, two):
            assert ranks.of(one) < ranks.of(two)


def only_marked(trace: Trace) -> Trace:
    """Without the messages that only a queue knows of."""
    at = {span.position for span in trace.spans}
    return replace(trace, deliveries=tuple(one for one in trace.deliveries if one.receive in at))


def test_chatter_is_every_row_to_and_fro_without_a_change() -> None:
    """By messages and through queues, with lanes and without, and with clocks that disagree."""
    seen: Counter[str] = Counter()
    for seed in range(times(120, 3_000)):
        trace = talkers(seed)
        found = InteractionGraph(trace).chatter
        assert Counter(tuple(map(row, one.interactions)) for one in found) == Counter(
            tuple(map(told, one)) for one in oracle.chatter(trace)
        ), seed
        for one in found:
            first, second = one.agents
            assert {first, second} == {it.source for it in one.interactions}
            tells = [oracle.tells_of_state(trace, who) for who in one.agents]
            assert ("state" in one.unknown) != any(tells)
            seen["chatter"] += 1
            seen["a queue"] += any(it.received is not None for it in one.interactions)
            seen["no lanes"] += not trace.lanes
            seen["states"] += any(tells)
    assert min(seen[it] for it in ("chatter", "a queue", "no lanes", "states")) > 9, seen


def test_what_is_told_again_and_what_is_never_read() -> None:
    """By comparing all with all."""
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        trace = made(seed)
        graph = InteractionGraph(trace)
        never = [(one.span.id, one.agent, one.kind) for one in graph.unread]
        assert never == oracle.unread(trace)
        again = Counter(
            (one.source, frozenset(Counter(map(row, one.interactions)).items()))
            for one in graph.redundant
        )
        assert again == Counter(
            (source, frozenset(Counter(map(told, each)).items()))
            for source, each in oracle.redundant(trace, oracle.interactions(trace))
        ), seed
        for one in graph.redundant:
            assert one.targets == tuple(sorted({it.target for it in one.interactions}))
        seen.update(kind for _, _, kind in never)
        seen["again"] += len(graph.redundant)
    assert min(seen[it] for it in ("message", "publish", "blackboard", "again")) > 9, seen


def talking(*pairs: tuple[str, str], **more: object) -> Trace:
    """Agents who send each other messages, in a row; each is read at once."""
    hand = ByHand()
    hand.span("run", "run", at=(0, 10 * len(pairs)))
    for number, (source, target) in enumerate(pairs):
        said = {names.MESSAGE_CONTENT: f"message {number}"}
        hand.span(
            f"send {number}",
            "message",
            at=(10 * number, 10 * number),
            inside="run",
            agent=source,
            wire_kind=WireKind.PRODUCER,
            attributes=said,
        )
        hand.span(
            f"receive {number}",
            "message",
            at=(10 * number + 3, 10 * number + 3),
            inside="run",
            links={f"send {number}": "message"},
            agent=target,
            wire_kind=WireKind.CONSUMER,
            attributes=said,
            **more,
        )
    return hand.trace()


# -- by hand --------------------------------------------------------------------------------------
def supervised() -> Trace:
    """A lead asks two workers through tools."""
    hand = ByHand()
    hand.span("run", "run", at=(0, 100))
    hand.span("lead", "agent", at=(0, 100), inside="run", agent="lead")
    for number, (start, used) in enumerate([(10, 30), (40, 12)], 1):
        asked = {"city": "Oslo" if number == 1 else "Rome"}
        hand.span(
            f"ask {number}",
            "tool",
            at=(start, start + 20),
            inside="lead",
            agent="lead",
            question=asked,
            digest=b"1" * 16,
        )
        hand.span(
            f"work {number}", "agent", at=(start + 2, start + 18), inside=f"ask {number}",
            agent=f"worker {number}",
        )  # fmt: skip
        hand.span(
            f"chat {number}",
            "llm",
            at=(start + 4, start + 10),
            inside=f"work {number}",
            agent=f"worker {number}",
            usage=Usage(models={"m": Tokens(input=used - 5, output=5)}),
        )
    return hand.trace()


def test_an_agent_behind_a_tool() -> None:
    """What it was asked has a size, what it spent has tokens, and what it took to begin a time."""
    graph = InteractionGraph(supervised())

    assert [
        (one.source, one.target, one.kind, one.count, one.size_bytes, one.tokens, one.latencies_ns)
        for one in graph.channels
    ] == [
        ("lead", "worker 1", "tool-as-agent", 1, 15, 30, (2,)),
        ("lead", "worker 2", "tool-as-agent", 1, 15, 12, (2,)),
    ]
    assert [(one.agent, one.parts) for one in graph.single_points] == [
        ("lead", (("worker 1",), ("worker 2",)))
    ]
    assert graph.nodes["lead"].reaches == ("worker 1", "worker 2")
    assert [one.channel for one in graph.interactions] == ["ask 1", "ask 2"]


def test_messages_to_and_fro() -> None:
    """Two rounds of nothing, and what a change of state does to it."""
    trace = talking(("a", "b"), ("b", "a"), ("a", "b"), ("b", "a"))
    (row,) = InteractionGraph(trace).chatter

    assert (row.agents, len(row.interactions)) == (("a", "b"), 4)
    assert row.unknown == {"state": "not recorded: neither agent says what it knows"}
    third = trace.spans[4]
    changed = replace(third, events=(Event(name="state_change", at_ns=third.start_ns),))
    moved = replace(trace, spans=(*trace.spans[:4], changed, *trace.spans[5:]))
    assert InteractionGraph(moved).chatter == ()
    (one,) = {one.size_bytes for one in InteractionGraph(trace).interactions}
    assert one == len("message 0")


def test_a_board_that_nobody_reads() -> None:
    """Three writes, one of them read by another agent, one by nobody."""
    hand = ByHand()
    hand.span("run", "run", at=(0, 100))
    board = {names.MESSAGE_CHANNEL: "plan"}
    for number, (who, key, value) in enumerate([("a", "x", 1), ("a", "y", 22), ("b", "z", 3)]):
        said = {names.MESSAGE_KEY: key, names.MESSAGE_CONTENT: value, **board}
        hand.span(
            f"write {key}", "message", at=(10 * number, 10 * number), inside="run", agent=who,
            attributes=said, wire_kind=WireKind.PRODUCER,
        )  # fmt: skip
    hand.span("r1", "message", at=(50, 50), inside="run", agent="b", attributes=board,
              links={"write y": "blackboard"}, wire_kind=WireKind.CONSUMER)  # fmt: skip
    hand.span("r2", "message", at=(60, 60), inside="run", agent="b", attributes=board,
              links={"write z": "blackboard"}, wire_kind=WireKind.CONSUMER)  # fmt: skip
    graph = InteractionGraph(hand.trace())

    (one,) = graph.interactions
    assert (one.kind, one.source, one.target, one.channel) == ("blackboard", "a", "b", "plan")
    assert (one.size_bytes, one.latency_ns, one.tokens) == (2, 40, None)
    assert one.unknown == {"tokens": "not recorded: a message has no tokens of its own"}
    assert [(it.span.name, it.agent, it.kind) for it in graph.unread] == [
        ("write x", "a", "blackboard")
    ]


def test_a_message_in_a_queue_that_a_verb_marked_counts_once() -> None:
    """The queue and the verb tell of the same message; the verb says more."""
    lanes = (Lane(path=()), Lane(path=(W,), parent=(), spawn_seq=1))
    run = Span(id="1" * 16, name="run", kind="run", end_seq=5)  # type: ignore[arg-type]
    sent = at(run, "2", "message", 2, agent="a", wire_kind=WireKind.PRODUCER)
    read = replace(
        at(run, "3", "message", 1, agent="b"), lane=(W,), position=(W, Step("m", "r", 0))
    )
    link = replace(read, links=(Link(span=sent.id, relationship="message"),))
    queue = Delivery(
        receive=(W, Step("receive", "q", 0)), message=(Step("message", "q", 0),), sent=2
    )
    trace = Trace(id="1" * 32, name="q", spans=(run, sent, link), lanes=lanes, deliveries=(queue,))

    assert [row(one) for one in InteractionGraph(trace).interactions] == [
        ("message", "a", "b", sent.id, read.id, None)
    ]


def test_an_agent_elsewhere_spends_nobody_knows_what() -> None:
    """A remote agent is answered whole, and its models are not in the trace; that is no 0."""
    hand = ByHand()
    hand.span("run", "run", at=(0, 9))
    hand.span("plan", "agent", inside="run", agent="planner")
    hand.span("chat", "llm", inside="plan", usage=Usage(models={"m": Tokens(input=3)}))
    hand.span("ask", "agent", inside="plan", agent="far", digest=b"1" * 16, question="sun?")
    (one,) = InteractionGraph(hand.trace()).interactions

    assert (one.kind, one.size_bytes, one.tokens) == ("subagent", 4, None)
    assert one.unknown == {"tokens": "not recorded: the agent acts elsewhere"}


def through_queues(turns: int) -> Trace:
    """Two agents in lanes of their own; each puts something into a queue when it has got one."""
    paths = {who: (Step("task", who, 0),) for who in ("a", "b")}
    run = Span(id="1" * 16, name="run", kind=SpanKind.RUN, end_seq=3)
    spans = [
        Span(
            id=digit * 16, name=who, kind=SpanKind.AGENT, agent=who, parent=run.id, lane=paths[who],
            position=(*paths[who], Step("agent", who, 0)), seq=1, end_seq=9,
        )
        for who, digit in (("a", "2"), ("b", "3"))
    ]  # fmt: skip
    deliveries = []
    for turn in range(turns):
        sender, receiver = ("ab", "ba")[turn % 2]
        heard = turn // 2
        deliveries.append(
            Delivery(
                receive=(*paths[receiver], Step("receive", "q", heard)),
                message=(*paths[sender], Step("message", "q", heard)),
                seq=1,
                sent=1,
                heard=(turn + 1) // 2 if sender == "a" else heard + 1,
            )
        )
    lanes = [Lane(path=path, parent=(), spawn_seq=1) for path in paths.values()]
    return Trace(
        id="1" * 32,
        name="queues",
        spans=(run, *spans),
        lanes=(Lane(path=()), *lanes),
        deliveries=tuple(sorted(deliveries, key=lambda one: one.receive)),
    )


def test_to_and_fro_through_queues_is_in_the_order_of_the_receiving() -> None:
    """All happens inside one span of each agent, whose begins say nothing of the order."""
    (found,) = InteractionGraph(through_queues(6)).chatter

    assert [one.source for one in found.interactions] == ["a", "b"] * 3


def test_a_change_is_when_it_is_told_not_when_its_span_began() -> None:
    """In a trace of another system, a long span of an agent holds events of any time."""
    trace = talking(("a", "b"), ("b", "a"), ("a", "b"), ("b", "a"))

    def told(at_ns: int) -> Trace:
        event = Event(name="state_change", at_ns=at_ns)
        whole = Span(
            id="a" * 16, name="a", kind=SpanKind.AGENT, agent="a", end_ns=40, events=(event,)
        )
        return replace(trace, spans=(*trace.spans, whole))

    assert InteractionGraph(told(20)).chatter == ()
    assert len(InteractionGraph(told(1)).chatter) == 1


@pytest.mark.parametrize("kind", ["llm", "message"])
def test_what_an_agent_says_itself_was_not_told_to_it(kind: str) -> None:
    """A prompt, or a message, of an agent that acts inside another one's span."""
    hand = ByHand()
    hand.span("a", "agent", at=(0, 9), agent="a")
    said = {names.MESSAGE_CONTENT: "why?"}
    for number in (1, 2):
        hand.span(
            f"own {number}", kind, at=(number, number), inside="a", agent="b", question="why?",
            digest=b"1" * 16, wire_kind=WireKind.PRODUCER, attributes=said,
        )  # fmt: skip
    graph = InteractionGraph(hand.trace())

    assert [(one.kind, one.size_bytes) for one in graph.interactions] == [("subagent", None)] * 2
    assert graph.redundant == ()


@pytest.mark.parametrize(
    ("about", "size"),
    [
        ({"question": "draw it"}, 7),
        ({}, 4),
        ({"question": "draw", "fidelity": {"question": Fidelity.TRUNCATED}}, None),
    ],
)
def test_what_was_cut_short_has_no_size(about: dict[str, Any], size: int | None) -> None:
    """And of a tool of which no arguments were recorded the agent's task is what it was told."""
    hand = ByHand()
    hand.span("a", "agent", at=(0, 9), agent="a")
    hand.span("ask", "tool", at=(1, 8), inside="a", agent="a", **about)
    hand.span("b", "agent", at=(2, 7), inside="ask", agent="b", task="draw")
    (one,) = InteractionGraph(hand.trace()).interactions

    assert (one.kind, one.size_bytes) == ("tool-as-agent", size)


def test_a_link_that_is_written_down_twice_is_one() -> None:
    """Some exporters repeat them; what differs in an attribute is another one."""
    trace = talking(("a", "b"))
    (link,) = trace.spans[2].links
    other = replace(link, attributes={"message.id": "2"})

    def linked(*links: Link) -> int:
        spans = (*trace.spans[:2], replace(trace.spans[2], links=links))
        return len(InteractionGraph(replace(trace, spans=spans)).interactions)

    assert (linked(link, link), linked(link, other)) == (1, 2)


def test_one_message_to_two_is_told_once() -> None:
    """Two messages of the same words are told twice."""
    trace = talking(("a", "b"), ("a", "c"))
    said = {names.MESSAGE_CONTENT: "go"}
    spans = [replace(one, attributes=said) for one in trace.spans]
    link = Link(span=spans[1].id, relationship="message")
    once = replace(trace, spans=(*spans[:4], replace(spans[4], links=(link,))))

    assert InteractionGraph(once).redundant == ()
    (again,) = InteractionGraph(replace(trace, spans=tuple(spans))).redundant
    assert again.targets == ("b", "c")


def test_a_link_to_another_trace_reads_nothing_of_this_one() -> None:
    """Ids of spans are their own trace's."""
    trace = talking(("a", "b"))
    (link,) = trace.spans[2].links
    away = replace(trace.spans[2], links=(replace(link, trace="e" * 32),))
    graph = InteractionGraph(replace(trace, spans=(*trace.spans[:2], away)))

    assert graph.interactions == ()
    assert [one.span.name for one in graph.unread] == ["send 0"]


# -- what a test says -----------------------------------------------------------------------------
def test_who_talks_to_whom_is_asserted_by_name() -> None:
    """Both ways round; a name that means nobody is an error, above all where nothing is found."""
    graph = InteractionGraph(supervised())

    assert graph.talks("lead", "worker*")
    assert graph.talks("lead", "worker 1", kind="tool-as-agent")
    assert graph.never_talks("worker 1", "worker 2")
    assert graph.never_talks("lead", "worker 1", kind="message")
    with pytest.raises(TeamFailed, match="worker 1 never talks to lead") as error:
        graph.talks("worker 1", "lead")
    assert "instead   lead -> worker 1  tool-as-agent on ask 1, work 1 at 000" in str(error.value)
    with pytest.raises(TeamFailed, match="lead talks to worker 2 by tool-as-agent, once"):
        graph.never_talks("lead", "worker 2", kind="tool-as-agent")
    with pytest.raises(NothingSelected, match="nearest   worker 1"):
        graph.never_talks("lead", "worker1")


def test_shapes_are_asserted_and_the_message_says_where_they_are() -> None:
    """Each has its own words, and what may be is said by name."""
    graph = InteractionGraph(supervised())

    assert graph.fans_out_at_most(2)
    assert graph.fans_out_at_most(0, "worker*")
    assert graph.has_no_single_point(but="lead")
    assert graph.never_chatters()
    assert graph.never_asks_twice()
    with pytest.raises(TeamFailed, match="lead to 2: worker 1, worker 2"):
        graph.fans_out_at_most(1)
    with pytest.raises(TeamFailed, match=r"lead parts worker 1 \| worker 2"):
        graph.has_no_single_point()
    with pytest.raises(NotRecorded, match="whether everything was read"):
        graph.reads_everything()
    loop = InteractionGraph(talking(*[("a", "b"), ("b", "a")] * 2))
    with pytest.raises(TeamFailed, match="a and b, 4 times: a -> b  message, receive 0"):
        loop.never_chatters()
    assert loop.reads_everything()


def test_what_is_asked_again_and_what_is_not_read_are_listed() -> None:
    """Each time of the one, each message of the other."""
    twice = talking(("a", "b"), ("a", "c"))
    said = {names.MESSAGE_CONTENT: "the same"}
    same = replace(twice, spans=tuple(replace(one, attributes=said) for one in twice.spans))
    graph = InteractionGraph(same)

    assert graph.never_asks_twice("b")
    with pytest.raises(TeamFailed, match="the same was asked again, once") as error:
        graph.never_asks_twice()
    assert "a -> c  message, receive 1" in str(error.value)
    deaf = replace(same, spans=tuple(replace(one, links=()) for one in same.spans))
    with pytest.raises(TeamFailed, match="2 never read by message"):
        InteractionGraph(deaf).reads_everything("message")
    with pytest.raises(NotRecorded, match="everything was read by publish: nobody knows") as unsaid:
        InteractionGraph(deaf).reads_everything("publish")
    assert "no verb published anything" in str(unsaid.value)


def test_what_is_never_read_is_named_with_its_key_and_its_place() -> None:
    """Of a board it is the entry that tells one write from the others."""
    hand = ByHand()
    for number, key in enumerate(["used", "unused"]):
        hand.span(
            f"write {key}",
            "message",
            at=(number, number),
            wire_kind=WireKind.PRODUCER,
            attributes={names.MESSAGE_KEY: key},
        )
    hand.span("read", "message", at=(3, 3), links={"write used": "blackboard"})
    trace = hand.trace()
    renamed = tuple(replace(one, name="write river") for one in trace.spans)

    with pytest.raises(TeamFailed, match="1 never read") as error:
        InteractionGraph(replace(trace, spans=renamed)).reads_everything()
    assert f"  unread    blackboard: write river[unused] by nobody at {place_of(renamed[1])}\n" in (
        str(error.value)
    )


def test_a_misspelt_kind_is_an_error_also_where_nothing_is_found() -> None:
    """Or what never happens, and is all read, would hold for ever."""
    graph = InteractionGraph(supervised())
    said = InteractionGraph(talking(("a", "b"), ("b", "a")))

    for asks in (graph.talks, graph.never_talks):
        with pytest.raises(UsageError, match="no interaction is of the kind 'blackbord'") as error:
            asks("lead", "worker*", kind="blackbord")
        assert "nearest   blackboard\n  there are message, publish" in str(error.value)
    with pytest.raises(UsageError, match="nearest   blackboard\n  there are message, publish, b"):
        said.reads_everything("blackbord")


def test_a_kind_may_be_the_word_of_a_link() -> None:
    """A link says whatever its code says; only in a trace that says so is that word known."""
    trace = talking(("a", "b"))
    (link,) = trace.spans[2].links
    asked = replace(trace.spans[2], links=(replace(link, relationship="asked"),))
    graph = InteractionGraph(replace(trace, spans=(*trace.spans[:2], asked)))

    assert graph.talks("a", "b", kind="asked")
    assert graph.never_talks("b", "a", kind="asked")
    with pytest.raises(UsageError, match="no interaction is of the kind 'asked'"):
        InteractionGraph(trace).never_talks("b", "a", kind="asked")


# -- for others -----------------------------------------------------------------------------------
HOSTILE = 'x"];a->b;//\\<script>\x1b[31m'


def test_a_hostile_name_stays_a_name() -> None:
    """In Graphviz and Mermaid alike, whatever quotes, brackets and signs it has."""
    graph = InteractionGraph(talking((HOSTILE, "b")))

    dot, mermaid = graph.to_dot(), graph.to_mermaid()
    assert dot.splitlines()[3:] == [
        '  "b";',
        '  "x\\"];a->b;//\\\\<script>\\\\x1b[31m";',
        '  "x\\"];a->b;//\\\\<script>\\\\x1b[31m" -> "b" [label="message x1, 9 B"];',
        "}",
    ]
    assert mermaid.splitlines() == [
        "graph LR",
        '  a0["b"]',
        '  a1["x#34;#93;#59;a-#62;b#59;//#92;#60;script#62;#92;x1b#91;31m"]',
        '  a1 -->|"message x1, 9 B"| a0',
    ]


def test_the_graph_goes_to_networkx_and_to_json_alike() -> None:
    """With everything that is known of an agent and a channel, and the ids of their spans."""
    graph = InteractionGraph(supervised())

    told = graph.as_dict()
    theirs = graph.to_networkx()

    assert [*theirs.nodes] == [one["id"] for one in told["agents"]] == [*graph.nodes]
    assert [
        {"source": source, "target": target, **data}
        for source, target, data in theirs.edges(data=True)
    ] == told["channels"]
    first = told["channels"][0]
    assert (first["count"], first["latency_max_ns"], first["unknown"]) == (1, 2, {})
    assert first["spans"] == [{"cause": "3".zfill(16), "effect": "4".zfill(16)}]
    assert json.loads(json.dumps(told)) == told


# -- bad input ------------------------------------------------------------------------------------
def test_a_trace_without_agents_has_an_empty_graph() -> None:
    """It is no error to look; to say something of it is one."""
    graph = InteractionGraph(Trace(id="1" * 32, name="nobody"))

    assert (graph.nodes, graph.channels, graph.single_points) == ({}, (), ())
    assert graph.as_dict() == {"agents": [], "channels": []}
    for says in (graph.never_chatters, graph.has_no_single_point, graph.never_asks_twice):
        with pytest.raises(NothingSelected):
            says()


def test_circles_of_links_are_answered() -> None:
    """Foreign traces may hold them: two agents that each led to the other."""
    trace = talking(("a", "b"), ("b", "a"))
    spans = [*trace.spans]
    spans[1] = replace(spans[1], links=(Link(span=spans[4].id), Link(span=spans[2].id)))
    graph = InteractionGraph(replace(trace, spans=tuple(spans)))

    assert len(graph.interactions) == 3
    assert graph.chatter == ()
    ranks = Ranks(graph.team.trace)
    assert all(ranks.of(span) >= 0 for span in spans)


def test_ten_thousand_agents_are_a_graph_like_any_other() -> None:
    """A ring of them has no single point; cut open, each but the ends is one."""
    size = times(1_000, 10_000)
    people = [f"agent {number}" for number in range(size)]
    ring = talking(*itertools.pairwise([*people, people[0]]))
    row = replace(ring, spans=ring.spans[:-2])

    assert InteractionGraph(ring).single_points == ()
    assert len(InteractionGraph(row).single_points) == size - 2


W = Step("task", "worker", 0)


def at(run: Span, digit: str, kind: str, seq: int, **more: object) -> Span:
    """A span of the run's own lane."""
    return Span(
        id=digit * 16,
        name=kind,
        kind=kind,  # type: ignore[arg-type]
        parent=run.id,
        position=(Step("m", digit, 0),),
        seq=seq,
        end_seq=seq,
        **more,  # type: ignore[arg-type]
    )
