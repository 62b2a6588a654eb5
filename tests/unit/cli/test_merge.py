"""`agenttrace merge`: journals in, one trace out, and what is missing is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from agenttrace.cli import main
from agenttrace.formats.native import read
from tests.unit.formats.test_merge import HELPER, WORKER, journal, look_up, root, worker


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The journals of a run, of its worker and of its worker's helper."""
    (tmp_path / "journals").mkdir()
    inside = tmp_path / "journals"
    journal(inside, root)
    journal(inside, worker, lane=WORKER, behind_s=3)
    journal(inside, lambda run: look_up("C-1"), lane=HELPER)
    return inside


def merged(*words: str | Path) -> tuple[int, str, str]:
    """What the command says: its exit code, and both streams."""
    done = CliRunner().invoke(main, ["merge", *map(str, words)])
    return done.exit_code, done.stdout, done.stderr


def test_a_folder_of_journals_becomes_a_golden(folder: Path, tmp_path: Path) -> None:
    """It is written with its outline, and reads back."""
    out = tmp_path / "out.trace"

    assert merged(folder, "-o", out) == (0, f"merged  3 journals, 6 calls: {out}\n", "")
    assert len(read(out.read_bytes(), name="out").calls) == 6
    assert "C-1" in out.with_name("out.trace.txt").read_text()


def test_the_order_of_the_journals_does_not_matter(folder: Path) -> None:
    """Without a place to write to, the trace is shown."""
    journals = sorted(folder.iterdir())
    code, said, _ = merged(*journals)

    assert (code, said) == merged(*reversed(journals))[:2]
    assert "merged from 3 journals" in said


def test_a_missing_journal_is_named(folder: Path) -> None:
    """Merged all the same, and said on the other stream."""
    (folder / "2.journal").unlink()
    code, _, problems = merged(folder)

    assert code == 0
    assert problems == "hole    process:worker#0/process:helper#0: it has no journal here\n"


def test_a_journal_that_was_cut_short_is_named(folder: Path) -> None:
    """By its file, because somebody may have a longer copy of it."""
    cut = folder / "1.journal"
    cut.write_bytes(cut.read_bytes()[:-40])
    code, _, problems = merged(folder)

    assert code == 0
    assert problems == f"cut     process:worker#0: {cut} has no end\n"


def test_what_is_no_journal_has_code_4_and_strangers_code_2(folder: Path, tmp_path: Path) -> None:
    """A file that cannot be read is not a usage error, and journals of two runs are one."""
    nonsense = tmp_path / "nonsense"
    nonsense.write_bytes(b"nonsense")
    (tmp_path / "other").mkdir()
    journal(tmp_path / "other", root, name="another run")
    (tmp_path / "empty").mkdir()

    assert merged(folder, nonsense)[0] == 4
    assert merged(folder, tmp_path / "other")[0] == 2
    assert merged(tmp_path / "empty")[0] == 2
    assert merged()[0] == 2
