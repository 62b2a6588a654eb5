"""Limits: a share, or a length of time, as a test of a team says it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from agenttrace.analysis import Analysis
from agenttrace.analysis.limits import nanoseconds_of, share_of
from agenttrace.errors import NothingSelected, UsageError
from agenttrace.model.agent import Agent
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.trace import Trace


def two_cooks() -> Trace:
    """A run of two cooks of one name, and a chef."""
    run = Span(id="f" * 16, name="run", kind=SpanKind.RUN, seq=0, end_seq=9, end_ns=90)
    spans = tuple(
        Span(
            id=f"{number:016x}",
            parent=run.id,
            name=agent,
            kind=SpanKind.AGENT,
            agent=agent,
            seq=number,
            end_seq=number,
            start_ns=number * 10,
            end_ns=number * 10 + 5,
        )
        for number, agent in enumerate(("chef-1", "cook", "cook#1"), 1)
    )
    agents = (
        Agent(id="chef-1", name="chef"),
        Agent(id="cook", name="cook"),
        Agent(id="cook#1", name="cook"),
    )
    return Trace(id="a" * 32, name="kitchen", spans=(run, *spans), agents=agents)


@pytest.mark.parametrize(
    ("said", "ns"),
    [
        ("1us", 1_000),
        ("1 µs", 1_000),
        ("7ns", 7),
        ("300ms", 300_000_000),
        ("2s", 2_000_000_000),
        (0.5, 500_000_000),
        (0, 0),
    ],
)
def test_a_length_of_time_has_a_unit_or_is_of_seconds(said: Any, ns: int) -> None:
    """Each unit is understood that a recorded time is printed in."""
    assert nanoseconds_of(said) == ns


@pytest.mark.parametrize("said", ["+5%", "5%", "-1s", "soon", -1, True, float("nan"), None, {}])
def test_what_is_no_length_of_time_is_refused(said: Any) -> None:
    """`"+5%"` is a limit of a budget; here it had meant five seconds."""
    with pytest.raises(UsageError, match="is no length of time"):
        nanoseconds_of(said)
    with pytest.raises(UsageError, match="is no length of time"):
        Analysis(two_cooks()).critical_path.takes_at_most(said)


@pytest.mark.parametrize("said", [86_401, 5_000_000_000, "5_000_000_000"])
def test_a_bare_number_of_more_than_a_day_is_refused(said: Any) -> None:
    """`silent_at_most` took nanoseconds once; nobody is ever silent for as many seconds."""
    with pytest.raises(UsageError, match="without a unit is of seconds") as refused:
        nanoseconds_of(said)

    assert f'"{int(said)}ns"' in str(refused.value)
    assert nanoseconds_of(86_400) == nanoseconds_of("86400s") == 86_400 * 10**9


@pytest.mark.parametrize(
    ("said", "share"), [("30%", "0.3"), (0.3, "0.3"), (1, "1"), ("100%", "1"), (0, "0")]
)
def test_a_share_is_of_one_or_of_a_hundred(said: Any, share: str) -> None:
    """Either way of saying a share means the same."""
    assert share_of(said) == Decimal(share)


@pytest.mark.parametrize("said", ["+5%", 30, "101%", "31", "2s", -0.1, True, None])
def test_a_share_that_nothing_could_exceed_is_refused(said: Any) -> None:
    """Whoever writes 30 means 30 %; `waits_at_most(30)` had held of everybody."""
    with pytest.raises(UsageError, match="is no share"):
        share_of(said)
    with pytest.raises(UsageError, match="is no share"):
        Analysis(two_cooks()).lifetimes["chef"].waits_at_most(said)


def test_overhead_that_limits_nothing_is_refused() -> None:
    """It had passed, and said nothing."""
    with pytest.raises(UsageError, match="no share is limited"):
        Analysis(two_cooks()).overhead.at_most()


def test_a_lifetime_is_asked_for_as_an_agent_is_elsewhere() -> None:
    """By its id, its name or with wildcards, where that is one agent; a misspelt name is told."""
    lifetimes = Analysis(two_cooks()).lifetimes

    assert list(lifetimes) == ["chef-1", "cook", "cook#1"]
    assert lifetimes["chef"] is lifetimes["ch*"] is lifetimes["chef-1"]
    assert lifetimes["cook"].agent == "cook"
    with pytest.raises(UsageError, match=r"'c\*' means 3 agents, and a lifetime is of one"):
        lifetimes["c*"]
    with pytest.raises(NothingSelected, match="no agent is called 'chief'"):
        lifetimes["chief"]


def test_a_node_of_the_graph_is_asked_for_as_a_lifetime_is() -> None:
    """A bare `KeyError` had not said who there is."""
    nodes = Analysis(two_cooks()).graph.nodes

    assert list(nodes) == ["chef-1", "cook", "cook#1"]
    assert nodes["chef"] is nodes["ch*"] is nodes["chef-1"]
    with pytest.raises(UsageError, match=r"'c\*' means 3 agents, and a node is of one"):
        nodes["c*"]
    with pytest.raises(NothingSelected, match="no agent is called 'chief'") as error:
        nodes["chief"]
    assert "nearest   chef-1" in str(error.value)
