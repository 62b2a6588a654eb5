"""Goldens on disk."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from agenttrace.errors import GoldenMissing, GoldenNotWritten, GoldenTooNew, GoldenUnreadable
from agenttrace.formats import native
from agenttrace.golden import pending, store
from agenttrace.golden.outline import outline
from agenttrace.model.trace import Trace
from tests.fakes.refund_trace import refund_trace


def files(folder: Path) -> dict[str, bytes]:
    """Everything below a folder."""
    return {
        str(it.relative_to(folder)): it.read_bytes() for it in folder.rglob("*") if it.is_file()
    }


def other_trace() -> Trace:
    """The run, one question changed; every answer in it is the world's."""
    trace = refund_trace()
    changed = replace(trace.spans[3], question={"order": "A-18"})
    spans = (*trace.spans[:3], changed, *trace.spans[4:])
    return replace(trace, spans=tuple(replace(span, mark="") for span in spans))


def test_a_golden_is_saved_with_its_outline_and_loaded(tmp_path: Path) -> None:
    """Folders are made; nothing else is left behind."""
    golden = tmp_path / "golden" / "test_a" / "test_b.trace"

    saved = store.save(golden, refund_trace())

    data = native.write(refund_trace())
    assert saved == store.Saved(path=golden, changed=True, digest=native.content_digest(data))
    assert store.load(golden) == data
    assert files(tmp_path) == {
        "golden/test_a/test_b.trace": data,
        "golden/test_a/test_b.trace.txt": outline(refund_trace()).encode(),
    }


def test_recording_twice_changes_nothing(tmp_path: Path) -> None:
    """Times, lines of code, and how far chance let a task get, are no reason for a commit."""
    golden = tmp_path / "a.trace"
    store.save(golden, refund_trace())
    before = {it: (it.stat().st_mtime_ns, it.stat().st_ino) for it in tmp_path.iterdir()}

    saved = store.save(golden, refund_trace(hedged_chunks=0, later_ns=7, line=61))

    assert saved.changed is False
    assert {it: (it.stat().st_mtime_ns, it.stat().st_ino) for it in tmp_path.iterdir()} == before


def test_a_changed_run_replaces_golden_and_outline(tmp_path: Path) -> None:
    """The reviewer's text is never older than what it tells."""
    golden = tmp_path / "a.trace"
    store.save(golden, refund_trace())

    assert store.save(golden, other_trace()).changed
    assert files(tmp_path) == {
        "a.trace": native.write(other_trace()),
        "a.trace.txt": outline(other_trace()).encode(),
    }


def test_there_may_be_no_golden(tmp_path: Path) -> None:
    """That is not an error here; whoever needs one says so."""
    assert store.load(tmp_path / "a.trace") is None
    (tmp_path / "file").write_bytes(b"")
    assert store.load(tmp_path / "file" / "a.trace") is None


def test_what_is_not_a_file_is_not_read(tmp_path: Path) -> None:
    """A folder, or a pipe that would never end."""
    os.mkfifo(tmp_path / "a.trace")
    (tmp_path / "b.trace").mkdir()

    for name in ("a.trace", "b.trace"):
        with pytest.raises(GoldenUnreadable, match="it is not a file"):
            store.load(tmp_path / name)


def test_a_golden_in_pieces_is_replaced_and_one_from_the_future_is_not(tmp_path: Path) -> None:
    """Recording again cures the first, and would destroy a colleague's work in the second."""
    data = native.write(refund_trace())
    golden = tmp_path / "a.trace"
    for spoiled in (b"", data[:50], data[:-1], data[:-1] + b"\0"):
        golden.write_bytes(spoiled)
        assert store.save(golden, refund_trace()).changed
        assert golden.read_bytes() == data

    from tests.security.test_hostile_goldens import sealed

    newer = sealed({}, schema=2)
    golden.write_bytes(newer)
    with pytest.raises(GoldenTooNew):
        store.save(golden, refund_trace())
    assert golden.read_bytes() == newer


CALLS = ("open", "write", "fsync", "replace")


