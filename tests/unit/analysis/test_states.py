"""What an agent knew at a moment, asked of a trace."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

import agenttrace
from agenttrace.analysis import Analysis
from agenttrace.analysis.states import state_of_agent
from agenttrace.causal import spawn
from agenttrace.errors import NothingSelected, UsageError
from agenttrace.model.span import Span
from agenttrace.model.trace import Trace
from pytest_agenttrace.states import States
from tests.fakes.twice import traced


@agenttrace.tool
async def ask(what: str) -> str:
    """Answer."""
    await asyncio.sleep(0)
    return what


async def worker(name: str, mood: int) -> None:
    """Keep a state, ask, and keep another one."""
    with agenttrace.agent(name, id=f"{name} {mood}"):
        agenttrace.snapshot({"mood": mood, "asked": False, "seen": {mood}})
        await ask(f"{name} {mood}")
        agenttrace.snapshot({"mood": mood, "asked": True})


async def team() -> None:
    """Two workers at once, then their planner alone."""
    await asyncio.gather(worker("worker", 1), worker("worker", 2))
    await ask("at last")
    agenttrace.snapshot({"goal": "rest"}, agent="planner")


@pytest.fixture(scope="module")
def trace() -> Trace:
    """What the team did."""

    def whole() -> None:
        with spawn.installed():
            asyncio.run(team())

    return traced(whole)[0]


def asked(trace: Trace, what: str) -> Span:
    """The call that asked something."""
    return next(span for span in trace.calls if span.question == {"what": what})


def test_the_latest_state_of_the_causal_past_is_given(trace: Trace) -> None:
    """Before its own second snapshot a worker knows the first; who comes after, the last."""
    assert state_of_agent(trace, "worker 1", asked(trace, "worker 1")) == {
        "mood": 1,
        "asked": False,
        "seen": {"items": [1]},
    }
    for at in (asked(trace, "at last"), None):
        state = state_of_agent(trace, "worker 1", at)
        assert (state, state.agent) == ({"mood": 1, "asked": True}, "worker 1")


def test_what_a_concurrent_agent_keeps_is_not_known_yet(trace: Trace) -> None:
    """Whoever was quicker: the clock says nothing of who knew what."""
    with pytest.raises(NothingSelected, match="no state of 'worker 2' is kept before the end of"):
        state_of_agent(trace, "worker 2", asked(trace, "worker 1"))


def test_who_asks_for_an_agent_is_told_how_to_ask_for_the_runs_own_state() -> None:
    """What nobody's code keeps is the run's: it has no name to guess."""
    run = traced(lambda: agenttrace.snapshot({"mood": 1}))[0]

    assert state_of_agent(run, "")["mood"] == 1
    with pytest.raises(NothingSelected, match=r"there is  the run's own: state\(''\)"):
        state_of_agent(run, "graph")


def test_an_agent_can_be_asked_for_by_its_name(trace: Trace) -> None:
    """Where only one is called so; the text names the ids otherwise, and who is there at all."""
    named = traced(lambda: asyncio.run(worker("clerk", 3)))[0]

    assert state_of_agent(named, "clerk")["mood"] == 3
    with pytest.raises(UsageError, match="worker 1, worker 2"):
        state_of_agent(trace, "worker")
    with pytest.raises(NothingSelected, match=r"(?s)there is  planner, not in the past.*worker 1"):
        state_of_agent(trace, "boss", asked(trace, "at last"))
    with pytest.raises(NothingSelected, match="keeps one"):
        state_of_agent(traced(lambda: asyncio.run(ask("nothing")))[0], "boss")


def test_a_key_that_is_not_there_says_what_is(trace: Trace) -> None:
    """And whose state it is."""
    state = state_of_agent(trace, "planner")

    with pytest.raises(KeyError, match=r"'mood' is not in state of planner at .*; there is goal"):
        state["mood"]
    assert state.unlike({"goal": "work", "mood": 1}) == [
        "- goal = 'work'",
        "+ goal = 'rest'",
        "- mood = 1",
    ]


def test_who_names_nobody_is_told_who_keeps_a_state(trace: Trace) -> None:
    """It was Python's own TypeError, which knows nothing of the agents."""
    with pytest.raises(UsageError, match=r"(?s)state\(\): whose\?.*there is  worker 1.*planner"):
        state_of_agent(trace, None)


ASKED_AT_A_SPAN: dict[str, Callable[[Analysis, Any], object]] = {
    "states_at": lambda analysis, at: analysis.states_at(at),
    "waiting_at": lambda analysis, at: analysis.waiting_at(at),
    "journey": lambda analysis, at: analysis.journey(at, "at last"),
    "subtree": lambda analysis, at: analysis.costs.subtree(at),
}


@pytest.mark.parametrize("name", ASKED_AT_A_SPAN)
@pytest.mark.parametrize("said", ["#3", "pay", 3, None])
def test_what_is_no_span_is_refused_with_what_is_one(trace: Trace, name: str, said: Any) -> None:
    """It was an AttributeError from within; a number is what the command line shows."""
    with pytest.raises(UsageError) as refused:
        ASKED_AT_A_SPAN[name](Analysis(trace), said)

    told = str(refused.value)
    assert told.startswith(f"{name}: {said!r} is no span  [usage]")
    assert 'agent_trace.tool("pay")' in told
    assert ("agenttrace show TRACE --at '#3'" in told) == (said in ("#3", 3))


@pytest.mark.parametrize("name", ASKED_AT_A_SPAN)
def test_a_selection_means_its_last_span(trace: Trace, name: str) -> None:
    """As it does in `agent_trace.state(at=…)`; one of nothing is an error."""
    analysis, ask_at = Analysis(trace), ASKED_AT_A_SPAN[name]
    calls = analysis.spans.tool("ask")

    assert ask_at(analysis, calls) == ask_at(analysis, calls[-1])
    with pytest.raises(NothingSelected):
        ask_at(analysis, analysis.spans.tool("pay"))


class Run(States):
    """A test's run, of which there is a trace."""

    def __init__(self, trace: Trace) -> None:
        """Keep it."""
        self._kept = trace

    @property
    def trace(self) -> Trace:
        """The trace."""
        return self._kept


def test_a_test_that_names_nobody_or_no_span_is_told_so(trace: Trace) -> None:
    """`agent_trace.state()`, and `agent_trace.state("planner", at="#3")`."""
    with pytest.raises(UsageError, match="no agent is named"):
        Run(trace).state()
    with pytest.raises(UsageError, match=r"state\(at=…\): '#3' is no span"):
        Run(trace).state("planner", at="#3")  # type: ignore[arg-type]
    assert Run(trace).state("planner", at=trace.root)["goal"] == "rest"
