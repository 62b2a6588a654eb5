"""Budgets: every limit, what breaks it, and who spent it; what cannot be known is no pass."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenttrace.analysis.selecting import spans_of
from agenttrace.check.budget import Budget
from agenttrace.check.select import Selection
from agenttrace.check.view import View
from agenttrace.errors import (
    BudgetBroken,
    NothingSelected,
    NothingToCompare,
    PriceUnknown,
    UsageError,
    UsageUnknown,
)
from agenttrace.model.span import SpanKind
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, Usage
from tests.fakes.desk import desk, desk_trace

MORE = "\n\n  More: agenttrace explain budget-broken"
AT = "tests/fakes/desk.py:LINE"
LINES = re.compile(r"(desk\.py:)\d+")


def used(**tokens: int) -> Trace:
    """The desk's trace, its models' tokens said anew, by agent."""
    models = {"planner": "gpt-4o", "writer": "gpt-4o-mini"}
    return replace(
        desk_trace(),
        started="2026-03-01T09:00:00Z",
        spans=tuple(
            replace(
                span,
                usage=Usage(
                    models={models[str(span.agent)]: Tokens(input=tokens[str(span.agent)])}
                ),
            )
            if span.kind is SpanKind.LLM
            else span
            for span in desk_trace().spans
        ),
    )


def team() -> Selection:
    """Spans of a run with round numbers, and a golden that used a little less."""
    return spans_of(used(planner=9000, writer=1000), golden=used(planner=8000, writer=1000))


KEPT: dict[str, Callable[[Selection], object]] = {
    "each limit at its very value": lambda t: t.within_budget(
        tokens=10_000, llm_calls=2, tool_calls=8, tool_usd=0.5, steps=10, depth=2, coordination=0
    ),
    "by name": lambda t: t.within_budget(
        tokens={"gpt-4o": 9000, "gpt-4o-*": 1000},
        tool_calls={"pay": 2, "ask": 5, "delete_*": 0},
        llm_calls={"gpt-*": 2},
        tool_usd={"pay": "0.50"},
    ),
    "money": lambda t: t.within_budget(usd="0.52265"),
    "of an agent": lambda t: t.within_budget(per_agent={"payer": {"tool_calls": 2, "tokens": 0}}),
    "of a part": lambda t: t(kind="agent", name="payer").within_budget(tool_calls=2, llm_calls=0),
    "from the golden": lambda t: t.within_budget(tokens="+12.5%", llm_calls="+0%"),
    "one's own price": lambda t: t.within_budget(usd=11, prices={"gpt-*": (1000, 0)}),
    "a budget and more limits": lambda t: t.within_budget(Budget(tokens=1), tokens=10_000),
}


@pytest.mark.parametrize("kept", KEPT.values(), ids=KEPT)
def test_a_budget_that_is_just_enough_is_kept(kept: Callable[[Selection], object]) -> None:
    """At most means at most; the same assertion one step lower is in the next table."""
    assert kept(team())


BROKEN: dict[str, tuple[dict[str, object], str]] = {
    "money": (
        {"usd": "0.52264"},
        (
            "1 of 1 limit broken: usd  [budget-broken]\n\n"
            "  usd\n"
            "    $0.52265, and at most $0.52264\n"
            f"        $0.25  tool   pay(order='A-17', amount=5)   at payer/tool:pay#0, {AT}\n"
            f"        $0.25  tool   pay(order='A-17', amount=0)   at payer/tool:pay#1, {AT}\n"
            f"      $0.0225  llm    chat gpt-4o   at planner/llm:chat#0, {AT}\n"
            f"     $0.00015  llm    chat gpt-4o-mini   at writer/llm:chat#0, {AT}"
        ),
    ),
    "tokens of a model, from the golden": (
        {"tokens": {"gpt-4o": "+5%"}, "llm_calls": 2},
        (
            "1 of 2 limits broken: tokens gpt-4o  [budget-broken]\n\n"
            "  tokens gpt-4o\n"
            "    9,000, and at most 8,400: the golden's 8,000 +5%\n"
            f"        9,000  llm    chat gpt-4o   at planner/llm:chat#0, {AT}\n"
            "  kept      llm_calls 2"
        ),
    ),
    "calls of a tool": (
        {"tool_calls": {"ask": 4}},
        "1 of 1 limit broken: tool_calls ask  [budget-broken]\n\n"
        "  tool_calls ask\n"
        "    5, and at most 4\n"
        + "".join(
            f"    tool   ask(who='{who}')   at {lane}tool:ask#0, {AT}\n"
            for who, lane in (
                ("ann", "ask#0/"),
                ("bob", "ask#1/"),
                ("cay", "ask#2/"),
                ("dan", "ask#3/"),
                ("eve", ""),
            )
        ).rstrip(),
    ),
    "zero is a limit": (
        {"tool_usd": 0, "llm_calls": 0},
        (
            "2 of 2 limits broken: llm_calls, tool_usd  [budget-broken]\n\n"
            "  llm_calls\n"
            "    2, and at most 0\n"
            f"    llm    chat gpt-4o   at planner/llm:chat#0, {AT}\n"
            f"    llm    chat gpt-4o-mini   at writer/llm:chat#0, {AT}\n"
            "  tool_usd\n"
            "    $0.5, and at most $0\n"
            f"        $0.25  tool   pay(order='A-17', amount=5)   at payer/tool:pay#0, {AT}\n"
            f"        $0.25  tool   pay(order='A-17', amount=0)   at payer/tool:pay#1, {AT}"
        ),
    ),
    "of an agent": (
        {"per_agent": {"payer": {"tool_calls": 1}}},
        (
            "1 of 1 limit broken: payer: tool_calls  [budget-broken]\n\n"
            "  payer: tool_calls\n"
            "    2, and at most 1\n"
            f"    tool   pay(order='A-17', amount=5)   at payer/tool:pay#0, {AT}\n"
            f"    tool   pay(order='A-17', amount=0)   at payer/tool:pay#1, {AT}"
        ),
    ),
    "steps, shown at most five": (
        {"steps": 9},
        (
            "1 of 1 limit broken: steps  [budget-broken]\n\n"
            "  steps\n"
            "    10, and at most 9\n"
            f"    llm    chat gpt-4o   at planner/llm:chat#0, {AT}\n"
            "    tool   look_up_order(order='A-17', region='eu')   "
            f"at planner/tool:look_up_order#0, {AT}\n"
            f"    tool   pay(order='A-17', amount=5)   at payer/tool:pay#0, {AT}\n"
            f"    tool   pay(order='A-17', amount=0)   at payer/tool:pay#1, {AT}\n"
            f"    tool   ask(who='ann')   at ask#0/tool:ask#0, {AT}\n"
            "    and 5 more, 5 together"
        ),
    ),
}


@pytest.mark.parametrize(("limits", "text"), BROKEN.values(), ids=BROKEN)
def test_a_broken_budget_shows_the_spans_that_spent_it(
    limits: dict[str, object], text: str
) -> None:
    """The dearest first, and what was kept in a line."""
    with pytest.raises(BudgetBroken) as broken:
        team().within_budget(**limits)

    assert LINES.sub(r"\1LINE", str(broken.value)) == text + MORE


@pytest.mark.parametrize("time", ["recorded", "virtual", "real"])
def test_a_latency_says_what_its_time_is(time: str) -> None:
    """A second of a replay is no second of a user's."""
    trace = replace(
        desk_trace(),
        spans=tuple(replace(one, start_ns=0, end_ns=1_500_000_000) for one in desk_trace().spans),
    )
    view = View(trace, time=time)

    assert Selection(lambda: view, desk().selector).within_budget(latency="1500ms")
    with pytest.raises(BudgetBroken, match=f"    1.5 s of {time} time, and at most 1.2 s\n"):
        Selection(lambda: view, desk().selector).within_budget(latency=1.2)


