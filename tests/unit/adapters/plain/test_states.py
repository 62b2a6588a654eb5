"""Snapshots: what an agent keeps of its state, at one moment or again and again."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

import agenttrace
from agenttrace.causal import spawn
from agenttrace.check.diff import diff
from agenttrace.check.telling import told
from agenttrace.check.vary import Vary
from agenttrace.errors import NotCanonical, UsageError
from agenttrace.model.state import StateSnapshot
from tests.fakes.twice import traced, twice


@dataclass
class Memory:
    """What a planner keeps; `changed` differs from run to run."""

    goal: str = "refund"
    found: list[str] = field(default_factory=list)
    changed: float = 0.0


@agenttrace.tool
def look_up(order: str) -> str:
    """Find an order."""
    return f"{order} paid"


def work(memory: Memory, orders: int) -> None:
    """Look up some orders, and remember what was found."""
    for number in range(orders):
        memory.found.append(look_up(f"A-{number}"))


def shots_of(agent: Callable[[], object]) -> tuple[StateSnapshot, ...]:
    """What an agent kept."""
    return traced(agent)[0].snapshots


def test_a_state_is_read_key_by_key() -> None:
    """Known words have their place, others are extra; what has no names is working memory."""

    def agent() -> None:
        agenttrace.snapshot(Memory(found=["a"]), agent="planner", status="working")
        agenttrace.snapshot({"goal": "rest", "mood": 1}, goal="refund", volatile=["mood"])
        agenttrace.snapshot(["hello"])
        agenttrace.snapshot(lambda: {"beliefs": {"paid": {1}}})

    shots = shots_of(agent)

    assert [
        (it.agent, it.goal, it.beliefs, it.working_memory, it.status, it.extra) for it in shots
    ] == [
        ("planner", "refund", None, None, "working", {"found": ["a"], "changed": 0.0}),
        ("", "refund", None, None, "", {"mood": "<varies>"}),
        ("", None, None, ["hello"], "", {}),
        ("", None, {"paid": {"!": "set", "items": [1]}}, None, "", {}),
    ]


@pytest.mark.parametrize(
    ("every", "known_at"), [(1, [0, 1, 2, 3, 4, 5]), (2, [0, 2, 4, 5]), (9, [0, 5])]
)
def test_a_state_is_looked_at_before_every_so_many_calls_and_at_the_end(
    every: int, known_at: list[int]
) -> None:
    """Of the agent's own: what it knew when it asked, and with what it left."""

    def agent() -> None:
        memory = Memory()
        with agenttrace.agent("planner"):
            agenttrace.snapshot(memory, every=every)
            work(memory, 5)
        memory.found.append("later")
        look_up("nobody watches any more")

    ran = twice(agent)

    assert [len(it.extra["found"]) for it in ran.trace.snapshots] == known_at  # type: ignore[arg-type]
    assert ran.trace.snapshots == ran.replay.snapshots
    assert {it.agent for it in ran.trace.snapshots} == {"planner"}


def test_a_block_ends_looking() -> None:
    """With `with`, the last look is at the block's end, even where it ends in an error."""

    def agent() -> None:
        memory = Memory()
        with pytest.raises(ZeroDivisionError), agenttrace.snapshot(memory, every=1):
            work(memory, 1)
            raise ZeroDivisionError
        work(memory, 1)

    assert [it.extra["found"] for it in shots_of(agent)] == [[], ["A-0 paid"]]


def test_calls_of_other_agents_and_lanes_are_not_its_steps() -> None:
    """Work that goes on beside an agent must not decide when it is looked at."""

    async def team() -> None:
        memory = Memory()
        with agenttrace.agent("planner"), agenttrace.snapshot(memory, every=1):
            with agenttrace.agent("clerk"):
                look_up("clerk's")
            await asyncio.gather(*(asyncio.to_thread(look_up, f"B-{n}") for n in range(3)))
            memory.found.append(look_up("own"))

    def agent() -> None:
        with spawn.installed():
            asyncio.run(team())

    assert [it.extra["found"] for it in shots_of(agent)] == [[], ["own paid"]]


