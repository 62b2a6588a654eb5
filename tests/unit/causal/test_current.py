"""Current: which run a piece of code belongs to, and what happens at the edges."""

import contextvars
import threading

import pytest

from agenttrace.causal import current
from agenttrace.errors import Deadlock, GoldenMissing, NoRun


def test_outside_every_run_nothing_is_carried() -> None:
    """Production code belongs to no run."""
    assert current.frame() is None
    assert current.carried() is None
    assert current.active() == ()


def test_the_only_active_run_takes_work_in() -> None:
    """A loop or a pool older than the run would otherwise go live, silently."""
    run = current.Run("a run")
    token = current.enter(run)
    try:
        frame = contextvars.Context().run(current.frame)
        assert frame == run.frame()
        assert contextvars.Context().run(current.carried) is None
    finally:
        current.leave(run, token)

    assert (run.ended, current.active(), current.frame()) == (True, (), None)


def test_with_several_runs_code_of_neither_is_refused() -> None:
    """An answer for the wrong run would be worse than none."""
    one, two = current.Run("one"), current.Run("two")
    first, second = current.enter(one), current.enter(two)
    try:
        with pytest.raises(NoRun, match=r"belongs to none of them: one, two"):
            contextvars.Context().run(current.frame)
    finally:
        current.leave(two, second)
        current.leave(one, first)


def test_a_suspended_run_takes_no_work_in() -> None:
    """What carries its frame still belongs to it."""
    run = current.Run("a run")
    token = current.enter(run)
    try:
        current.suspend(run)
        assert contextvars.Context().run(current.frame) is None
        assert current.frame() == run.frame()
        current.resume(run)
        current.resume(run)
        assert current.active() == (run,)
    finally:
        current.leave(run, token)


def test_the_first_stop_is_the_one_that_counts() -> None:
    """The first divergence replaces any deadlock that it causes."""
    run, woken = current.Run("a run"), []
    run.wakers.append(woken.append)
    first = GoldenMissing("first")

    assert run.stop(first) is first
    assert run.stop(Deadlock("later")) is first
    assert (run.stopped, woken) == (first, [first])


def test_a_thread_stands_for_its_own_lane() -> None:
    """A job whose target is `copy_context().run` brings its submitter's frame, and is not it."""
    run = current.Run("a run")
    token = current.enter(run)
    seen = []
    try:
        lane = run.root.child("thread", "worker")
        context = contextvars.copy_context()

        def work() -> None:
            current.stand_for(run.frame().on(lane))
            seen.append(context.run(current.carried))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    finally:
        current.leave(run, token)

    assert [frame.lane for frame in seen if frame is not None] == [lane]


def test_a_token_of_another_context_is_let_go() -> None:
    """A generator that is closed elsewhere than it began leaves nothing behind."""
    run = current.Run("a run")
    context = contextvars.copy_context()
    token = context.run(current.stand, run.frame())

    current.reset(token)

    assert current.carried() is None