def test_coordination_is_the_share_of_tokens_inside_messages_and_orchestration() -> None:
    """Nine of ten tokens went into deciding who should act."""
    trace = used(planner=9000, writer=1000)
    planner = desk()(kind="agent", name="planner")[0]
    spans = tuple(
        replace(one, kind=SpanKind.ORCHESTRATION) if one.id == planner.id else one
        for one in trace.spans
    )
    deciding = spans_of(replace(trace, spans=spans))

    assert deciding.within_budget(coordination="90%")
    with pytest.raises(BudgetBroken, match="    90%, and at most 30%\n") as broken:
        deciding.within_budget(coordination=0.3)
    assert "          90%  llm    chat gpt-4o " in str(broken.value)


def test_a_model_that_nobody_has_a_price_for_is_no_free_model() -> None:
    """The incumbents count it as $0."""
    strange = {"my-model": Tokens(input=5, output=5)}
    trace = replace(
        used(planner=9000, writer=1000),
        spans=tuple(
            replace(one, usage=Usage(models=strange))
            if one.agent == "writer" and one.usage
            else one
            for one in used(planner=9000, writer=1000).spans
        ),
    )

    with pytest.raises(PriceUnknown) as unknown:
        spans_of(trace).within_budget(usd=100)
    assert LINES.sub(r"\1LINE", str(unknown.value)) == (
        "nobody knows what my-model costs  [price-unknown]\n\n"
        f"  asked     llm    chat gpt-4o-mini   at writer/llm:chat#0, {AT}\n"
        "  prices    genai-prices, of 2026-03-01T09:00:00Z\n\n"
        "  Name its price, in USD for a million tokens read and written:\n"
        '      budget=dict(usd=…, prices={"my-model": (0.5, 1.5)})\n'
        "  More: agenttrace explain price-unknown"
    )
    assert spans_of(trace).within_budget(usd=1, prices={"my-*": (0.5, 1.5)})


