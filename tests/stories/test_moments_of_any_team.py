"""Every moment of every team is come to as it was; and a changed state is met where it is known.

Teams are drawn: agents in tasks of their own that ask, keep what they know, and tell each other.
What each can know of is worked out here once more, by hand: with every message goes what its sender
knew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import agenttrace
from agenttrace.errors import StatesUnlike
from agenttrace.model.trace import Trace
from agenttrace.replay.incident import Wishes
from agenttrace.session.rerun import rerun
from agenttrace.session.starting import calls_of, cut_of
from tests.fakes.campaign import times
from tests.fakes.sessions import Desk

ASK, KEEP, TELL, HEAR = "ask", "keep", "tell", "hear"
Step = tuple[str, int]
"""What is done, and which of its kind it is in the whole team."""


@agenttrace.tool
async def ask_for(number: int) -> int:
    """Give a number back."""
    await asyncio.sleep(0)
    return number


@dataclass(frozen=True)
class Team:
    """The steps of each agent; agents that come later may hear from the one before them."""

    agents: tuple[tuple[Step, ...], ...]

    @property
    def kept(self) -> list[tuple[int, int]]:
        """Who keeps a state, and its number."""
        return [
            (who, n) for who, steps in enumerate(self.agents) for what, n in steps if what == KEEP
        ]

    def run(self, changed: int | None = None) -> Callable[[], object]:
        """The program of the team; one of its states may be another one."""
        return lambda: asyncio.run(self._main(changed))

    async def _main(self, changed: int | None) -> None:
        wires: list[asyncio.Queue[int]] = [asyncio.Queue() for _ in self.agents]
        await asyncio.gather(*(self._one(who, wires, changed) for who in range(len(self.agents))))

    async def _one(self, who: int, wires: list[asyncio.Queue[int]], changed: int | None) -> None:
        with agenttrace.agent(f"agent {who}"):
            for what, number in self.agents[who]:
                if what == ASK:
                    await ask_for(number)
                elif what == KEEP:
                    agenttrace.snapshot(beliefs={"at": -1 if number == changed else number})
                elif what == TELL:
                    wires[who + 1].put_nowait(number)
                else:
                    await wires[who].get()

    def known(self) -> dict[int, dict[int, int]]:
        """By the number of each question, who is known to have kept what last when it is asked."""
        return dict(self._known())

    def _known(self) -> Iterator[tuple[int, dict[int, int]]]:
        sent: list[list[dict[int, int]]] = [[] for _ in self.agents]
        for who, steps in enumerate(self.agents):
            knows, heard = dict[int, int](), 0
            for what, number in steps:
                if what == ASK:
                    yield number, dict(knows)
                elif what == KEEP:
                    knows[who] = number
                elif what == TELL:
                    sent[who + 1].append(dict(knows))
                else:
                    for agent, latest in sent[who][heard].items():
                        knows[agent] = max(latest, knows.get(agent, -1))
                    heard += 1


@st.composite
def teams(draw: st.DrawFn) -> Team:
    """Draw a team: each hears at most as often as the one before it tells."""
    number, told, agents = 0, 0, []
    count = draw(st.integers(1, 4))
    for who in range(count):
        kinds = [ASK, KEEP] + ([TELL] if who + 1 < count else []) + ([HEAR] if told else [])
        steps, hears, tells = [], 0, 0
        for _ in range(draw(st.integers(1, 6))):
            what = draw(st.sampled_from(kinds))
            if what == HEAR and hears == told:
                what = ASK
            hears, tells = hears + (what == HEAR), tells + (what == TELL)
            number += 1
            steps.append((what, number))
        told = tells
        agents.append((*steps, (ASK, number + 1)))
        number += 1
    return Team(tuple(agents))


def kept(folder: Path, program: Callable[[], object]) -> Trace:
    """What is kept of a run."""
    desk = Desk(folder)
    desk.rewrite(program)
    assert desk.verdict is not None
    assert desk.verdict.trace is not None
    return desk.verdict.trace


LAW = settings(
    max_examples=times(6, 200),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@LAW
@given(team=teams(), data=st.data())
def test_a_changed_state_is_met_at_the_moments_that_know_of_it(
    team: Team, data: st.DataObject, tmp_path: Path
) -> None:
    """And at no other; nothing else departs, whoever is faster."""
    calls = calls_of(kept(tmp_path, team.run()))
    who, changed = data.draw(st.sampled_from([*team.kept, (0, 0)]))
    knows = team.known()

    for one in calls.all:
        assert isinstance(one.asked, dict)
        number = one.asked["number"]
        wishes = Wishes(start=cut_of(calls, one.label))
        became = rerun(calls, team.run(changed), name="a run", wishes=wishes)
        assert isinstance(number, int)
        if changed and knows[number].get(who) == changed:
            assert isinstance(became.stopped, StatesUnlike)
            assert became.stopped.facts["agents"] == {
                f"agent {who}": (f"- beliefs.at = {changed}", "+ beliefs.at = -1")
            }
        else:
            assert became.stopped is None
            assert not became.incident.is_ahead
            assert not became.departed


# -- agents of one name ----------------------------------------------------------------------------
@agenttrace.tool
def cook(dish: str) -> str:
    """Cook one dish."""
    return f"{dish} is ready"


def dish_by_dish(dish: str) -> str:
    """A cook who keeps what is to be done."""
    with agenttrace.agent("cook"):
        agenttrace.snapshot(goal=dish)
        return cook(dish)


def threads() -> None:
    """Cooks of one name, each in a thread; and one more when they are done."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(dish_by_dish, ("soup", "roast", "cake")))
    dish_by_dish("bread")


async def tasks() -> None:
    """Cooks of one name, each in a task; and one more when they are done."""

    async def one(dish: str) -> None:
        await asyncio.sleep(0)
        dish_by_dish(dish)

    await asyncio.gather(*map(one, ("soup", "roast", "cake")))
    await one("bread")


async def pool() -> None:
    """Two cooks of one name who take slips off one queue."""
    slips: asyncio.Queue[str] = asyncio.Queue()

    async def work() -> None:
        for _ in range(2):
            dish = await slips.get()
            dish_by_dish(dish)

    for dish in ("soup", "roast", "cake", "bread"):
        slips.put_nowait(dish)
    await asyncio.gather(work(), work())


@pytest.mark.parametrize(
    "program",
    [threads, lambda: asyncio.run(tasks()), lambda: asyncio.run(pool())],
    ids=["threads", "tasks", "pool"],
)
def test_agents_of_one_name_are_not_taken_for_each_other(
    program: Callable[[], object], tmp_path: Path
) -> None:
    """Which one is the second is known only at the end; a moment is come to all the same."""
    trace = kept(tmp_path, program)
    assert len({shot.agent for shot in trace.snapshots}) > 1
    calls = calls_of(trace)
    assert len(calls.all) == 4

    for one in calls.all:
        became = rerun(calls, program, name="a run", wishes=Wishes(start=cut_of(calls, one.label)))
        assert became.stopped is None, one.label
        assert not became.incident.is_ahead
