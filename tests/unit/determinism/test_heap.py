"""The heap: one virtual time for threads that have no loop."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable

import pytest

from agenttrace.causal.current import Run
from agenttrace.causal.lane import Unhurried
from agenttrace.determinism.clock import VirtualClock
from agenttrace.determinism.heap import Heap
from agenttrace.determinism.still import Stillness
from agenttrace.determinism.stuck import Wait
from agenttrace.determinism.waiter import TIMER, Released, Waiter
from agenttrace.errors import MessageNeverCame, NeverAnswered, ReplayDiverged, RunStopped
from tests.fakes.scripted_door import virtual_run


def clock_of(run: Run) -> VirtualClock:
    """The virtual clock of a run."""
    assert isinstance(run.clock, VirtualClock)
    return run.clock


def in_threads(*targets: Callable[[], None]) -> None:
    """Run functions in a thread each, and wait for all of them."""
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_the_earliest_goes_on_first_and_others_wait_for_what_follows_from_it() -> None:
    """One at a time: two released together would race for the next step."""
    seen: list[tuple[str, int]] = []
    with virtual_run() as run:
        clock = clock_of(run)

        def sleeper(name: str, *moments: int) -> None:
            for at_ns in moments:
                clock.sleep_until_blocking(at_ns)
                seen.append((name, clock.now_ns()))

        in_threads(lambda: sleeper("a", 10, 30), lambda: sleeper("b", 20, 40))
    assert seen == [("a", 10), ("b", 20), ("a", 30), ("b", 40)]


class Visited(Stillness):
    """Finds everybody still, while somebody comes to the heap."""

    def __init__(self, visit: Callable[[], object]) -> None:
        super().__init__()
        self._visit = visit

    def seen(self, threads: Iterable[int | None], visits: int) -> bool:
        """Look, and be late."""
        self._visit()
        return True


@pytest.mark.parametrize("is_visited", [True, False])
def test_who_came_to_the_heap_during_a_look_was_not_still(is_visited: bool) -> None:
    """It was about to wait for an earlier moment: on a busy machine, 1 of 100 replays lost that."""
    heap = Heap()
    later = heap.add(20, lambda: None)

    heap.look(Visited(heap.here if is_visited else lambda: None), 0.001)

    assert later.over is not is_visited


def test_two_who_sleep_until_one_moment_go_on_by_their_tie() -> None:
    """The recorded end decides, not who came first."""
    seen: list[int] = []
    with virtual_run() as run:
        clock = clock_of(run)

        def sleeper(tie_ns: int) -> None:
            clock.sleep_until_blocking(10, tie_ns)
            seen.append(tie_ns)

        in_threads(*(lambda tie_ns=tie_ns: sleeper(tie_ns) for tie_ns in (3, 1, 2)))  # type: ignore[misc]
    assert seen == [1, 2, 3]


def test_a_moment_that_has_passed_is_now() -> None:
    """Time never goes back."""
    heap = Heap()
    heap.sleep_until(10)
    heap.sleep_until(5)
    assert heap.now_ns == 10


def test_threads_that_wait_for_each_other_are_a_deadlock_that_names_them() -> None:
    """The join that closes the circle raises; without it the test would hang."""
    the_end_of_the_run = threading.Event()
    with virtual_run() as run:

        def worker() -> None:
            with contextlib.suppress(RunStopped):
                run.waits.block(run.root, [run.root])
                the_end_of_the_run.wait(timeout=120)

        thread = threading.Thread(target=worker)
        with contextlib.suppress(RunStopped):
            thread.start()
            thread.join()
        the_end_of_the_run.set()
        thread.join(timeout=120)
    assert str(run.stopped) == (
        "nothing can happen any more: 2 wait for each other  [deadlock]\n"
        "\n"
        "    the run itself  waits for  the end of worker#0\n"
        "    worker#0        waits for  the end of the run itself\n"
        "\n"
        "  No timer is set, no answer is on its way, and no thread runs.\n"
        "  Give one of them a timeout, or let whoever fails say so to the others.\n"
        "  More: agenttrace explain deadlock"
    )


def test_a_wait_that_nobody_ends_stops_everybody_with_the_same_error() -> None:
    """Each thread raises the run's first error, and so does who waits for the threads."""
    raised: list[RunStopped] = []
    with virtual_run() as run:
        clock = clock_of(run)

        def waiter(what: str) -> None:
            try:
                clock.never_blocking(what)
            except RunStopped as error:
                raised.append(error)

        with pytest.raises(NeverAnswered) as at_the_join:
            in_threads(lambda: waiter("the answer to a"), lambda: waiter("the answer to b"))
        raised.append(at_the_join.value)
    assert raised[-1].headline == (
        "<lambda>#0 waits for the answer to a, which never came when it was recorded"
    )
    assert {id(error) for error in raised} == {id(run.stopped)}