def test_without_the_price_list_money_is_unknown_and_the_way_on_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is an extra; what a span itself says of its cost needs no list."""
    monkeypatch.setitem(sys.modules, "genai_prices", None)

    with pytest.raises(PriceUnknown) as unknown:
        team().within_budget(usd=1)
    assert str(unknown.value) == (
        "the price list is not installed  [price-unknown]\n\n"
        "  pip install 'pytest-agenttrace[prices]'\n"
        '  Or name the prices: Budget(usd=0.05, prices={"gpt-4o": (2.5, 10)})'
    )
    said = replace(
        desk_trace(),
        spans=tuple(
            replace(one, usage=replace(one.usage, cost_usd=Decimal("0.01"))) if one.usage else one
            for one in desk_trace().spans
        ),
    )
    assert spans_of(said).llm_calls.within_budget(usd="0.02")


def test_a_call_that_does_not_say_what_it_used_is_an_error() -> None:
    """A stream without `include_usage` would pass every budget."""
    silent = replace(
        desk_trace(),
        spans=tuple(
            replace(one, usage=None) if one.agent == "writer" else one for one in desk_trace().spans
        ),
    )

    with pytest.raises(UsageUnknown) as unknown:
        spans_of(silent).within_budget(tokens=10_000)
    assert LINES.sub(r"\1LINE", str(unknown.value)) == (
        "1 of 2 model calls does not say what it used  [usage-unknown]\n\n"
        f"  silent    llm    chat gpt-4o-mini   at writer/llm:chat#0, {AT}\n\n"
        "  A stream says it when it is asked to:\n"
        '      stream_options={"include_usage": True}\n'
        "  More: agenttrace explain usage-unknown"
    )
    assert spans_of(silent).within_budget(llm_calls=2)


def test_relative_to_nothing_is_an_error() -> None:
    """Five percent more than no golden is no limit."""
    with pytest.raises(NothingToCompare) as nothing:
        desk().within_budget(tokens="+5%")

    assert str(nothing.value) == (
        "tokens is limited to +5% of the golden's, and there is no golden  [nothing-to-compare]\n\n"
        "  Record the test first, or say a plain number.\n"
        "  More: agenttrace explain nothing-to-compare"
    )


def test_a_limit_of_a_model_that_was_never_asked_fails_unless_it_is_zero() -> None:
    """`tokens={"gpt-*": 8000}` must not pass because the team moved to another model."""
    with pytest.raises(NothingSelected) as nobody:
        team().within_budget(tokens={"claude-*": 8000})

    assert str(nobody.value) == (
        "tokens limits 'claude-*', and no model of the run is called so  [nothing-selected]\n\n"
        "  there are chat gpt-4o, chat gpt-4o-mini\n\n"
        '  It is meant not to be used: tokens={"claude-*": 0}\n'
        "  More: agenttrace explain nothing-selected"
    )
    assert team().within_budget(tokens={"claude-*": 0})
    with pytest.raises(NothingSelected, match=re.escape("no span is {'agent': 'critic'}")):
        team().within_budget(per_agent={"critic": {"usd": 1}})


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"usd": -1}, "usd=-1 is no limit"),
        ({"usd": "cheap"}, "usd='cheap' is no limit"),
        ({"steps": True}, "steps=True is no limit"),
        ({"steps": float("nan")}, "steps=nan is no limit"),
        ({"steps": "5%"}, "steps='5%' is no limit"),
        ({"steps": {"a": 1}}, "steps={'a': 1} is no limit"),
        ({"token": 1}, "a budget has no 'token'"),
        ({"per_agent": {"a": {"per_agent": {"b": {"usd": 1}}}}}, "an agent's budget has no agents"),
    ],
    ids=str,
)
def test_what_is_no_limit_is_refused_when_it_is_said(said: dict[str, object], text: str) -> None:
    """Not when the run is over."""
    with pytest.raises(UsageError, match=re.escape(text)):
        Budget.of(said)


def test_a_budget_is_read_from_the_lines_of_an_ini_file() -> None:
    """A dot parts a limit from a name, which may have dots itself."""
    lines = ["usd = 0.05", "tokens.gpt-4.1* = 8000", "per_agent.a.b.latency = 300ms"]

    assert Budget.of_lines(lines) == Budget(
        usd="0.05", tokens={"gpt-4.1*": "8000"}, per_agent={"a.b": {"latency": "300ms"}}
    )
    assert Budget.of_lines([]) is None
    with pytest.raises(UsageError, match="no line"):
        Budget.of_lines(["usd 5"])


def test_what_a_test_says_counts_before_what_the_ini_file_says() -> None:
    """Zero, too."""
    general = Budget(usd=1, steps=5, per_agent={"a": {"usd": 1}})

    assert Budget(usd=0, per_agent={"b": {"usd": 2}}).over(general) == Budget(
        usd=0, steps=5, per_agent={"a": {"usd": 1}, "b": {"usd": 2}}
    )


@given(at_most=st.integers(0, 20))
def test_a_limit_is_broken_exactly_when_more_was_used(at_most: int) -> None:
    """The desk makes ten calls; `0` is as good a limit as another."""
    try:
        desk().within_budget(steps=at_most)
        kept = True
    except BudgetBroken:
        kept = False

    assert kept is (at_most >= 10)
