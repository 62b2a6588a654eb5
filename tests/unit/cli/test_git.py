"""`agenttrace git`: what git calls takes a side or asks to record again, and never merges lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agenttrace.cli import main
from agenttrace.cli.git import AGAIN
from agenttrace.formats import native
from agenttrace.golden import store
from agenttrace.golden.outline import outline
from agenttrace.model.trace import Trace
from tests.fakes.gated import AFTER, BEFORE, FURTHER, TEST, without_times

PATH = "golden/a.trace"
UNREADABLE = b"no golden"


def merged(folder: Path, *sides: bytes | Trace, path: str = PATH) -> tuple[Result, bytes]:
    """Merge three sides as git has it done; give also what lies there then."""
    files = [folder / name for name in ("base", "ours", "theirs")]
    for file, side in zip(files, sides, strict=True):
        file.write_bytes(native.write(side) if isinstance(side, Trace) else side)
    result = CliRunner().invoke(main, ["git", "merge", *map(str, files), path])
    return result, files[1].read_bytes()


@pytest.mark.parametrize(
    ("sides", "taken"),
    [
        ((BEFORE, without_times(BEFORE), AFTER), AFTER),
        ((BEFORE, AFTER, without_times(BEFORE)), AFTER),
        ((BEFORE, AFTER, without_times(AFTER)), AFTER),
        ((b"", AFTER, without_times(AFTER)), AFTER),
    ],
    ids=["ours-is-the-base", "theirs-is-the-base", "both-are-the-same", "both-are-new"],
)
def test_where_one_side_says_all_it_is_taken(
    sides: tuple[bytes | Trace, ...], taken: Trace, tmp_path: Path
) -> None:
    """Times are no content, so a golden that differs from its base by them alone gives way."""
    result, data = merged(tmp_path, *sides)
    assert (result.exit_code, result.output) == (0, "")
    assert data == native.write(taken)


@pytest.mark.parametrize(
    "sides",
    [(BEFORE, AFTER, FURTHER), (b"", AFTER, FURTHER), (BEFORE, AFTER, UNREADABLE)],
    ids=["both-changed", "both-new", "unreadable"],
)
def test_where_both_say_something_it_is_to_be_recorded_again(
    sides: tuple[bytes | Trace, ...], tmp_path: Path
) -> None:
    """Ours is left whole, and in conflict; the test is named."""
    result, data = merged(tmp_path, *sides)
    assert result.exit_code == 1
    assert f"    pytest {TEST} --agenttrace=rewrite\n" in result.output
    assert f"    git add {PATH} {PATH}.txt\n" in result.output
    assert data == native.write(AFTER)


def test_the_outline_of_both_is_marked_once(tmp_path: Path) -> None:
    """A conflict that is resolved by adding what lies there is found by `agenttrace check`."""
    texts = [outline(it).encode() for it in (BEFORE, AFTER, FURTHER)]
    result, data = merged(tmp_path, *texts, path=f"{PATH}.txt")
    assert (result.exit_code, data) == (1, f"{AGAIN}\n".encode() + texts[1])
    assert merged(tmp_path, texts[0], data, texts[2], path=f"{PATH}.txt")[1] == data


def test_recording_the_same_again_takes_the_mark_away(tmp_path: Path) -> None:
    """Equal content leaves a golden alone; an outline that says otherwise is no content."""
    path = tmp_path / "a.trace"
    store.save(path, AFTER)
    golden, told = path.read_bytes(), store.outline_path(path).read_text("utf-8")
    store.outline_path(path).write_text(f"{AGAIN}\n{told}", "utf-8")
    assert store.save(path, without_times(AFTER)).changed is False
    assert store.outline_path(path).read_text("utf-8") == told
    assert path.read_bytes() == golden


def test_a_diff_never_fails_for_what_is_no_golden(tmp_path: Path) -> None:
    """Git gives up on the whole diff when the program that makes text fails."""
    file = tmp_path / "a.trace"
    for data, said in (
        (native.write(AFTER), outline(AFTER)),
        (UNREADABLE, "not a golden that can be read, 9 bytes\n"),
        (b"", "not a golden that can be read, 0 bytes\n"),
    ):
        file.write_bytes(data)
        result = CliRunner().invoke(main, ["git", "outline", str(file)])
        assert (result.exit_code, result.output) == (0, said)
