"""What a run used, and who for: every call counts once, and what is not known is no 0."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest

from agenttrace.analysis import Analysis
from agenttrace.analysis.costs import Costs
from agenttrace.analysis.lifetimes import Split
from agenttrace.errors import NotRecorded, TeamFailed
from agenttrace.model.lane import Delivery, Lane, Step
from agenttrace.model.span import Span, SpanKind, WireKind
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, Usage
from tests.fakes.by_hand import ByHand
from tests.fakes.campaign import times
from tests.fakes.made_teams import a_team, skewed
from tests.oracles import costs as oracle

SEEDS = range(times(60, 1_500))


def made(seed: int) -> Trace:
    """A team; of every third run the clocks disagree."""
    trace = a_team(seed, deeds=60)
    return skewed(trace, random.Random(seed)) if seed % 3 == 0 else trace


# -- against the oracles --------------------------------------------------------------------------
@pytest.mark.parametrize("what", ["agent", "task", "tool", "coordination"])
def test_each_call_is_in_the_part_that_the_definition_says(what: str) -> None:
    """Each in one; so the parts are as much as the whole."""
    for seed in SEEDS:
        trace = made(seed)
        costs = Costs(trace)
        by = costs.by(what)
        assert {name: [one.id for one in part.spans] for name, part in by.items()} == (
            oracle.parts(trace, what)
        )
        for name in ("llm_calls", "tool_calls", "took_ns"):
            whole = getattr(costs.total, name)
            assert sum(getattr(one, name) or 0 for one in by.values()) == (whole or 0)
        assert sum((one.known_tokens for one in by.values()), Tokens()) == costs.total.known_tokens


@pytest.mark.parametrize("what", ["agent", "model", "kind", "no.such.attribute"])
def test_a_sum_is_known_where_all_its_parts_are(what: str) -> None:
    """One silent call makes the tokens and the money of its part unknown, and of the whole."""
    for seed in SEEDS:
        costs = Costs(made(seed))
        parts = costs.by(what).values()
        for one in parts:
            silent = [it for it in one.spans if it.kind is SpanKind.LLM and it.usage is None]
            unsure = any(it.status.code != "ERROR" for it in silent)
            assert (one.tokens is None) == unsure == ("tokens" in one.unknown)
            if one.tokens is not None:
                assert one.tokens == one.known_tokens
        if costs.total.tokens is not None:
            assert sum((one.tokens or Tokens() for one in parts), Tokens()) == costs.total.tokens
        else:
            assert None in {one.tokens for one in parts}


def test_a_subtree_costs_what_its_calls_cost() -> None:
    """The run's own is the whole."""
    for seed in SEEDS:
        trace = made(seed)
        costs = Costs(trace)
        assert trace.root is not None
        whole = costs.subtree(trace.root)
        assert (whole.known_tokens, whole.usd) == (costs.total.known_tokens, costs.total.usd)
        for span in trace.spans[:5]:
            inside = [it.id for it in trace.spans if span in oracle.chain(trace, it)]
            assert {it.id for it in costs.subtree(span).spans} == {
                it.id for it in costs.calls if it.id in inside
            }


def test_a_lifetime_is_split_as_each_instant_says() -> None:
    """The four sum to the lifetime, and those on the path to the agent's part of it."""
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        trace = made(seed)
        analysis = Analysis(trace)
        on_path = {one.agent: one.path_ns for one in analysis.critical_path.agents}
        for agent, life in analysis.lifetimes.items():
            assert life.split is not None
            assert life.on_path is not None
            assert life.split.total_ns == life.duration_ns
            assert life.on_path.total_ns == on_path.get(agent, 0)
            told = oracle.split(trace, agent, range(life.start_ns, life.end_ns))
            assert life.split == Split(**{f"{name}_ns": ns for name, ns in told.items()})
            seen += told
            sections = [one for one in analysis.critical_path.sections if one.agent == agent]
            along: Counter[str] = sum(
                (oracle.split(trace, agent, range(it.start_ns, it.end_ns)) for it in sections),
                Counter(),
            )
            assert life.on_path == Split(**{f"{name}_ns": ns for name, ns in along.items()})
    assert min(seen[name] for name in ("reasoning", "tool", "waiting", "idle")) > 50


def test_overhead_is_a_share_of_the_whole() -> None:
    """By the calls that the oracle finds inside of messages and orchestration."""
    for seed in SEEDS:
        trace = made(seed)
        analysis = Analysis(trace)
        found = analysis.overhead
        by_id = {span.id: span for span in trace.spans}
        calls = oracle.parts(trace, "coordination").get("coordination", [])
        used = [it.usage for one in calls if (it := by_id[one]).kind is SpanKind.LLM]
        if found.tokens is not None:
            assert found.tokens == sum(it.tokens.total for it in used if it is not None)
        kinds = ("message", "orchestration")
        assert found.path_ns == sum(
            one.duration_ns
            for one in analysis.critical_path.sections
            if any(it.kind in kinds for it in oracle.chain(trace, one.span))
        )
        for share in (found.tokens_share, found.path_share):
            assert share is None or 0 <= share <= 1


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
