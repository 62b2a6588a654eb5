"""Whose code runs: found by the context, by the thread, or because there is only one run."""

from __future__ import annotations

import contextvars
import threading

import pytest

from agenttrace.causal import current
from agenttrace.causal.current import Frame, Run
from agenttrace.errors import NeverAnswered, NoRun


def test_outside_every_run_there_is_no_frame() -> None:
    """An agent in production pays nothing."""
    assert (current.frame(), current.carried(), current.active()) == (None, None, ())


def test_who_enters_a_run_belongs_to_it_until_it_is_left() -> None:
    """Its frame is the run's own: the root lane, the run's span."""
    run = Run("t")
    token = current.enter(run)
    inside = current.frame()
    current.leave(run, token)
    assert inside == Frame(lane=run.root, scope=(), span=run.span, agent=None, task=None)
    assert (run.ended, current.frame()) == (True, None)


def test_code_without_a_frame_belongs_to_the_only_active_run() -> None:
    """A thread older than the run would go live, silently."""
    run = Run("t")
    token = current.enter(run)
    found = contextvars.Context().run(current.frame)
    carried = contextvars.Context().run(current.carried)
    current.leave(run, token)
    assert (found, carried) == (run.frame(), None)


def test_code_without_a_frame_is_refused_where_two_runs_are_active() -> None:
    """Both are named; to guess would give one run's answer to the other."""
    first, second = Run("first"), Run("second")
    tokens = [current.enter(first), current.enter(second)]
    try:
        with pytest.raises(
            NoRun, match="2 runs are active and this code belongs to none of them: first, second"
        ):
            contextvars.Context().run(current.frame)
    finally:
        current.leave(second, tokens[1])
        current.leave(first, tokens[0])


def test_a_frame_is_taken_back_also_in_another_context() -> None:
    """A generator may be closed in another context than it began in."""
    run = Run("t")
    token = contextvars.Context().run(current.stand, run.frame())
    current.reset(token)
    assert current.carried() is None


def test_a_context_can_be_asked_for_its_frame() -> None:
    """Without being entered: it may be in use."""
    run, context = Run("t"), contextvars.Context()
    context.run(current.stand, run.frame())
    assert (current.carried_in(context), current.carried_in(contextvars.Context())) == (
        run.frame(),
        None,
    )


def test_a_thread_stands_for_its_own_lane_over_none_and_over_those_above() -> None:
    """A lane of somebody else's, as a task that was handed to its loop has, is left as it is."""
    run = Run("t")
    own = run.frame().on(run.root.child("thread", "own"))
    guest = run.frame().on(run.root.child("task", "guest"))
    below = own.on(own.lane.child("task", "below"))
    found: list[Frame | None] = []

    def stand() -> None:
        current.stand_for(own)
        for frame in (None, run.frame(), own, guest, below):
            current.stand(frame)
            found.append(current.carried())

    thread = threading.Thread(target=stand)
    thread.start()
    thread.join()
    assert found == [own, own, own, guest, below]


def test_a_frame_on_another_lane_is_counted_from_there() -> None:
    """Span, agent and task stay: the spawned code works for them."""
    run = Run("t")
    frame = Frame(lane=run.root, scope=(), span="s", agent="planner", task="plan")
    lane = run.root.child("task", "worker")
    assert frame.on(lane) == Frame(
        lane=lane, scope=lane.path, span="s", agent="planner", task="plan"
    )


def test_a_run_stops_with_its_first_error_and_wakes_whoever_waits() -> None:
    """The first is sticky; later ones are its consequences."""
    run, woken = Run("t"), []
    run.wakers.append(woken.append)
    first, second = NeverAnswered("first"), NeverAnswered("second")
    assert (run.stop(first), run.stop(second)) == (first, first)
    assert (run.stopped, woken) == (first, [first])
