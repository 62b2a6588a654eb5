"""Merging: the journals of several processes make one trace, in whatever order they are given."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import agenttrace
from agenttrace.boundary import Boundary, Nobody
from agenttrace.causal import current
from agenttrace.causal.clock import RealClock
from agenttrace.causal.joining import Identity
from agenttrace.causal.settle import settled
from agenttrace.errors import JournalUnreadable, UsageError
from agenttrace.formats import merge
from agenttrace.model.lane import Lane, Position, Step
from agenttrace.record.journal import JournalWriter
from agenttrace.record.recorder import Recorder
from agenttrace.replay.pace import Instant

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenttrace.model.trace import Trace

WORKER = (Step("process", "worker", 0),)
HELPER = (*WORKER, Step("process", "helper", 0))


@agenttrace.tool
def look_up(order: str) -> str:
    """Say something of an order."""
    return f"paid {order}"


def journal(
    folder: Path,
    work: Callable[[current.Run], object],
    *,
    lane: Position = (),
    name: str = "a run",
    behind_s: float = 0,
    ends: bool = True,
) -> bytes:
    """What one process journals while it works, with a clock of its own."""
    within = Identity(run=name, lane=lane, parent=lane[:-1], seq=1) if lane else None
    run = current.Run(name, within=within, clock=RealClock(round(-behind_s * 1e9)))
    path = folder / f"{len(list(folder.iterdir()))}.journal"
    writer = JournalWriter(path)
    recorder = Recorder(run, journal=writer, started="2026-11-22T00:00:00Z")
    Boundary(run, source=Nobody(), scribe=recorder, pace=Instant())
    token = current.enter(run)
    try:
        work(run)
    finally:
        run.root.end()
        current.leave(run, token)
    if ends:
        writer.ended(recorder.raw())
    writer.close()
    return path.read_bytes()


def root(run: current.Run) -> None:
    """Begin a worker, and ask in between."""
    look_up("A-1")
    worker = run.root.child("process", "worker")
    look_up("A-2")
    agenttrace.event("waited")
    worker.joined_by(run.root)
    look_up("A-3")


def worker(run: current.Run) -> None:
    """Ask, and begin a helper."""
    look_up("B-1")
    agenttrace.event("planning", chosen="B-2")
    run.root.child("process", "helper")
    look_up("B-2")


@pytest.fixture
def journals(tmp_path: Path) -> dict[str, bytes]:
    """A run of three processes, two of them with wrong clocks."""
    return {
        "root": journal(tmp_path, root),
        "worker": journal(tmp_path, worker, lane=WORKER, behind_s=-2),
        "helper": journal(tmp_path, lambda run: look_up("C-1"), lane=HELPER, behind_s=3),
    }


def merged(*data: bytes) -> Trace:
    """One trace of journals, in the order given."""
    return merge.merge(merge.part(one, name=f"{n}.journal") for n, one in enumerate(data))


def lane(trace: Trace, path: Position) -> Lane:
    """The lane of a path."""
    return next(lane for lane in trace.lanes if lane.path == path)


def test_every_order_makes_the_same_whole_trace(journals: dict[str, bytes]) -> None:
    """Three journals can be given in six orders; clocks two and three seconds off mean nothing."""
    traces = [merged(*order) for order in itertools.permutations(journals.values())]

    assert all(trace == traces[0] for trace in traces)
    assert [(s.lane, s.question) for s in traces[0].calls] == [
        ((), {"order": "A-1"}),
        ((), {"order": "A-2"}),
        ((), {"order": "A-3"}),
        (WORKER, {"order": "B-1"}),
        (WORKER, {"order": "B-2"}),
        (HELPER, {"order": "C-1"}),
    ]
    assert (traces[0].complete, merge.holes(traces[0])) == (True, ())
    assert traces[0] == settled(traces[0])


def test_the_lanes_say_who_began_whom_and_who_waited(journals: dict[str, bytes]) -> None:
    """A worker comes after the step that began it, and before what came after the wait for it."""
    trace = merged(*journals.values())
    found = lane(trace, WORKER)

    assert (found.parent, found.spawn_seq, found.end, found.ragged) == ((), 2, "complete", False)
    assert [(join.by, join.seq) for join in found.joins] == [((), 3)]
    assert lane(trace, HELPER).parent == WORKER


def test_what_a_process_notes_on_a_span_of_another_is_kept(journals: dict[str, bytes]) -> None:
    """The worker's event belongs to the span that it was begun in: here, the run's own."""
    trace = merged(*journals.values())

    assert trace.root is not None
    assert [event.name for event in trace.root.events] == ["waited", "planning"]


def test_a_missing_journal_is_a_hole_with_a_name(journals: dict[str, bytes]) -> None:
    """What the others did is there, and what nobody knows is not passed over."""
    trace = merged(journals["root"], journals["worker"])

    assert [lane.path for lane in merge.holes(trace)] == [HELPER]
    assert lane(trace, HELPER).ragged
    assert [span.question for span in trace.calls if span.lane == WORKER] == [
        {"order": "B-1"},
        {"order": "B-2"},
    ]


def test_a_missing_spawner_is_a_hole_too(journals: dict[str, bytes]) -> None:
    """Of a helper alone it is known whose it was, and that the run is not whole."""
    trace = merged(journals["helper"])

    assert [lane.path for lane in merge.holes(trace)] == [(), WORKER]
    assert (trace.complete, trace.name, len(trace.calls)) == (False, "a run", 1)


def test_a_process_that_was_killed_is_a_hole_after_what_it_did(
    tmp_path: Path, journals: dict[str, bytes]
) -> None:
    """Its calls are kept; its lane says that nobody knows how it went on."""
    cut = journal(tmp_path, worker, lane=WORKER, ends=False)
    trace = merged(journals["root"], cut)

    assert lane(trace, WORKER).end == "hole"
    assert len([span for span in trace.calls if span.lane == WORKER]) == 2
    assert trace.complete


@pytest.mark.parametrize("size", range(0, 4000, 371))
def test_a_journal_cut_at_any_byte_still_merges(journals: dict[str, bytes], size: int) -> None:
    """Whatever is whole is read; before the first frame there is no journal."""
    cut = journals["worker"][: max(size, 200)]

    assert lane(merged(journals["root"], cut), WORKER).end in ("hole", "complete")


def test_journals_of_two_runs_are_refused(tmp_path: Path, journals: dict[str, bytes]) -> None:
    """They have nothing to do with each other, and the message says which is whose."""
    other = journal(tmp_path, lambda run: look_up("X"), name="another run")

    with pytest.raises(UsageError, match="these journals are of 2 runs") as caught:
        merged(journals["root"], other)
    assert "a run: 0.journal\n  another run: 1.journal" in str(caught.value)


def test_two_journals_of_one_process_are_refused(journals: dict[str, bytes]) -> None:
    """One of them is of another day; which is meant, nobody but the user knows."""
    with pytest.raises(UsageError, match=r"0\.journal and 1\.journal are both of worker#0"):
        merged(journals["worker"], journals["worker"])


def test_nothing_and_nonsense_are_refused(journals: dict[str, bytes]) -> None:
    """No journal, or a file that is none, is said so."""
    with pytest.raises(UsageError, match="there is no journal to merge"):
        merged()
    with pytest.raises(JournalUnreadable, match=r"1\.journal cannot be read"):
        merged(journals["root"], b"nonsense, and more than eight bytes of it")
