"""What a run used, and who for: every call counts once, and what is not known is no 0."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import islice

import pytest

from agenttrace.analysis import Analysis
from agenttrace.analysis.costs import DIMENSIONS, Cost, Costs
from agenttrace.analysis.lifetimes import Split
from agenttrace.errors import NotRecorded, TeamFailed, UsageError
from agenttrace.model.agent import Agent
from agenttrace.model.lane import Delivery, Lane, Step
from agenttrace.model.span import Span, SpanKind, WireKind
from agenttrace.model.trace import Trace
from agenttrace.model.usage import TIME_CATEGORIES, Tokens, Usage
from tests.fakes.by_hand import ByHand
from tests.fakes.campaign import times
from tests.fakes.foreign_teams import OWN, a_foreign_team, a_talk
from tests.fakes.made_teams import a_team, skewed
from tests.fakes.made_traces import a_trace as a_made_trace
from tests.oracles import costs as oracle
from tests.oracles import critical_path, time_spent

SEEDS = range(times(60, 1_500))


def made(seed: int) -> Trace:
    """A team; of every third run the clocks disagree."""
    trace = a_team(seed, deeds=60)
    return skewed(trace, random.Random(seed)) if seed % 3 == 0 else trace


def test_what_no_call_can_be_parted_by_is_refused() -> None:
    """It had given one part of everything; the nearest is named, as on the command line."""
    with pytest.raises(UsageError, match=r"by\('agnt'\): no call of the trace has such") as error:
        Costs(made(1)).by("agnt")

    assert "  nearest    agent, " in str(error.value)
    assert "  by         agent, agent.name, " in str(error.value)


# -- against the oracles --------------------------------------------------------------------------
def several(seed: int) -> Iterator[Trace]:
    """A run of every sort: foreign ones, one in talk, a team's, its skewed one, a program's."""
    yield from (a_foreign_team(2 * seed), a_foreign_team(2 * seed + 1), a_talk(seed))
    yield from (a_team(seed), skewed(a_team(seed), random.Random(seed)))
    yield a_made_trace(random.Random(seed))


def told(cost: Cost) -> oracle.Used:
    """A cost as the oracle tells it."""
    assert {*cost.unknown} == {
        name for name in ("tokens", "usd", "tool_usd", "took_ns") if getattr(cost, name) is None
    }
    return oracle.Used(
        cost.llm_calls, cost.tool_calls, cost.tokens, cost.known_tokens, cost.usd, cost.tool_usd,
        cost.took_ns, tuple(span.id for span in cost.spans),
    )  # fmt: skip


@pytest.mark.parametrize("own", [{}, OWN], ids=["the list", "own prices"])
def test_each_part_is_what_the_definition_says(own: oracle.Own) -> None:
    """By every dimension and by an attribute: which calls, what they used, or nobody knows."""
    unknown: Counter[str] = Counter()
    for seed in range(times(30, 400)):
        for trace in several(seed):
            costs = Costs(trace, own=own)
            assert told(costs.total) == oracle.used(trace, oracle.calls(trace), own)
            for what in (*DIMENSIONS, "region"):
                by = costs.by
                if what == "region" and not any(what in it.attributes for it in costs.calls):
                    by = costs.parts
                    with pytest.raises(UsageError, match="no call of the trace has such an"):
                        costs.by(what)
                assert {name: told(cost) for name, cost in by(what).items()} == {
                    name: oracle.used(trace, spans, own, name if what == "model" else None)
                    for name, spans in oracle.parts(trace, what).items()
                }, (seed, what)
            for span in trace.spans[:3]:
                inside = told(costs.subtree(span))
                meant = oracle.used(trace, oracle.subtree(trace, span), own)
                assert inside._replace(spans=()) == meant._replace(spans=())
                assert {*inside.spans} == {*meant.spans}
            unknown.update([*costs.total.unknown])
    assert {*unknown} == {"tokens", "usd", "tool_usd", "took_ns"}


@pytest.mark.parametrize("what", [one for one in DIMENSIONS if one != "model"])
def test_the_parts_are_as_much_as_the_whole(what: str) -> None:
    """No call is lost, and none counts twice; a part that is not known makes the whole unknown."""
    for seed in SEEDS:
        costs = Costs(made(seed))
        parts = [*costs.by(what).values()]
        assert sorted(span.id for one in parts for span in one.spans) == sorted(
            span.id for span in costs.calls
        )
        assert sum((one.known_tokens for one in parts), Tokens()) == costs.total.known_tokens
        assert (None in [one.tokens for one in parts]) == (costs.total.tokens is None)


def test_a_lifetime_is_split_as_each_instant_says() -> None:
    """From the first begin to the last end, and of the critical path; waits for messages, too."""
    seen: Counter[str] = Counter()
    for seed in range(times(90, 800)):
        for trace in islice(several(seed), 5):  # a program's run is long, and asked ns by ns
            lives = Analysis(trace).lifetimes
            path = on_path(trace)
            for agent in {oracle.doer(trace, span) for span in trace.spans} - {None}:
                assert agent is not None
                life, instants = lives[agent], time_spent.lives(trace, agent)
                assert life.start_ns is not None
                assert life.end_ns is not None
                assert range(life.start_ns, life.end_ns) == instants
                if all(span.start_ns == span.end_ns for span in trace.spans):
                    assert (life.split, life.on_path) == (None, None)
                    continue
                spent = time_spent.split(trace, agent, instants)
                assert life.split == named(spent)
                assert life.on_path == named(time_spent.split(trace, agent, path[agent]))
                seen += spent
                seen["for a message"] += bool(time_spent.waited(trace, agent))
    assert min(seen[name] for name in (*TIME_CATEGORIES, "for a message")) > 50


def named(spent: Counter[str]) -> Split:
    """What the oracle says that time was spent on."""
    return Split(**{f"{name}_ns": spent[name] for name in TIME_CATEGORIES})


def on_path(trace: Trace) -> Mapping[str | None, list[int]]:
    """By agent, the instants of the critical path that are its own."""
    found: dict[str | None, list[int]] = defaultdict(list)
    root = critical_path.root(trace)
    assert root is not None
    for one in critical_path.path(trace, critical_path.whole(root)):
        found[oracle.doer(trace, trace.span(one.span))] += range(one.start, one.end)
    return found


def test_overhead_is_what_the_definition_says() -> None:
    """Tokens inside of messages and orchestration, time of the path in them, and their shares."""
    seen: Counter[str] = Counter()
    for seed in range(times(30, 700)):
        for trace in several(seed):
            found = Analysis(trace).overhead
            calls = oracle.calls(trace)
            inside = [span for span in calls if oracle.coordinates(trace, span)]
            part, whole = (oracle.used(trace, some, {}).tokens for some in (inside, calls))
            root = critical_path.root(trace)
            assert root is not None
            path = critical_path.path(trace, critical_path.whole(root))
            took = root.end_ns - root.start_ns
            along = time_spent.coordinated_ns(trace, path)
            assert (found.tokens, found.all_tokens) == (part and part.total, whole and whole.total)
            assert (found.path_ns, found.all_path_ns) == ((along, took) if took else (None, None))
            if part is None or whole is None or not whole.total:
                assert found.tokens_share is None
            else:
                assert found.tokens_share == part.total / whole.total
            assert found.path_share == (along / took if took else None)
            seen["tokens"] += bool(found.tokens_share)
            seen["path"] += bool(found.path_share)
    assert min(seen[name] for name in ("tokens", "path")) > 10


# -- by hand, as the page has them ----------------------------------------------------------------
def desk() -> Trace:
    """The page's first example: a lead plans, looks up, and asks an expert; 0 to 100."""
    hand = ByHand()
    hand.span("run", "run", at=(0, 100))
    hand.span("lead", "agent", at=(0, 100), inside="run", agent="lead", task="refund")
    hand.span("route", "orchestration", at=(0, 30), inside="lead")
    hand.span("plan", "llm", at=(5, 25), inside="route", usage=used("large", 80, 20, "0.010"))
    hand.span("look_up", "tool", at=(30, 40), inside="lead", usage=Usage(tool_cost_usd=CENT))
    hand.span("ask", "tool", at=(40, 90), inside="lead")
    hand.span("expert", "agent", at=(45, 85), inside="ask", agent="expert", task="judge")
    hand.span("judge", "llm", at=(50, 80), inside="expert", usage=used("small", 250, 50, "0.002"))
    return hand.trace()


