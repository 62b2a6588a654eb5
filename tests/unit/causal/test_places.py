"""Places: where a caller stands travels in a header, and comes back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenttrace.causal.current import Run
from agenttrace.causal.joining import Identity
from agenttrace.causal.places import Place, is_served, place_of
from agenttrace.model.lane import Step

STEPS = st.builds(
    Step, st.sampled_from(["task", "http", "process", "tool"]), st.text(), st.integers(0, 999)
)


@given(at=st.lists(STEPS, min_size=1, max_size=6).map(tuple), seq=st.integers(0, 10**8))
def test_a_place_comes_back_from_its_header(at: tuple[Step, ...], seq: int) -> None:
    """Whatever a lane or an operation is called: slashes, colons, any alphabet."""
    place = Place(at=at, lane=at[: len(at) // 2], seq=seq)

    assert place_of(place.text) == place
    assert place.text.isascii()


@pytest.mark.parametrize(
    "text",
    ["", "/", "task:a#0", "task:a#0;lane=2;seq=1", "task:a;lane=0;seq=1", "x" * 99_999, "a:b#0;;"],
)
def test_a_strangers_header_says_nothing(text: str) -> None:
    """And raises nothing: a header must not break a call."""
    assert place_of(text) is None


def test_a_process_serves_a_caller_in_a_lane_of_the_callers() -> None:
    """Whichever thread serves it, and twice in the same one where the client tries again."""
    gateway, stock = Step("process", "gateway", 0), Step("process", "stock", 0)
    call = (gateway, Step("http", "POST /stock", 0))
    run = Run("a run", within=Identity(run="a run", lane=(stock,), parent=(), seq=1))
    place = Place(at=call, lane=call, seq=1)

    lane = place.lane_in(run)
    assert lane is not None
    place.leave(lane)
    again = place.lane_in(run)

    assert again is lane
    assert lane.path == (*call, Step("process", "stock", 0))
    assert is_served(lane.path)
    assert not is_served((stock,))
    assert [(by, seq) for by, seq in lane.joins.items()] == [(call, 1)]


def test_a_caller_in_the_same_process_keeps_its_own_lane() -> None:
    """A process that calls itself is one program order."""
    run = Run("a run")
    task = run.root.child("task", "worker")
    place = Place(at=(*task.path, Step("carrier", "inject", 0)), lane=task.path, seq=1)

    assert place.lane_in(run) is None
