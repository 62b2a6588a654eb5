"""How tasks were placed: each rule of the contract net, and each measure."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
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
from tests.fakes.rough_teams import rough_net
from tests.fakes.told_teams import BREAKS, Row, conforming, made, net, spoiled
from tests.oracles import delegation as oracle

EXAMPLES = Path(__file__).parents[3] / "examples"
SEEDS = range(times(150, 3_000))
MEASURES = ("announced_ns", "award_latency_ns", "bid_to_award_ns", "aggregated_ns", "outcome")


def rules(found: Delegations) -> set[str]:
    """The rules that are broken."""
    return {one.rule for one in found.violations}


def measured(found: Delegations) -> list[dict[str, Any]]:
    """What was found of each placing, as the oracle writes it."""
    return [
        {"task": one.task, "is_handoff": one.is_handoff, "regret": fraction(one.regret())}
        | {name: getattr(one, name) for name in MEASURES}
        for one in found.rounds
    ]


def fraction(number: Decimal | None) -> Fraction | None:
    """A number, exactly."""
    return None if number is None else Fraction(number)


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
    """Steps lost, said twice, late, by others, in other words, to nobody, by other clocks."""
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        trace = rough_net(seed)
        found, wanted = delegations(trace), oracle.placings(trace)
        measures = [oracle.measures(trace, one) for one in wanted]
        assert sorted(measured(found), key=repr) == sorted(map(same_order, measures), key=repr), (
            seed
        )
        told = Counter((one.rule, one.party) for one in found.violations)
        assert told == Counter(it for one in wanted for it in oracle.violations(trace, one)), seed
        for rate, part in oracle.rates(wanted).items():
            assert getattr(found, rate) == (None if part is None else float(part)), seed
        assert all(one.spans for one in found.violations)
        begun = [one.dialogue.acts[0].at_ns for one in found.rounds]
        assert begun == sorted(begun), seed
        seen.update(rule for rule, _ in told.elements())
        seen.update("handoff" for one in wanted if one.handoff)
        seen.update(name for one in measures for name, it in one.items() if it is not None)
    rare = {it: seen[it] for it in (*RULES, *MEASURES, "regret", "handoff")}
    assert min(rare.values()) >= len(SEEDS) // 75, rare


def same_order(measures: dict[str, Any]) -> dict[str, Any]:
    """The same, in the order of `measured`."""
    return {name: measures[name] for name in ("task", "is_handoff", "regret", *MEASURES)}


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


@pytest.mark.parametrize(
    ("deadline", "broken"),
    [
        (Decimal("0.000000001"), {"bid-late"}),
        (Decimal("0.000000002"), set()),
        (float("inf"), set()),
        (float("nan"), set()),
    ],
)
def test_a_deadline_may_be_any_number(deadline: object, broken: set[str]) -> None:
    """Of one that never comes, or is no number at all, nothing is judged, and nothing fails."""
    rows = [
        Row(task="t", phase="announcement", by="boss", at=0, deadline=deadline),
        Row(task="t", phase="bid", by="ann", at=2, bid=1),
        Row(task="t", phase="award", by="boss", about="ann", at=3),
        Row(task="t", phase="report", by="ann", at=4),
    ]

    assert rules(delegations(net(rows))) == broken


def done(*outcomes: str | None, awards: int = 1) -> Delegations:
    """A task that was given to one agent so many times, and reported on with these words."""
    rows = [Row(task="t", phase="award", by="boss", about="ann", at=n) for n in range(awards)]
    rows += [
        Row(task="t", phase="report", by="ann", at=9 + n, outcome=outcome)
        for n, outcome in enumerate(outcomes)
    ]
    return delegations(net(rows))


@pytest.mark.parametrize(
    ("outcomes", "awards", "outcome", "broken"),
    [
        (("done", "result"), 2, "success", set()),
        (("failure", "done"), 2, "failure", set()),
        (("done",), 2, None, {"award-unreported"}),
        (("failure",), 2, "failure", {"award-unreported"}),
        (("failure", "done"), 1, "failure", {"award-reported-twice"}),
        (("partly",), 1, None, set()),
    ],
)
def test_each_award_has_a_report_of_its_own(
    outcomes: tuple[str, ...], awards: int, outcome: str | None, broken: set[str]
) -> None:
    """A later success hides no failure, and a word that is none of FIPA's is neither."""
    found = done(*outcomes, awards=awards)

    assert (found.rounds[0].outcome, rules(found)) == (outcome, broken)


def test_each_bid_has_an_answer_of_its_own() -> None:
    """Who bids twice and is answered once has a bid that nobody answered."""
    rows = [
        Row(task="t", phase="announcement", by="boss", at=0),
        Row(task="t", phase="bid", by="ann", at=1, bid=3),
        Row(task="t", phase="bid", by="ann", at=2, bid=1),
        Row(task="t", phase="rejection", by="boss", about="ann", at=3),
    ]

    assert rules(delegations(net(rows))) == {"bid-twice", "bid-unanswered"}


def test_a_bid_that_is_awarded_twice_costs_once() -> None:
    """The second award is a broken rule, and no second price."""
    rows = [
        Row(task="t", phase="announcement", by="boss", at=0),
        Row(task="t", phase="bid", by="ann", at=1, bid=3),
        *(Row(task="t", phase="award", by="boss", about="ann", at=at) for at in (2, 3)),
    ]

    assert delegations(net(rows)).rounds[0].regret() == 0


def test_what_follows_a_later_step_is_of_the_same_placing() -> None:
    """By clocks that disagree an award may come before its bid, and before another announcement."""
    rows = [
        Row(task="t", phase="announcement", by="boss", at=0),
        Row(task="t", phase="award", by="boss", about="ann", at=3),
        Row(task="t", phase="announcement", by="boss", at=5),
        Row(task="t", phase="bid", by="ann", at=6),
    ]
    trace = net(rows)
    award, bid = trace.spans[1], next(it for it in trace.spans if it.agent == "ann")
    award = next(it for it in trace.spans if it.name.startswith("award"))
    linked = replace(award, links=(Link(span=bid.id, relationship="bid_by"),))
    spans = tuple(linked if it is award else it for it in trace.spans)
    first, second = delegations(replace(trace, spans=spans))

    assert [[act.phase for act in one.dialogue.acts] for one in (first, second)] == [
        ["announcement"],
        ["award", "announcement", "bid"],
    ]


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


@pytest.mark.parametrize("elsewhere", [None, "e" * 32])
def test_of_a_handoff_from_elsewhere_nobody_is_blamed(elsewhere: str | None) -> None:
    """Who handed over is not in the trace: there is no award to be seen, and none to be missed."""
    first, second = handed_over("OK").spans
    link = Link(span=first.id, relationship="handoff", trace=elsewhere)
    away = replace(second, links=(link,))
    placed = delegations(made([away] if elsewhere is None else [first, away]))
    (one,) = placed.rounds

    assert (one.is_handoff, one.manager, one.awarded, one.outcome) == (True, None, (), None)
    assert one.unknown["aggregated_ns"].startswith(
        "not recorded: there is no announcement, no award"
    )
    assert placed.conform()


def test_a_handoff_that_is_written_down_twice_is_one() -> None:
    """Some exporters repeat links."""
    first, second = handed_over("OK").spans
    twice = replace(second, links=second.links * 2)

    assert len(delegations(made([first, twice])).rounds) == 1


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
