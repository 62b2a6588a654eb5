"""`agenttrace replay --from`: the moment from which today's code goes on, on the command line."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agenttrace.cli import main
from agenttrace.formats import native
from tests.fakes.sessions import Desk

DESK = """
import agenttrace


@agenttrace.tool
def look_up(order):
    return {"A-1": 30, "A-2": -1}[order]


@agenttrace.tool
def refund(order, eur):
    if eur < 0:
        raise ValueError(f"{eur} cannot be paid back")
    return f"{eur} for {order}"


def handle(states=None):
    memory = states["clerk"] if states else {"goal": "pay back", "done": {}}
    with agenttrace.agent("clerk"):
        agenttrace.snapshot(memory, every=1)
        for order in ("A-1", "A-2"):
            if order not in memory["done"]:
                memory["done"][order] = refund(order, look_up(order))
    return memory["done"]


def hurried():
    return handle({"clerk": {"goal": "be done", "done": {}}})
"""


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The trace of a desk that failed, beside its code."""
    (tmp_path / "moment_desk.py").write_text(DESK, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    from importlib import import_module

    def whole() -> None:
        with contextlib.suppress(ValueError):
            import_module("moment_desk").handle()

    desk = Desk(tmp_path)
    desk.record(whole)
    path = tmp_path / "kept.trace"
    path.write_bytes(native.write(desk.trace))
    return path


def run(command: str, kept: Path, *words: str, entry: str = "handle") -> Result:
    """Run a command on the trace."""
    return CliRunner().invoke(main, [command, str(kept), "--entry", f"moment_desk:{entry}", *words])


def test_it_fails_again_and_answered_otherwise_it_does_not(kept: Path) -> None:
    """What lies before, and what the agents knew, is said; nothing departs."""
    again = run("replay", kept, "--from", "#5")

    assert again.exit_code == 0, again.output
    assert "from      #5 look_up, 2 calls before it: all is as it was up to there" in again.output
    assert "came to   #5, where 1 agent knows what it knew" in again.output
    assert "raised    ValueError: -1 cannot be paid back" in again.output

    fixed = run("replay", kept, "--from", "#5", "--override", "#5=20", "--stub", "refund=paid")

    assert fixed.exit_code == 0, fixed.output
    assert "returned  {'A-1': '30 for A-1', 'A-2': 'paid'}" in fixed.output
    assert "SIMULATED" in fixed.output


def test_code_may_begin_there_with_the_states(kept: Path) -> None:
    """What lies before is neither asked nor counted as left out."""
    result = run("replay", kept, "--from", "5", "--states-as", "states")

    assert result.exit_code == 0, result.output
    assert "2 calls before it: the code begins there" in result.output
    assert "asked     2 calls: 2 as in the incident" in result.output
    assert "not asked" not in result.output


def test_the_last_good_moment_may_be_meant(kept: Path) -> None:
    """The call in which the first failure began."""
    result = run("replay", kept, "--from", "last-good", "--override", "#6=20 for A-2")

    assert result.exit_code == 0, result.output
    assert "from      #6 refund, 3 calls before it" in result.output
    assert "returned  {'A-1': '30 for A-1', 'A-2': '20 for A-2'}" in result.output


def test_agents_that_know_something_else_stop_it(kept: Path) -> None:
    """Agent, key and both values are told, and the exit code is 1."""
    result = run("replay", kept, "--from", "#5", entry="hurried")

    assert result.exit_code == 1, result.output
    assert "[states-unlike]" in result.output
    assert "clerk  - goal = 'pay back'" in result.output
    assert "clerk  + goal = 'be done'" in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "#99"), "no call of the incident"),
        (("--from", "#6", "--override", "#3=1"), "#3 lies before #6"),
        (("--states-as", "states"), "--states-as needs --from"),
        (("--from", "#5", "--states-as", "memory"), "does not take this input"),
    ],
)
def test_what_makes_no_moment_is_told(kept: Path, words: tuple[str, ...], said: str) -> None:
    """Each with what would make one, and exit code 2."""
    result = run("replay", kept, *words)

    assert result.exit_code == 2, result.output
    assert said in result.output


def test_blame_goes_on_from_a_moment_as_well(kept: Path) -> None:
    """Both runs come to it; what lies before is held fast, whatever the answers."""
    words = ("--from", "#5", "--override", "#5=20", "--override", "#6=20 for A-2")

    vanished = run("blame", kept, *words)
    unlike = run("blame", kept, *words, entry="hurried")

    assert vanished.exit_code == 0, vanished.output
    assert "vanished  clerk: refund" in vanished.output
    assert "[states-unlike]" in unlike.output
    assert unlike.exit_code == 1


def test_an_override_that_names_no_call_is_told_which_there_are(kept: Path) -> None:
    """`say NAME=VALUE` had left a person to guess what a name is."""
    result = run("replay", kept, "--override", "nonsense")

    assert result.exit_code == 2
    assert "--override 'nonsense': it names no call, and no answer  [usage]" in result.output
    assert "wanted    #N=VALUE: a call's number" in result.output
    assert "calls     #3    look_up" in result.output
    assert "such as   --override '#4=paid twice'" in result.output


def test_an_override_of_a_call_that_is_not_there_says_where_all_are_shown(kept: Path) -> None:
    """Numbers come from `agenttrace show`."""
    result = run("replay", kept, "--override", "#99=1")

    assert result.exit_code == 2
    assert "'#99' is no call of the incident  [usage]" in result.output
    assert "agenttrace show TRACE" in result.output


def test_a_stub_without_a_value_is_told_how_one_looks(kept: Path) -> None:
    """Both sides of the form."""
    result = run("replay", kept, "--stub", "refund")

    assert result.exit_code == 2
    assert "'refund' is no NAME=VALUE  [usage]" in result.output
    assert "look_up_order='paid twice'" in result.output