@pytest.mark.parametrize("trouble", [errno.ENOSPC, errno.EIO], ids=["full", "broken"])
@pytest.mark.parametrize("name", CALLS)
def test_whatever_the_disk_refuses_the_old_golden_is_still_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, trouble: int
) -> None:
    """Each of the calls that a save makes fails in turn."""
    golden = tmp_path / "a.trace"
    store.save(golden, refund_trace())
    old = golden.read_bytes()
    real = getattr(os, name)
    survived = 0
    for failing in range(2):
        made = 0

        def refuse(*arguments: object, **more: object) -> object:
            nonlocal made
            made += 1
            if made > failing:  # noqa: B023 - used within the turn
                raise OSError(trouble, os.strerror(trouble))
            return real(*arguments, **more)

        with monkeypatch.context() as patch:
            patch.setattr(os, name, refuse)
            with pytest.raises(GoldenNotWritten) as caught:
                store.save(golden, other_trace())

        assert str(caught.value) == (
            f"{golden} could not be written: {os.strerror(trouble)}  [golden-not-written]\n"
            "\n"
            "  What was there before is still there, whole.\n"
            "  More: agenttrace explain golden-not-written"
        )
        assert golden.read_bytes() == old
        assert sorted(files(tmp_path)) == ["a.trace", "a.trace.txt"]
        survived += 1
    assert survived == 2
    assert store.save(golden, other_trace()).changed


def test_what_a_kill_left_behind_does_not_stand_in_the_way(tmp_path: Path) -> None:
    """Its name is taken; the next one is not."""
    (tmp_path / ".a.trace.0.tmp").write_bytes(b"half")

    store.save(tmp_path / "a.trace", refund_trace())

    assert sorted(files(tmp_path)) == [".a.trace.0.tmp", "a.trace", "a.trace.txt"]


def test_a_golden_that_is_a_link_to_elsewhere_is_replaced_itself(tmp_path: Path) -> None:
    """A repository must not make us write outside of it."""
    outside = tmp_path / "outside"
    outside.write_bytes(b"precious")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "a.trace").symlink_to(outside)

    store.save(tmp_path / "inside" / "a.trace", refund_trace())

    assert outside.read_bytes() == b"precious"
    assert not (tmp_path / "inside" / "a.trace").is_symlink()


def test_a_changed_trace_waits_beside_the_golden_until_somebody_accepts_it(tmp_path: Path) -> None:
    """Then it is the golden, with its outline, and nothing waits."""
    golden = tmp_path / "test_a" / "a.trace"
    store.save(golden, refund_trace())

    proposed = pending.propose(golden, other_trace())
    found = pending.waiting(tmp_path)

    assert (
        found
        == (proposed,)
        == (pending.Pending(golden=golden, path=golden.with_name("a.trace.new")),)
    )
    assert golden.read_bytes() == native.write(refund_trace())
    assert pending.accept(proposed).changed
    assert pending.waiting(tmp_path) == ()
    assert files(tmp_path / "test_a") == {
        "a.trace": native.write(other_trace()),
        "a.trace.txt": outline(other_trace()).encode(),
    }


def test_a_rejected_trace_is_gone_and_the_golden_as_it_was(tmp_path: Path) -> None:
    """To reject it twice is an error; to withdraw what is not there is none."""
    golden = tmp_path / "a.trace"
    store.save(golden, refund_trace())
    before = files(tmp_path)
    proposed = pending.propose(golden, other_trace())

    pending.reject(proposed)
    pending.withdraw(golden)

    assert files(tmp_path) == before
    for verb in (pending.reject, pending.accept):
        with pytest.raises(GoldenMissing) as caught:
            verb(proposed)
        assert str(caught.value) == (
            f"nothing waits to become {golden}  [golden-missing]\n"
            "\n"
            "  What waits:\n"
            "      agenttrace pending"
        )


def test_a_waiting_trace_that_is_damaged_is_not_accepted(tmp_path: Path) -> None:
    """The golden stays."""
    golden = tmp_path / "a.trace"
    store.save(golden, refund_trace())
    before = golden.read_bytes()
    proposed = pending.propose(golden, other_trace())
    proposed.path.write_bytes(proposed.path.read_bytes()[:-1])

    with pytest.raises(
        GoldenUnreadable, match=r"a\.trace\.new cannot be read: it was cut short inside 'sites'"
    ):
        pending.accept(proposed)
    assert golden.read_bytes() == before