def test_the_first_divergence_replaces_the_deadlock_it_causes() -> None:
    """The cause is what a person must read, not its consequence."""
    divergence = ReplayDiverged("call 3 of 5 is not the one that was recorded")
    heap = Heap(on_stuck=lambda error: divergence)
    with pytest.raises(ReplayDiverged) as raised:
        heap.never("an answer")
    assert raised.value is divergence


def test_a_run_that_stops_wakes_who_is_parked() -> None:
    """Every waiting door is woken when any of them diverges."""
    raised: list[BaseException] = []
    divergence = ReplayDiverged("a call that was not recorded")
    with virtual_run() as run:
        clock = clock_of(run)

        def waiter() -> None:
            try:
                clock.sleep_until_blocking(10)
            except RunStopped as error:
                raised.append(error)

        thread = threading.Thread(target=waiter)
        thread.start()
        run.stop(divergence)
        thread.join()
        with pytest.raises(ReplayDiverged):
            clock.sleep_until_blocking(20)
    assert raised in ([divergence], [])


def test_who_is_still_parked_when_the_run_is_over_is_let_go() -> None:
    """A background thread must not outlive the test in a wait that nobody ends."""
    with virtual_run() as run:
        clock = clock_of(run)
        thread = threading.Thread(target=lambda: clock.sleep_until_blocking(10))
        thread.start()
    thread.join(timeout=120)
    assert not thread.is_alive()
    with pytest.raises(Released):
        clock.sleep_until_blocking(20)


def test_what_stopped_one_run_does_not_stop_the_next() -> None:
    """The runs of one test share their time, and nothing else."""
    clock = VirtualClock(Heap())
    clock.begin()
    clock.sleep_until_blocking(10)
    clock.heap.stop(ReplayDiverged("a call that was not recorded"))
    clock.begin()
    clock.sleep_until_blocking(5)
    assert (clock.now_ns(), clock.heap.now_ns) == (5, 15)


def test_who_is_held_goes_on_when_somebody_lets_it() -> None:
    """A thread in a queue counts as waiting, so that time moves for whoever has its message."""
    seen: list[object] = []
    with virtual_run() as run:
        clock = clock_of(run)
        hold = clock.heap.hold(("a message", lambda: "nothing", "message"))

        def receiver() -> None:
            seen.append((hold.wait(), clock.now_ns()))

        def sender() -> None:
            clock.sleep_until_blocking(50)
            hold.let_go()

        in_threads(receiver, sender)
        assert hold.wait(), "a wait that has ended before it began"
    assert seen == [(True, 50)]


def test_who_is_held_waits_no_longer_than_it_said() -> None:
    """In virtual time."""
    with virtual_run() as run:
        clock = clock_of(run)
        assert not clock.heap.hold(("a message", lambda: "nothing", "")).wait(70)
        assert clock.now_ns() == 70


def test_who_is_held_for_ever_is_told_what_never_came() -> None:
    """And what is there instead."""
    with virtual_run() as run, pytest.raises(MessageNeverCame) as caught:
        clock_of(run).heap.hold(("the third message", lambda: "the first", "message")).wait()
    assert "waits for the third message" in caught.value.headline
    assert "in the queue  the first" in caught.value.detail


def test_in_real_time_a_hold_is_a_bell() -> None:
    """A replay whose time nobody holds hands messages over all the same."""
    hold = Unhurried().hold(("a message", lambda: "nothing", ""))
    assert not hold.wait(1000)
    hold.let_go()
    assert hold.wait()


def test_a_thread_older_than_the_run_is_a_guest() -> None:
    """It is parked like the others, and holds nothing up when it has gone."""
    heap = Heap()
    seen: list[int] = []

    def guest() -> None:
        heap.sleep_until(10)
        seen.append(heap.now_ns)

    thread = threading.Thread(target=guest)
    thread.start()
    heap.sleep_until(5)
    heap.sleep_until(30)
    thread.join(timeout=120)
    assert seen in ([10], [30])


def test_a_loop_that_was_given_work_before_it_could_rest_runs_on() -> None:
    """It would else count as waiting while it runs, and what ends next would find a deadlock."""
    heap = Heap()
    rest = Waiter(heap.here(), lambda: None, lambda: [Wait("the loop", "a future")], rank=TIMER)
    heap.rouse(rest)
    heap.rest(rest)
    heap.count("a job")
    heap.discount("a job")

    assert heap.error is None
