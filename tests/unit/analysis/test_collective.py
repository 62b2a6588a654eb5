"""The Collective State Vector: the latest snapshot of every agent, over a consistent cut."""

from __future__ import annotations

from agenttrace.analysis.collective import at_the_end
from agenttrace.causal.position import trace_id
from agenttrace.model.lane import Join, Lane, Position, Step
from agenttrace.model.state import CollectiveState, StateSnapshot
from agenttrace.model.trace import Trace

CHILD = (Step("task", "child", 0),)


def shot(agent: str, lane: Position, seq: int, goal: str) -> StateSnapshot:
    """A state of an agent."""
    position = (*lane, Step("state", agent, seq))
    return StateSnapshot(agent=agent, position=position, lane=lane, seq=seq, goal=goal)


def trace(*shots: StateSnapshot, joins: tuple[Join, ...] = ()) -> Trace:
    """A run that spawns a child after its second step."""
    lanes = (Lane(path=()), Lane(path=CHILD, parent=(), spawn_seq=2, joins=joins))
    return Trace(id=trace_id("t"), name="t", lanes=lanes, snapshots=shots)


def test_of_one_lane_the_last_state_counts() -> None:
    """Program order is known for sure."""
    first, last = shot("planner", (), 1, "find"), shot("planner", (), 2, "settle")

    assert at_the_end(trace(first, last)) == CollectiveState(
        cut={(): 2, CHILD: 0}, agents={"planner": last}
    )


def test_a_child_comes_after_what_its_parent_did_before() -> None:
    """The spawn is an edge."""
    before, inside = shot("planner", (), 1, "find"), shot("planner", CHILD, 1, "search")

    assert at_the_end(trace(before, inside)).agents == {"planner": inside}


def test_a_parent_comes_after_a_child_that_it_joined() -> None:
    """Lanes stand in the trace by path, so the parent's last word would otherwise be lost."""
    after, inside = shot("planner", (), 5, "settle"), shot("planner", CHILD, 1, "search")
    joined = trace(after, inside, joins=(Join(by=(), seq=4),))

    assert at_the_end(joined).agents == {"planner": after}


def test_of_three_lanes_none_is_taken_that_another_one_follows() -> None:
    """The joined child is followed by its parent, though it is concurrent with its sibling."""
    joined = (Step("task", "joined", 9),)
    after, alone, inside = (
        shot("planner", (), 5, "settle"), shot("planner", CHILD, 1, "look"),
        shot("planner", joined, 1, "search"),
    )  # fmt: skip
    lanes = (
        Lane(path=()),
        Lane(path=CHILD, parent=(), spawn_seq=2),
        Lane(path=joined, parent=(), spawn_seq=3, joins=(Join(by=(), seq=4),)),
    )
    found = at_the_end(
        Trace(id=trace_id("t"), name="t", lanes=lanes, snapshots=(after, alone, inside))
    )

    assert found.agents == {"planner": alone}


def test_every_agent_has_one_state_by_its_id() -> None:
    """The vector has an entry an agent, whatever the lanes."""
    planner, worker = shot("planner", (), 1, "plan"), shot("worker", CHILD, 3, "work")

    assert at_the_end(trace(planner, worker)) == CollectiveState(
        cut={(): 2, CHILD: 3}, agents={"planner": planner, "worker": worker}
    )


def test_a_run_without_states_has_an_empty_vector() -> None:
    """None is none."""
    assert at_the_end(trace()).agents == {}
