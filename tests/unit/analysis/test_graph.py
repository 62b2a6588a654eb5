"""Who led whom to something: each interaction is found once, and the shapes are what they are."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from dataclasses import replace

import networkx as nx
import pytest
from hypothesis import given, settings

from agenttrace.analysis.graph import InteractionGraph
from agenttrace.analysis.interactions import Interaction
from agenttrace.analysis.ranks import Ranks
from agenttrace.causal.order import Order
from agenttrace.errors import NothingSelected, NotRecorded, TeamFailed
from agenttrace.model import names
from agenttrace.model.lane import Delivery, Lane, Step
from agenttrace.model.span import Event, Link, Span, WireKind
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, Usage
from tests.fakes.by_hand import ByHand
from tests.fakes.campaign import times
from tests.fakes.causal_traces import Play, plays
from tests.fakes.made_teams import a_team, skewed
from tests.oracles import interactions as oracle
from tests.oracles.happens_before import happens_before

SEEDS = range(times(100, 2_000))


def made(seed: int) -> Trace:
    """A team; of every third run the clocks disagree, and every fifth has lost its lanes."""
    trace = a_team(seed, deeds=60)
    if seed % 3 == 0:
        trace = skewed(trace, random.Random(seed))
    if seed % 5 == 0:
        trace = replace(trace, lanes=(), deliveries=())
    return trace


def row(one: Interaction) -> oracle.Row:
    """An interaction, as the oracle writes it."""
    cause, effect = (None if it is None else it.id for it in (one.cause, one.effect))
    return (one.kind, one.source, one.target, cause, effect)


# -- against the oracles --------------------------------------------------------------------------
def test_interactions_are_those_of_the_definition() -> None:
    """With their sizes, tokens and latencies; none twice."""
    kinds: Counter[str] = Counter()
    for seed in SEEDS:
        trace = made(seed)
        found = InteractionGraph(trace).interactions
        rows = [row(one) for one in found if one.unknown.get("latency_ns") != QUEUE]
        assert len(rows) == len(set(rows))
        assert {row(one) for one in found} == oracle.interactions(trace)
        worked = {
            one.effect.id
            for one in found
            if one.effect is not None and one.effect.kind != "message"
            if one.unknown.get("latency_ns") != QUEUE
        }
        spent = oracle.tokens(trace, worked)
        for one in found:
            kinds[one.kind] += 1
            assert one.effect is not None
            assert one.cause is not None
            if one.unknown.get("latency_ns") == QUEUE:
                assert (one.tokens, one.size_bytes) == (None, None)
                continue
            assert one.tokens == spent.get(one.effect.id)
            assert one.latency_ns == oracle.latency(one.cause, one.effect)
            said = oracle.content(trace, row(one))
            assert one.size_bytes == (None if said is ... else oracle.size(said))
            assert [*one.unknown] == [
                name
                for name in ("size_bytes", "tokens", "latency_ns")
                if getattr(one, name) is None
            ]
    assert min(kinds[kind] for kind in KINDS) > len(SEEDS) // 10


QUEUE = "not recorded: a queue keeps no times"
KINDS = ("message", "publish", "blackboard", "stigmergy", "handoff", "tool-as-agent", "subagent")


def test_what_goes_out_comes_in() -> None:
    """Over all agents as many interactions are sent as received, and channels hold each once."""
    for seed in SEEDS:
        graph = InteractionGraph(made(seed))
        nodes = graph.nodes.values()
        assert sum(one.sent for one in nodes) == sum(one.received for one in nodes)
        assert sum(one.count for one in graph.channels) == len(graph.interactions)
        assert {one.target for one in graph.channels if one.source == "ada"} == set(
            graph.nodes["ada"].reaches if "ada" in graph.nodes else ()
        )


def test_a_channel_sums_what_is_known_of_all_and_nothing_else() -> None:
    """One message of unknown size makes the sum unknown, and the text says of how many."""
    for seed in SEEDS:
        for one in InteractionGraph(made(seed)).channels:
            sizes = [it.size_bytes for it in one.interactions]
            assert one.size_bytes == (None if None in sizes else sum(it or 0 for it in sizes))
            assert ("size_bytes" in one.unknown) == (None in sizes)
            assert len(one.latencies_ns) + sum(
                it.latency_ns is None for it in one.interactions
            ) == len(one.interactions)


def test_single_points_are_those_without_whom_there_are_more_groups() -> None:
    """By leaving each agent out, and counting; and the parts are what is left."""
    seen = 0
    for seed in SEEDS:
        graph = InteractionGraph(made(seed))
        pairs = {(one.source, one.target) for one in graph.channels}
        assert {one.agent for one in graph.single_points} == oracle.single_points(
            [*graph.nodes], pairs
        )
        for point in graph.single_points:
            seen += 1
            left = oracle.parts([*graph.nodes], pairs, point.agent)
            assert set(map(frozenset, point.parts)) <= left
            assert len(point.parts) > 1
    assert seen


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
    """By trying every row of every two agents."""
    seen = 0
    for seed in range(times(60, 2_000)):
        trace = ping_pong(seed)
        graph = InteractionGraph(trace)
        ranks = Ranks(trace)
        found = []
        for pair in itertools.combinations(graph.nodes, 2):
            talked = sorted(
                (
                    (ranks.of(one.effect), place, one)
                    for place, one in enumerate(graph.interactions)
                    if {one.source, one.target} == set(pair) and one.effect is not None
                ),
                key=lambda it: it[:2],
            )
            changes = [
                ranks.of(span)
                for span in trace.spans
                if span.agent in pair and (span.events or names.MESSAGE_KEY in span.attributes)
            ]
            rows = oracle.chatter([(rank, one.source) for rank, _, one in talked], changes)
            found += [[one for _, _, one in talked[first : last + 1]] for first, last in rows]
        assert [[*one.interactions] for one in graph.chatter] == found
        seen += len(found)
    assert seen


def test_what_is_told_again_and_what_is_never_read() -> None:
    """By comparing all with all."""
    for seed in SEEDS:
        trace = made(seed)
        graph = InteractionGraph(trace)
        assert {one.span.id for one in graph.unread} == oracle.unread(trace)
        told = [
            (one.source, one.kind, said)
            for one in graph.interactions
            if one.unknown.get("latency_ns") != QUEUE
            if (said := oracle.content(trace, row(one))) is not ...
        ]
        assert {(one.source, len(one.interactions)) for one in graph.redundant} == (
            oracle.redundant(told)
        )


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


def ping_pong(seed: int) -> Trace:
    """Two or three who talk to and fro by chance, and now and then change what they know."""
    chance = random.Random(seed)
    people = ["ada", "bob", "cyd"][: chance.choice([2, 3])]
    pairs = [tuple(chance.sample(people, 2)) for _ in range(chance.randint(4, 14))]
    if chance.random() < 0.6:
        pairs = [("ada", "bob") if place % 2 else ("bob", "ada") for place in range(len(pairs))]
    trace = talking(*pairs)  # type: ignore[arg-type] # pairs are of two
    return replace(
        trace,
        spans=tuple(
            replace(span, events=(Event(name="state_change", at_ns=span.start_ns),))
            if chance.random() < 0.1
            else span
            for span in trace.spans
        ),
    )


# -- by hand, as the page has them ----------------------------------------------------------------
def supervised() -> Trace:
    """The page's first example: a lead asks two workers through tools."""
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
    """The page's second example: two rounds of nothing, and what a change of state does to it."""
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
    """The page's third example: three writes, one of them read by another agent, one by nobody."""
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
        ("message", "a", "b", sent.id, read.id)
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
    assert "instead   lead -> worker 1  tool-as-agent on ask 1, work 1 000" in str(error.value)
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
    assert InteractionGraph(deaf).reads_everything("publish")


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