CENT = Decimal("0.01")


def used(model: str, read: int, written: int, usd: str | None) -> Usage:
    """What a model call used."""
    price = None if usd is None else Decimal(usd)
    return Usage(models={model: Tokens(input=read, output=written)}, cost_usd=price)


def test_costs_of_a_desk() -> None:
    """By agent, task, model, tool, and what of it was orchestration."""
    costs = Costs(desk())

    def told(what: str) -> dict[str | None, tuple[int | None, str, Decimal | None]]:
        return {
            name: (
                None if one.tokens is None else one.tokens.total,
                f"{one.usd}",
                one.tool_usd,
            )
            for name, one in costs.by(what).items()
        }

    assert told("agent") == {"expert": (300, "0.002", None), "lead": (100, "0.010", CENT)}
    assert told("task") == {"judge": (300, "0.002", None), "refund": (100, "0.010", CENT)}
    assert told("model") == {"large": (100, "0.010", None), "small": (300, "0.002", None)}
    assert told("tool") == {
        "ask": (300, "0.002", None),
        "look_up": (0, "0", CENT),
        None: (100, "0.010", None),
    }
    assert told("coordination") == {
        "coordination": (100, "0.010", None),
        "work": (300, "0.002", CENT),
    }
    assert (costs.total.usd, costs.total.tool_usd) == (Decimal("0.012"), CENT)
    assert costs.by("agent")["lead"].took_ns == 20 + 10 + 50