def test_virtual_time_is_what_the_answers_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """So a replay, in which nothing takes time, looks at the same moments as the recording."""
    from agenttrace.adapters.plain import states

    moments = iter([0, 1, 3, 4, 9])
    monkeypatch.setattr(states, "_answered_ns", lambda _frame: next(moments) * 10**9)

    def agent() -> None:
        memory = Memory()
        with agenttrace.agent("planner"):
            agenttrace.snapshot(memory, every=dt.timedelta(seconds=3))
            work(memory, 5)

    assert [len(it.extra["found"]) for it in shots_of(agent)] == [0, 2, 4, 5]  # type: ignore[arg-type]


@pytest.mark.parametrize("every", [0, -1, 1.5, True, "2", dt.timedelta()], ids=repr)
def test_what_cannot_be_counted_by_is_refused(every: Any) -> None:
    """A float could mean seconds or calls."""
    with pytest.raises(UsageError, match="nothing to count by"):
        traced(lambda: agenttrace.snapshot(Memory(), every=every))


@pytest.mark.parametrize("state", ["planner", 7, True], ids=repr)
def test_what_is_no_state_is_refused(state: object) -> None:
    """A name is most likely the agent's."""
    with pytest.raises(UsageError, match="this is no state"):
        traced(lambda: agenttrace.snapshot(state))
    with (
        pytest.raises(NotCanonical, match=r"snapshot: state\.file is a"),
        Path(__file__).open() as file,
    ):
        traced(lambda: agenttrace.snapshot({"file": file}))


def test_outside_a_run_nothing_is_looked_at() -> None:
    """A state costs nothing in production: it is not even read."""

    def never() -> object:
        raise AssertionError("it was read")

    agenttrace.snapshot(never)
    with agenttrace.snapshot(never, every=1):
        look_up("A-1")


def test_a_difference_of_states_reads_as_a_diff() -> None:
    """It names the agent, each key, and both values; what may vary is left out."""

    def agent() -> None:
        look_up("A-1")
        agenttrace.snapshot(Memory(found=["a", "b"]), agent="planner", beliefs={"paid": 1})

    golden = traced(agent)[0]
    shot = golden.snapshots[0]
    other = replace(shot, beliefs={"paid": 2}, extra={"found": ["a"], "changed": 9.5}, goal=None)
    run = replace(golden, snapshots=(other,))

    (found,) = diff(golden, run)
    assert told(found) == [
        "    state  state of planner: changed  at snapshot:state#0  (- golden, + this run)",
        "      - beliefs.paid = 1",
        "      + beliefs.paid = 2",
        "      - changed = 0.0",
        "      + changed = 9.5",
        "      - found[1] = 'b'",
        "      - goal = 'refund'",
    ]
    (found,) = diff(golden, run, Vary.of(["state.beliefs.*", "state.found"]))
    assert told(found)[1:] == [
        "      - changed = 0.0",
        "      + changed = 9.5",
        "      - goal = 'refund'",
    ]
    allowed = {"state.beliefs.paid": 2, "state.changed": 9.5, "state.found": ["a"]}
    same_goal = replace(run, snapshots=(replace(other, goal="refund"),))
    assert diff(golden, same_goal, Vary.of(allowed)) == ()
    assert len(diff(golden, same_goal, Vary.of({**allowed, "state.changed": 1.0}))) == 1


def test_of_a_state_that_changed_everywhere_the_first_keys_are_told() -> None:
    """A state can be large; a message says how much more there is."""

    def agent() -> None:
        agenttrace.snapshot({f"key{n:02}": n for n in range(50)})

    golden = traced(agent)[0]
    extra = {f"key{n:02}": -1 for n in range(50)}
    (found,) = diff(golden, replace(golden, snapshots=(replace(golden.snapshots[0], extra=extra),)))

    assert told(found)[-2:] == ["      + key19 = -1", "      … and 30 more keys"]
