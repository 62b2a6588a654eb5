"""`agenttrace check`: each fault of a folder of goldens is found, named, and given a way on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agenttrace.cli import main
from agenttrace.formats import native
from agenttrace.golden import store
from tests.fakes.refund_trace import refund_trace
from tests.fakes.secrets import leaks, samples
from tests.security.test_hostile_goldens import sealed

SECRET = samples()[0]
TEST = "def test_refund(agent_trace): ...\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with one test and its golden."""
    (tmp_path / "test_refund.py").write_text(TEST)
    golden(tmp_path / "golden", "test_refund.py::test_refund")
    return tmp_path / "golden"


def golden(folder: Path, test: str, note: str = "", name: str = "") -> Path:
    """Write a golden of a test, with a note in it."""
    trace = replace(refund_trace(), name=test)
    first = replace(trace.spans[0], attributes={"note": note})
    path = folder / "test_refund" / f"{name or test.partition('::')[2]}.trace"
    store.save(path, replace(trace, spans=(first, *trace.spans[1:])))
    return path


def check(folder: Path, *words: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["check", str(folder), *words])


def test_a_folder_in_order_passes(folder: Path) -> None:
    """Nothing is said but how many goldens were looked at."""
    result = check(folder)

    assert (result.exit_code, result.output) == (0, "1 golden, nothing wrong\n")


def stale(folder: Path) -> None:
    """Let an outline say something else."""
    (folder / "test_refund/test_refund.trace.txt").write_text("something else\n")


def without_outline(folder: Path) -> None:
    """Take an outline away."""
    (folder / "test_refund/test_refund.trace.txt").unlink()


def without_golden(folder: Path) -> None:
    """Leave an outline alone."""
    (folder / "test_refund/test_refund.trace").unlink()


def without_test(folder: Path) -> None:
    """Take the test away."""
    (folder.parent / "test_refund.py").write_text("def test_other(): ...\n")


def without_file(folder: Path) -> None:
    """Take the test's file away."""
    (folder.parent / "test_refund.py").unlink()


def with_secret(folder: Path) -> None:
    """Let a golden hold what an older version wrote."""
    golden(folder, "test_refund.py::test_refund", f"use {SECRET.text}")


def waiting_with_secret(folder: Path) -> None:
    """Let what waits beside a golden hold one."""
    path = golden(folder.parent / "aside", "test_refund.py::test_refund", f"use {SECRET.text}")
    path.replace(folder / "test_refund/test_refund.trace.new")


def unreadable(folder: Path) -> None:
    """Cut a golden short."""
    path = folder / "test_refund/test_refund.trace"
    path.write_bytes(path.read_bytes()[:-50])


def from_a_newer_version(folder: Path) -> None:
    """Let a colleague have a newer version."""
    (folder / "test_refund/test_refund.trace").write_bytes(sealed({}, schema=2))


def half_merged(folder: Path) -> None:
    """Leave a merge as version control left it."""
    marks = "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> other\n"
    (folder / "test_refund/test_refund.trace").write_text(marks)


def not_fetched(folder: Path) -> None:
    """Leave the pointer to a large file in its place."""
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    (folder / "test_refund/test_refund.trace").write_text(pointer)


def twice_by_case(folder: Path) -> None:
    """Let two tests differ by case alone."""
    (folder.parent / "test_refund.py").write_text(f"{TEST}def test_Refund(agent_trace): ...\n")
    golden(folder, "test_refund.py::test_Refund")


@pytest.mark.parametrize(
    ("spoil", "kind", "code"),
    [
        (stale, "stale-outline", 1),
        (without_outline, "stale-outline", 1),
        (without_golden, "orphan", 1),
        (without_test, "orphan", 1),
        (without_file, "orphan", 1),
        (with_secret, "secret", 1),
        (waiting_with_secret, "secret", 1),
        (unreadable, "unreadable", 4),
        (from_a_newer_version, "too-new", 4),
        (half_merged, "conflict", 4),
        (not_fetched, "lfs-pointer", 4),
        (twice_by_case, "case-collision", 1),
    ],
)
def test_each_fault_is_found_and_named(
    spoil: Callable[[Path], None], kind: str, code: int, folder: Path
) -> None:
    """The kind first, then the file, why, and what to type; never a secret itself."""
    spoil(folder)

    result = check(folder)

    assert result.exit_code == code, result.output
    kinds = {line.split()[0] for line in result.output.splitlines() if not line.startswith(" ")}
    assert kind in kinds
    assert leaks(result.output, (SECRET,)) == []
    assert result.output.endswith("wrong\n")


def test_stale_outlines_are_written_anew_where_it_is_wished(folder: Path) -> None:
    """An outline is derived: it can always be made again."""
    before = (folder / "test_refund/test_refund.trace.txt").read_bytes()
    stale(folder)

    assert check(folder, "--fix").exit_code == 0

    assert (folder / "test_refund/test_refund.trace.txt").read_bytes() == before
    assert check(folder).exit_code == 0


def test_goldens_that_no_test_is_named_by_are_nobodys_orphans(folder: Path) -> None:
    """Imported and merged traces are called as their makers wished."""
    golden(folder, "an incident in May", name="incident")

    assert check(folder).exit_code == 0


def test_a_users_own_kinds_are_looked_for(folder: Path) -> None:
    """The lines are those of the ini file."""
    golden(folder, "test_refund.py::test_refund", "C-123456")

    assert check(folder).exit_code == 0
    assert check(folder, "--redact", "customer = C-[0-9]{6}").exit_code == 1
    assert native.read((folder / "test_refund/test_refund.trace").read_bytes()).calls