def test_time_and_overhead_of_a_desk() -> None:
    """The lead reasons 20, uses a tool 10 and around the expert 5 + 5, waits 40, idles 20."""
    analysis = Analysis(desk())
    lead, expert = analysis.lifetimes["lead"], analysis.lifetimes["expert"]

    assert lead.split == Split(reasoning_ns=20, tool_ns=20, waiting_ns=40, idle_ns=20)
    assert expert.split == Split(reasoning_ns=30, idle_ns=10)
    assert (lead.on_path, expert.on_path) == (
        Split(reasoning_ns=20, tool_ns=20, idle_ns=20),
        Split(reasoning_ns=30, idle_ns=10),
    )
    assert lead.waits_at_most("40%")
    with pytest.raises(TeamFailed, match=r"lead waits 40\.0% of its life, and at most 39\.0%"):
        lead.waits_at_most(0.39)
    found = analysis.overhead
    assert (found.tokens, found.all_tokens, found.tokens_share) == (100, 400, 0.25)
    assert (found.path_ns, found.all_path_ns, found.path_share) == (30, 100, 0.3)
    assert found.interactions_per_call == 0.5
    assert found.at_most(tokens="25%", path=0.3)
    with pytest.raises(TeamFailed, match=r"took 25\.0% of the tokens, and at most 20\.0%"):
        found.at_most(tokens="20%")


@pytest.mark.parametrize("part", range(1, 100))
def test_a_share_at_its_limit_is_within_it(part: int) -> None:
    """10 of 100 are 10%, though the nearest binary fraction is more."""
    found = replace(Analysis(desk()).overhead, tokens=part, all_tokens=100)

    assert found.at_most(tokens=f"{part}%")
    with pytest.raises(TeamFailed):
        found.at_most(tokens=f"{part - 1}.99%")


def test_waiting_for_a_message() -> None:
    """The page's third example: from its last deed until the message, which was sent later."""
    hand = ByHand()
    hand.span("run", "run", at=(0, 100))
    hand.span("writer", "agent", at=(0, 100), inside="run", agent="writer")
    hand.span("critic", "agent", at=(0, 70), inside="run", agent="critic")
    hand.span("read it", "llm", at=(0, 60), inside="critic", usage=used("m", 1, 1, "0"))
    hand.span("send", "message", at=(65, 65), inside="critic", wire_kind=WireKind.PRODUCER)
    hand.span("draft", "llm", at=(0, 20), inside="writer", usage=used("m", 1, 1, "0"))
    hand.span(
        "receive", "message", at=(66, 66), inside="writer", wire_kind=WireKind.CONSUMER,
        links={"send": "message"},
    )  # fmt: skip
    hand.span("mend", "llm", at=(70, 95), inside="writer", usage=used("m", 1, 1, "0"))

    lives = Analysis(hand.trace()).lifetimes

    assert lives["writer"].split == Split(reasoning_ns=45, waiting_ns=46, idle_ns=9)
    assert lives["critic"].split == Split(reasoning_ns=60, idle_ns=10)


