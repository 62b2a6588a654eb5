"""How tasks were placed: each rule of the contract net, and each measure."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agenttrace.analysis import Analysis
from agenttrace.analysis.conformance import RULES
from agenttrace.analysis.delegation import Delegations, delegations
from agenttrace.errors import DelegationBroken, NotRecorded
from agenttrace.model.span import Link, Span, SpanKind, Status
from agenttrace.model.trace import Trace
from tests.fakes.campaign import times
from tests.fakes.made_teams import skewed
from tests.fakes.told_teams import BREAKS, Row, conforming, made, net, spoiled
from tests.oracles import delegation as oracle

EXAMPLES = Path(__file__).parents[3] / "examples"
SEEDS = range(times(150, 3_000))
MEASURES = ("announced_ns", "award_latency_ns", "bid_to_award_ns", "aggregated_ns", "outcome")


def rules(found: Delegations) -> set[str]:
    """The rules that are broken."""
    return {one.rule for one in found.violations}


def as_the_oracle(found: Delegations) -> list[dict[str, Any]]:
    """What was found, as the oracle writes it; the violations apart."""
    return [
        {"task": one.task, "handoff": one.is_handoff}
        | {name: getattr(one, name) for name in MEASURES}
        for one in found.rounds
    ]


def test_a_placing_by_the_rules_breaks_none() -> None:
    """Whoever bids or refuses, however many are awarded, cancelled or not, linked or not."""
    for seed in SEEDS:
        chance = random.Random(seed)
        rows = [row for n in range(3) for row in conforming(chance, f"t{n}", start=n)]
        found = delegations(net(rows, linked=seed % 2 == 0))
        assert found.violations == (), seed
        assert found.conform() is True


@pytest.mark.parametrize("rule", RULES)
def test_a_single_broken_rule_is_caught_and_is_that_rule(rule: str) -> None:
    """No other rule is blamed for it; the message names the rule and shows the spans."""
    tried = 0
    for seed in SEEDS:
        chance = random.Random(seed)
        others = conforming(chance, "other")
        rows = BREAKS[rule](conforming(chance, "t"))
        if rows is None:
            continue
        tried += 1
        found = delegations(net([*others, *rows]))
        assert rules(found) == {rule}, seed
        assert {one.task for one in found.violations} == {"t"}
        assert all(one.spans for one in found.violations)
        with pytest.raises(DelegationBroken, match=rule):
            found.conform()
    assert tried > len(SEEDS) // 10


def test_whatever_was_said_is_measured_and_judged_as_the_page_says() -> None:
    """Steps lost, said twice, late, by others or by other clocks, in placings that overlap."""
    judged = 0
    for seed in SEEDS:
        chance = random.Random(seed)
        rows = [row for n in range(3) for row in conforming(chance, f"t{n % 2}", start=4 * n)]
        spoilt = spoiled(chance, rows)
        trace = net(spoilt, linked=seed % 2 == 0, complete=seed % 3 != 0)
        if seed % 4 == 0:
            trace = skewed(trace, chance)
        found, wanted = delegations(trace), oracle.placings(trace)
        violations = [one.pop("violations") for one in wanted]
        assert sorted(as_the_oracle(found), key=str) == sorted(wanted, key=str), seed
        told = [(one.rule, one.party) for one in found.violations]
        assert sorted(told) == sorted(pair for some in violations for pair in some), seed
        judged += len(told)
    assert judged > len(SEEDS)


def test_what_is_not_recorded_is_none_and_says_why() -> None:
    """A measure is a number or has a reason, never a made-up 0."""
    for seed in SEEDS:
        chance = random.Random(seed)
        trace = net(spoiled(chance, conforming(chance, "t")))
        for one in delegations(trace).rounds:
            missing = {name for name in MEASURES if getattr(one, name) is None}
            assert missing == set(one.unknown)
            assert all(why.startswith("not recorded: ") for why in one.unknown.values())


def placed(*bids: tuple[str, object], award: str = "ann") -> Delegations:
    """A task that somebody bid for, and that one of them was awarded."""
    rows = [Row(task="t", phase="announcement", by="boss", at=0)]
    rows += [
        Row(task="t", phase="bid", by=who, at=n, bid=bid) for n, (who, bid) in enumerate(bids, 1)
    ]
    rows.append(Row(task="t", phase="award", by="boss", about=award, at=9))
    return delegations(net(rows))


@pytest.mark.parametrize(
    ("bids", "regret"),
    [
        ((("ann", 7), ("bea", 4)), 3),
        ((("ann", 4), ("bea", 4)), 0),
        ((("ann", Decimal("1.10")), ("bea", Decimal("1.05"))), Decimal("0.05")),
        ((("ann", 7), ("bea", "cheap")), None),
        ((("bea", 4),), None),
        ((("ann", True),), None),
        ((("ann", float("nan")), ("bea", 1)), None),
    ],
)
def test_regret_is_what_the_award_cost_more_than_the_best_bid(
    bids: tuple[tuple[str, object], ...], regret: object
) -> None:
    """In the unit of the bids, exactly; where a bid is no number nobody knows."""
    found = placed(*bids)

    assert found.rounds[0].regret() == regret
    if regret == 0:
        assert found.award_the_best()
    else:
        with pytest.raises(DelegationBroken):
            found.award_the_best()


def test_what_a_bid_costs_may_be_said() -> None:
    """Bids of several values are common: a price and a time."""
    found = placed(("ann", {"eur": 5, "days": 1}), ("bea", {"eur": 4, "days": 9}))

    assert found.rounds[0].regret(lambda bid: bid["eur"]) == 1
    assert found.award_the_best(lambda bid: bid["days"])


def test_rates_are_of_what_is_known() -> None:
    """Two bids and a refusal for one task, and a task that nobody answers."""
    rows = [
        Row(task="t", phase="announcement", by="boss", at=0),
        Row(task="t", phase="bid", by="ann", at=1, bid=1),
        Row(task="t", phase="bid", by="bea", at=2, bid=2),
        Row(task="t", phase="refusal", by="cal", at=3),
        Row(task="u", phase="announcement", by="boss", at=4),
    ]
    found = delegations(net(rows))

    assert (found.bids_per_task, found.refusal_rate, found.success_rate) == (1, 1 / 3, None)


def test_a_deadline_may_be_an_instant() -> None:
    """Held against the start of the run; a text that is no date says nothing."""
    rows = [
        Row(task="t", phase="announcement", by="boss", at=0, deadline="2026-01-01T00:00:01+00:00"),
        Row(task="t", phase="bid", by="ann", at=2_000_000_000, bid=1),
        Row(task="t", phase="award", by="boss", about="ann", at=2_000_000_001),
        Row(task="t", phase="report", by="ann", at=2_000_000_002),
    ]
    trace = net(rows)

    assert rules(delegations(replace(trace, started="2026-01-01T00:00:00+00:00"))) == {"bid-late"}
    assert rules(delegations(replace(trace, started="2025-12-31T23:59:58+00:00"))) == set()
    assert rules(delegations(replace(trace, started=""))) == set()


def handed_over(code: str) -> Trace:
    """An agent that hands over to another one, which ends in a status."""
    first = Span(id="1" * 16, name="triage", kind=SpanKind.AGENT, agent="triage", end_ns=9)
    second = Span(
        id="2" * 16,
        name="refunds",
        kind=SpanKind.AGENT,
        agent="refunds",
        start_ns=5,
        end_ns=25,
        status=Status(code=code),
        links=(Link(span="1" * 16, relationship="handoff"),),
    )
    return made([first, second])


@pytest.mark.parametrize(
    ("code", "outcome"), [("OK", "success"), ("ERROR", "failure"), ("UNSET", None)]
)
def test_a_handoff_is_the_case_of_one_bidder(code: str, outcome: str | None) -> None:
    """Nobody was asked, so there is no announcement and no bid; the rest is as ever."""
    (one,) = delegations(handed_over(code)).rounds

    assert (one.task, one.manager, one.awarded, one.is_handoff) == (
        "refunds",
        "triage",
        ("refunds",),
        True,
    )
    assert (one.aggregated_ns, one.outcome, one.award_latency_ns) == (20, outcome, None)
    assert delegations(handed_over(code)).conform()


def test_a_handoff_of_a_framework_is_one() -> None:
    """As openai-agents made it: triage handed the customer over to refunds, which ended well."""
    (golden,) = EXAMPLES.glob("openai_agents/golden/**/*.trace")
    placed = Analysis.of(golden).delegations
    (one,) = placed

    assert (one.manager, one.awarded, one.is_handoff) == ("triage", ("refunds",), True)
    assert placed.conform()
    assert placed.succeed()


def test_agents_that_began_twice_are_one_party() -> None:
    """A carrier that bids in one task and works in another one gets two ids, and is one carrier."""
    rows = [
        Row(task="t", phase="announcement", by="boss", at=0),
        Row(task="t", phase="bid", by="van", at=1, bid=1),
        Row(task="t", phase="award", by="boss", about="van", at=2),
        Row(task="t", phase="execution", by="van#1", at=3),
        Row(task="t", phase="report", by="van#1", at=4, outcome="done"),
    ]
    found = delegations(net(rows))

    assert found.conform()
    assert found.succeed()


@pytest.mark.parametrize("assertion", ["conform", "succeed", "award_the_best"])
def test_of_a_run_that_placed_nothing_nothing_is_asserted(assertion: str) -> None:
    """A test that says something of no task at all would pass for ever."""
    found = delegations(made([]))

    assert found.unknown == {"rounds": "not recorded: no span has `delegation.phase`"}
    assert (found.bids_per_task, found.refusal_rate, found.success_rate) == (None, None, None)
    with pytest.raises(NotRecorded):
        getattr(found, assertion)()
    with pytest.raises(NotRecorded):
        list(found)


def test_links_that_go_round_in_circles_end_somewhere() -> None:
    """A foreign trace may say anything."""
    rows = conforming(random.Random(3), "t")
    trace = net(rows)
    spans = [
        replace(span, links=(Link(span=trace.spans[n - 1].id, relationship="bid_by"),))
        for n, span in enumerate(trace.spans)
    ]

    assert sum(len(one.dialogue.acts) for one in delegations(made(spans)).rounds) == len(rows)
