"""What the doctor says of journals, whole, torn, and none."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import agenttrace
from agenttrace.cli import main


@agenttrace.tool
def look_up(order: str) -> str:
    """A tool."""
    return f"{order} was paid twice"


@agenttrace.run
def handle(order: str, urgent: object = None) -> str:
    """A piece of work."""
    return look_up(order)


def doctor(*words: str) -> Result:
    """Run the command as a person would."""
    return CliRunner().invoke(main, ["doctor", *words])


@pytest.fixture
def journals(tmp_path: Path) -> Path:
    """A folder with one journal."""
    with agenttrace.install(tmp_path / "journals"):
        handle("it's 17", urgent={"by": "today"})
    return tmp_path / "journals"


def test_a_whole_journal_is_told_with_the_command_that_replays_it(journals: Path) -> None:
    """Its arguments are as a shell and the command line read them; what is random is said."""
    result = doctor(str(journals))

    assert result.exit_code == 0
    assert "ended     yes" in result.output
    assert "as well; chance was the machine's own\n" in result.output
    assert "so        a random value in a prompt asks otherwise in a replay" in result.output
    assert """--set 'order=it'"'"'s 17' --set 'urgent={"by": "today"}'""" in result.output


def test_a_journal_that_was_cut_at_any_byte_says_how_much_of_it_is_whole(journals: Path) -> None:
    """As the power does it: nothing before the cut is lost."""
    (path,) = journals.glob("*.journal")
    data = path.read_bytes()
    path.write_bytes(data[:-3])
    result = doctor(str(path))

    assert result.exit_code == 1
    assert "ended     no: the file was cut short inside a frame" in result.output
    assert "bytes after them are not" in result.output


def test_what_is_no_journal_is_named_and_the_others_are_told(journals: Path) -> None:
    """One bad file in a folder of a thousand is no reason to say nothing."""
    (journals / "broken.journal").write_bytes(b"not a journal")
    result = doctor(str(journals))

    assert result.exit_code == 4
    assert "unread" in result.output
    assert "2 journals: 1 whole, 0 end early, 1 cannot be read" in result.output