def test_an_agent_that_did_nothing_has_no_lifetime() -> None:
    """It is told of, and no 0 is made up of that."""
    hand = ByHand()
    hand.span("did", "agent", at=(0, 10), agent="ada")
    trace = replace(hand.trace(), agents=(Agent(id="ada", name="ada"), Agent(id="bob", name="bob")))
    bob = Analysis(trace).lifetimes["bob"]

    assert (bob.start_ns, bob.end_ns, bob.duration_ns, bob.split) == (None, None, None, None)
    assert bob.unknown["split"] == "not recorded: it did nothing"
    with pytest.raises(NotRecorded, match="it did nothing"):
        bob.waits_at_most("50%")


# -- faults that the definition found -------------------------------------------------------------
def test_a_model_call_that_says_only_what_it_cost_does_not_say_its_tokens() -> None:
    """Backends tell costs without tokens: these are no 0, and the call is in a part by model."""
    hand = ByHand()
    hand.span("chat", "llm", usage=Usage(cost_usd=CENT))
    hand.span("mute", "llm", usage=Usage())
    costs = Costs(hand.trace())

    chat, mute = (costs.of([span]) for span in costs.calls)
    assert (chat.tokens, chat.usd) == (None, CENT)
    assert (mute.tokens, mute.usd) == (None, None)
    assert costs.by("model")[None].llm_calls == 2


def test_tools_alone_have_costs_of_tools() -> None:
    """An agent elsewhere that says what its tools cost repeats it, if they are here."""
    hand = ByHand()
    hand.span("far", "agent", agent="far", digest=b"1" * 16, usage=Usage(tool_cost_usd=CENT))

    assert Costs(hand.trace()).total.tool_usd is None


def test_who_receives_several_messages_waits_for_the_last_one() -> None:
    """In whatever order the links are, and whatever else they lead to."""
    hand = ByHand()
    hand.span("a", "agent", at=(0, 20), agent="a")
    hand.span("b", "agent", at=(0, 20), agent="b")
    hand.span("early", "message", at=(0, 0), inside="b", wire_kind=WireKind.PRODUCER)
    hand.span("late", "message", at=(9, 9), inside="b", wire_kind=WireKind.PRODUCER)
    hand.span(
        "get", "message", at=(12, 12), inside="a", wire_kind=WireKind.CONSUMER,
        links={"early": "message", "late": "message"},
    )  # fmt: skip

    assert Analysis(hand.trace()).lifetimes["a"].split == Split(waiting_ns=12, idle_ns=8)


def test_nobody_waits_for_what_came_before_it_began() -> None:
    """Where the clocks put a receive before what it stands inside, it is not known to wait."""
    hand = ByHand()
    hand.span("b", "agent", at=(0, 20), agent="b")
    hand.span("a", "agent", at=(15, 30), agent="a")
    hand.span("did", "plan", at=(2, 3), inside="a")
    hand.span("sent", "message", at=(9, 9), inside="b", wire_kind=WireKind.PRODUCER)
    hand.span(
        "get", "message", at=(12, 12), inside="a", wire_kind=WireKind.CONSUMER,
        links={"sent": "message"},
    )  # fmt: skip

    assert Analysis(hand.trace()).lifetimes["a"].split == Split(idle_ns=28)


