"""What a test gives to an assertion and cannot mean is refused at once, in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agenttrace.analysis import Analysis
from agenttrace.analysis.states import State, state_of_agent
from agenttrace.check import given as being_given
from agenttrace.check.budget import Budget
from agenttrace.check.propagating import check as check_propagation
from agenttrace.errors import SelectionFailed, UsageError
from agenttrace.explore import doctor
from agenttrace.model.names import QUEUE_TASK, WAITING_FOR
from agenttrace.model.state import StateSnapshot
from tests.fakes.desk import desk_trace
from tests.fakes.failing_teams import a_failing_team
from tests.fakes.made_teams import AT_A_BOARD, a_team
from tests.fakes.told_teams import telling

NO_COUNTS = (-1, 1.5, math.nan, math.inf, True, None, "5", "x", [1], {})
"""What says of nothing how many there are."""
NO_TEXTS = (5, math.nan, None, True, b"pay", [1], {})


class Teams:
    """Whom the questions are asked of."""

    def __init__(self) -> None:
        self.desk = Analysis(desk_trace())
        self.board = Analysis(a_team(5, actions=AT_A_BOARD))
        self.failing = Analysis(a_failing_team(3))
        rows = [
            ("a", 1, "enqueued", {QUEUE_TASK: "soup"}),
            ("b", 2, "waiting", {WAITING_FOR: ["a"]}),
        ]
        self.told = Analysis(telling(*rows))


Asks = Callable[[Teams, Any], object]

SELECTION: dict[str, Asks] = {
    "at_most": lambda teams, it: teams.desk.spans.at_most(it),
    "at_least": lambda teams, it: teams.desk.spans.at_least(it),
}
TEAMS: dict[str, Asks] = {
    "fans_out_at_most": lambda teams, it: teams.board.graph.fans_out_at_most(it),
    "spreads_at_most(agents=": lambda teams, it: teams.failing.cascade.spreads_at_most(agents=it),
    "spreads_at_most(hops=": lambda teams, it: teams.failing.cascade.spreads_at_most(hops=it),
    "retries_at_most": lambda teams, it: teams.failing.cascade.retries_at_most(it),
    "depth_at_most": lambda teams, it: teams.told.orchestration.depth_at_most(it),
}
TEXTS: dict[str, Asks] = {
    "events": lambda teams, it: teams.desk.spans.events(it).never(),
    "by": lambda teams, it: teams.desk.costs.by(it),
    "agree": lambda teams, it: teams.board.states.agree(it),
    "meant": lambda teams, it: teams.board.team.meant(it),
    "never_talks": lambda teams, it: teams.board.graph.never_talks(it, "*"),
    "bottleneck_is": lambda teams, it: teams.failing.critical_path.bottleneck_is(it),
}
OTHERS: dict[str, tuple[Asks, tuple[object, ...]]] = {
    "raised": (lambda teams, it: teams.desk.spans.raised(it), (5, ValueError("later"))),
    "args": (lambda teams, it: teams.desk.spans(args=it), (5, "A-17", [1])),
    "where": (lambda teams, it: teams.desk.spans(where=it), (5, "A-17", [1])),
    "child_of": (lambda teams, it: teams.desk.spans(child_of=it), (5, "planner", [1])),
    "cause_of": (lambda teams, it: teams.desk.spans(cause_of=it), (5, "planner", [1])),
    "within_budget": (
        lambda teams, it: teams.desk.spans.within_budget(it),
        (5, "0.05", [1], {"usd": 1}),
    ),
    "per_agent=": (lambda _, it: Budget(per_agent=it), (5, "planner", [1])),
    "prices=": (
        lambda _, it: Budget(prices=it),
        (5, "gpt-4o", {"gpt-4o": 5}, {"gpt-4o": (1, 2, 3)}),
    ),
    "unlike": (
        lambda _, it: State(StateSnapshot(agent="a", position=(), lane=(), seq=0)).unlike(it),
        (5, "goal", None),
    ),
    "vectors": (lambda teams, it: teams.board.states.unlike(it), (5, "goal", {"planner": 5})),
    "progress": (lambda teams, it: teams.board.progress(it), (5, "goal", None)),
    "award_the_best": (lambda teams, it: teams.told.delegations.award_the_best(it), (5, "eur")),
    "has_no_single_point": (
        lambda teams, it: teams.board.graph.has_no_single_point(but=it),
        (5, None),
    ),
    "reads_everything": (lambda teams, it: teams.board.graph.reads_everything(it), (5, [5], {})),
    "laws=": (lambda teams, it: check_propagation(teams.desk.trace, it), (5, None, [5])),
    "state": (lambda teams, it: state_of_agent(teams.desk.trace, it), (5, [1], {})),
    "of": (lambda teams, it: teams.desk.costs.of(it), (5, "pay", ["pay"], None)),
    "repeats=": (lambda _, it: doctor.check("t.py::t", root=Path(), repeats=it), ("x", None, 2.5)),
    "spans[": (lambda teams, it: teams.desk.spans[it], ("pay",)),
}


def cases() -> Iterator[Any]:
    """Every question with everything that it cannot be asked."""
    for questions, wrong in ((SELECTION | TEAMS, NO_COUNTS), (TEXTS, NO_TEXTS)):
        for name, ask in questions.items():
            for it in wrong:
                if not _is_right(name, it):
                    yield pytest.param(ask, it, id=f"{name} {it!r}")
    for name, (ask, them) in OTHERS.items():
        yield from (pytest.param(ask, it, id=f"{name} {it!r}") for it in them)


def _is_right(name: str, it: object) -> bool:
    """Whether it can be asked: an average may be 1.5, and None limits nothing."""
    allowed = {"retries": 1.5, "spreads": None, "events": None}
    return any(name.startswith(one) and it == right for one, right in allowed.items())


@pytest.mark.parametrize(("ask", "it"), list(cases()))
def test_what_cannot_be_meant_is_refused_in_words(ask: Asks, it: object) -> None:
    """No error from deep within, and no pass: nothing is more than NaN."""
    with pytest.raises(UsageError) as error:
        ask(Teams(), it)

    assert (repr(it)[:30] in str(error.value)) or type(it).__name__ in str(error.value)


def test_a_refusal_says_what_was_given_and_what_is_wanted() -> None:
    """The first line alone is enough for a log."""
    with pytest.raises(UsageError) as error:
        Teams().board.graph.fans_out_at_most("5")  # type: ignore[arg-type]

    assert str(error.value) == (
        "fans_out_at_most('5'): it is a whole number from 0  [usage]\n\n  given     str"
    )


def test_one_span_is_no_list_of_them() -> None:
    """What a span cost is another question than what some did."""
    costs = Teams().desk.costs

    with pytest.raises(UsageError, match="it is spans: a selection, or a list of them"):
        costs.of(costs.calls[0])  # type: ignore[arg-type]
    assert costs.of(costs.calls) == costs.total


def test_one_name_is_a_list_of_one() -> None:
    """Its letters are none."""
    assert being_given.several("laws=", "retries") == ("retries",)
    assert being_given.several("laws=", iter(["retries", "batches"])) == ("retries", "batches")


def test_zero_is_a_limit_and_so_is_a_number_of_another_library() -> None:
    """`0` is zero, and whatever Python takes for an index is a whole number."""

    class Eight:
        def __index__(self) -> int:
            return 8

    assert being_given.whole("at_most", 0) == 0
    assert being_given.whole("at_most", Eight()) == 8
    assert being_given.amount("retries_at_most", Decimal("1.5")) == Decimal("1.5")
    with pytest.raises(SelectionFailed):
        Analysis(desk_trace()).spans.at_most(0)
