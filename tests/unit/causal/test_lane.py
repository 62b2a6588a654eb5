"""A live lane counts its steps, mints positions, and knows who was told of its end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agenttrace.causal.current import Run
from agenttrace.causal.lane import LiveLane
from agenttrace.model.lane import Join, Lane, Position, Step, text_of


def test_positions_count_what_went_before_them_by_kind_and_name() -> None:
    """In the lane itself, or in an agent's scope inside it."""
    lane, scope = Run("t").root, (Step("agent", "planner", 0),)
    minted = [
        lane.mint("llm", "chat"),
        lane.mint("tool", "chat"),
        lane.mint("llm", "chat", scope),
        lane.mint("llm", "chat"),
    ]
    assert list(map(text_of, minted)) == [
        "llm:chat#0",
        "tool:chat#0",
        "agent:planner#0/llm:chat#0",
        "llm:chat#1",
    ]
    assert lane.seq == 4


def test_a_position_may_be_given_without_a_step() -> None:
    """What is no part of the program order (a finalizer's) leaves it alone."""
    lane = Run("t").root
    assert (text_of(lane.next_position("tool", "x")), lane.seq) == ("tool:x#0", 0)


@given(names=st.lists(st.sampled_from("abc"), max_size=30))
def test_no_position_is_given_twice(names: list[str]) -> None:
    """A position is an identity."""
    lane = Run("t").root
    minted: list[Position] = [lane.mint("llm", name) for name in names]
    assert len(set(minted)) == len(minted)


def test_a_child_is_spawned_at_a_step_and_the_run_hears_of_it() -> None:
    """The listener is the recorder."""
    run, heard = Run("t"), []

    class Listener:
        """Keeps what it hears."""

        def lane_spawned(self, lane: LiveLane) -> None:
            """Keep it."""
            heard.append(lane)

    run.listener = Listener()
    run.root.step()
    child = run.root.child("task", "worker")
    inside = child.inside((*child.path, Step("tool", "search", 0)))
    assert [(text_of(lane.path), lane.parent, lane.spawn_seq) for lane in heard] == [
        ("task:worker#0", run.root, 2),
        ("task:worker#0/tool:search#0", child, 0),
    ]
    assert run.lanes == [run.root, child, inside]


def test_the_first_time_somebody_is_told_of_an_end_counts() -> None:
    """And nobody is told of their own, or of another run's."""
    run, other = Run("t"), Run("u")
    child = run.root.child("task", "worker")
    child.joined_by(child)
    child.joined_by(other.root)
    child.joined_by(run.root)
    run.root.step()
    child.joined_by(run.root)
    assert child.joins == {(): 1}


def test_a_lane_is_above_whatever_it_spawned() -> None:
    """At any depth, and never above itself."""
    root = Run("t").root
    child = root.child("task", "a")
    grandchild = child.child("task", "b")
    assert [root.is_above(grandchild), child.is_above(grandchild), root.is_above(root)] == [
        True,
        True,
        False,
    ]
    assert not grandchild.is_above(root)


def test_a_lane_freezes_as_it_stands() -> None:
    """The run's own is never ragged; one that has not ended, was cut, or had rivals is."""
    run = Run("t")
    ended, cut, left, rival = (
        run.root.child("task", name) for name in ("ended", "cut", "left", "rival")
    )
    ended.end()
    ended.joined_by(run.root)
    cut.end(cut=True)
    rival.rivals = [rival]
    rival.raced = True
    rival.end()
    assert [lane.frozen() for lane in (run.root, ended, cut, left, rival)] == [
        Lane(path=()),
        Lane(path=ended.path, parent=(), spawn_seq=1, joins=(Join(by=(), seq=4),)),
        Lane(path=cut.path, parent=(), spawn_seq=2, ragged=True, end="cut"),
        Lane(path=left.path, parent=(), spawn_seq=3, ragged=True, end="open"),
        Lane(path=rival.path, parent=(), spawn_seq=4, raced=True, ragged=True),
    ]


def test_once_cut_a_lane_stays_cut() -> None:
    """Its end may be told twice."""
    lane = Run("t").root.child("task", "worker")
    lane.end(cut=True)
    lane.end()
    assert (lane.ended, lane.cut) == (True, True)