# -- what is not known ----------------------------------------------------------------------------
def test_a_price_that_nobody_knows_is_no_0() -> None:
    """Of its part and of the whole; the others are known, and own prices mend it."""
    trace = desk()
    strange = used("of-our-own", 1_000_000, 0, None)
    spans = tuple(replace(it, usage=strange) if it.name == "judge" else it for it in trace.spans)
    costs = Costs(replace(trace, spans=spans))

    assert (costs.total.usd, costs.by("agent")["expert"].usd) == (None, None)
    assert costs.by("agent")["lead"].usd == Decimal("0.010")
    assert costs.total.unknown["usd"] == "nobody knows what of-our-own costs"
    priced = Costs(replace(trace, spans=spans), own={"of-*": (Decimal(3), Decimal(9))})
    assert priced.total.usd == Decimal("3.010")


def test_an_agent_elsewhere_spends_nobody_knows_what() -> None:
    """What was recorded is kept apart from what is known to be all."""
    hand = ByHand()
    hand.span("run", "run")
    hand.span("chat", "llm", inside="run", usage=used("m", 3, 4, "0.1"))
    hand.span("far", "agent", inside="run", agent="far", digest=b"1" * 16)
    total = Costs(hand.trace()).total

    assert (total.tokens, total.usd, total.known_tokens.total) == (None, None, 7)
    assert total.unknown["tokens"] == "not recorded: 1 of its agents acts elsewhere"


def test_a_call_of_several_models_is_parted_between_them() -> None:
    """A price for both together is neither's."""
    hand = ByHand()
    both = Usage(models={"a": Tokens(input=2), "b": Tokens(input=5)}, cost_usd=CENT)
    hand.span("run", "run")
    hand.span("chat", "llm", inside="run", usage=both)
    costs = Costs(hand.trace())

    by = costs.by("model")
    assert {name: one.known_tokens.total for name, one in by.items()} == {"a": 2, "b": 5}
    assert {name: one.usd for name, one in by.items()} == {"a": None, "b": None}
    assert by["a"].spans == by["b"].spans == costs.calls
    assert costs.total.usd == CENT


def test_a_trace_without_times_has_no_lifetimes_of_0() -> None:
    """Chat logs have none; the reason stands beside it."""
    hand = ByHand()
    hand.span("run", "run")
    hand.span("a", "agent", inside="run", agent="a")
    analysis = Analysis(hand.trace())

    life = analysis.lifetimes["a"]
    assert (life.split, life.on_path) == (None, None)
    assert life.unknown["split"] == "not recorded: the trace has no times"
    with pytest.raises(NotRecorded, match="how long a waits: nobody knows"):
        life.waits_at_most(1)
    assert (analysis.overhead.path_share, analysis.overhead.tokens_share) == (None, None)
    assert set(analysis.overhead.unknown) == {
        "tokens_share",
        "path_ns",
        "all_path_ns",
        "path_share",
        "interactions_per_call",
    }
    with pytest.raises(NotRecorded, match="the share of coordination in the tokens: nobody knows"):
        analysis.overhead.at_most(tokens="30%")


def test_a_wait_on_a_queue_is_said_not_to_be_known() -> None:
    """A queue keeps no times; the note says that the wait is among what is idle."""
    lanes = (Lane(path=()), Lane(path=(W,), parent=(), spawn_seq=1))
    run = Span(id="1" * 16, name="run", kind=SpanKind.RUN, end_seq=5, end_ns=9)
    mine = Span(
        id="2" * 16, name="w", kind=SpanKind.AGENT, parent=run.id, lane=(W,), seq=1, agent="w",
        end_ns=9,
    )  # fmt: skip
    got = Delivery(receive=(W, Step("receive", "q", 0)), message=(Step("message", "q", 0),), seq=1)
    trace = Trace(id="1" * 32, name="q", spans=(run, mine), lanes=lanes, deliveries=(got,))

    (life,) = Analysis(trace).lifetimes.values()

    assert life.notes == (
        "1 of its receives is a queue's, which keeps no times: that wait is idle",
    )


W = Step("task", "worker", 0)


def test_nothing_is_answered_of_nothing() -> None:
    """A trace without spans has no costs, no lives, and no shares."""
    analysis = Analysis(Trace(id="1" * 32, name="nothing"))

    assert (analysis.costs.total.llm_calls, analysis.costs.by("agent")) == (0, {})
    assert analysis.lifetimes == {}
    assert analysis.overhead.unknown["path_share"] == "not recorded: the trace has no spans"
