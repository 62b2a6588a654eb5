"""The command line itself: which exit code means what, and what is said where."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from agenttrace import cli
from agenttrace.cli import COMMANDS, exit_code, main
from agenttrace.errors import AgentTraceError, GoldenTooNew, ReplayDiverged, UsageError, catalog


def raising(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> click.testing.Result:
    """Run a command that raises."""

    @click.command("boom")
    def command() -> None:
        raise error

    monkeypatch.setattr(cli.Commands, "get_command", lambda self, ctx, name: command)
    return CliRunner().invoke(main, ["boom"])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AgentTraceError("no"), 1),
        (ReplayDiverged("no"), 1),
        (UsageError("no"), 2),
        (GoldenTooNew("no"), 4),
    ],
    ids=lambda value: getattr(value, "slug", value),
)
def test_a_typed_error_is_told_without_a_traceback(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a person can mend needs no stack."""
    result = raising(error, monkeypatch)

    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr == f"{type(error).__name__}: no  [{error.slug}]\n"


def test_a_defect_of_ours_has_code_3_and_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody takes it for a failing test."""
    result = raising(ZeroDivisionError("ours"), monkeypatch)

    assert result.exit_code == 3
    assert "ZeroDivisionError: ours" in result.stderr
    assert "[internal]" in result.stderr


def test_an_unknown_command_is_a_usage_error() -> None:
    """Code 2, and the help is named."""
    result = CliRunner().invoke(main, ["shw"])

    assert (result.exit_code, "No such command" in result.stderr) == (2, True)


def test_every_error_has_one_of_the_published_codes() -> None:
    """No error falls through to a code that nobody documented."""
    assert {exit_code(kind("x")) for kind in catalog().values()} == {1, 2, 4}


def test_help_names_every_command() -> None:
    """In the order of a first day."""
    shown = CliRunner().invoke(main, ["--help"]).output

    assert [word for word in COMMANDS if f"  {word} " in shown] == list(COMMANDS)


def test_every_command_that_is_listed_is_there_under_its_name() -> None:
    """A command's file is found by its name alone."""
    context = click.Context(main)
    found = [main.get_command(context, name) for name in main.list_commands(context)]

    assert [None if one is None else one.name for one in found] == list(COMMANDS)


def test_the_command_line_costs_no_heavy_import() -> None:
    """Help and completion come at once."""
    heavy = (
        "{'rich', 'openai', 'httpx', 'pytest', 'msgpack', 'hypothesis', 'deepdiff', 'freezegun'}"
    )
    code = f"import sys; import agenttrace.cli; print(sorted({heavy} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
