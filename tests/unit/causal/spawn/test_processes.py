"""Processes: what a program is called, which ones could join, and what is said of the others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agenttrace.causal import current, spawn
from agenttrace.causal.spawn.processes import any_alive, is_python, program


@pytest.mark.parametrize(
    ("args", "name"),
    [
        ([sys.executable, "worker.py", "-v"], "worker.py"),
        (["/usr/bin/python3.12", "-u", "-X", "dev", "a/b/worker.py"], "worker.py"),
        (["python", "-m", "app.worker"], "app.worker"),
        ([Path("python3.exe"), "-c", "print(1)"], "python"),
        (["pypy3"], "python"),
        ("git status --short", "git"),
        (b"/usr/bin/git", "git"),
        (["uvicorn.exe", "app:app"], "uvicorn"),
        ("echo 'unfinished", "echo"),
        ([], "process"),
    ],
)
def test_a_program_is_called_the_same_on_every_machine(args: object, name: str) -> None:
    """Never by where the interpreter lies, nor by its version."""
    assert program(args) == name


def test_only_python_could_join() -> None:
    """Of another program nobody expects a journal."""
    assert is_python([sys.executable, "worker.py"])
    assert not is_python(["git"])
    assert not is_python("")


def test_a_child_is_told_who_it_is_and_keeps_the_rest_of_its_environment() -> None:
    """Given by keyword, by place or not at all: what the program wanted stays."""
    run = current.Run("a run")
    run.invite = lambda frame: {"AGENTTRACE_PARENT": str(frame.lane.path[-1])}
    said = [sys.executable, "-c", "import os; print(os.environ.get('WORD', 'none'))"]
    asks = [sys.executable, "-c", "import os; print(os.environ['AGENTTRACE_PARENT'])"]
    extra = {**os.environ, "WORD": "kept"}

    def output(args: list[str], env: dict[str, str] | None) -> str:
        return subprocess.run(args, env=env, capture_output=True, text=True, check=True).stdout

    with spawn.installed():
        token = current.enter(run)
        try:
            by_place = subprocess.Popen(
                said, -1, None, None, subprocess.PIPE, None, None, True, False, None, extra
            )
            assert by_place.communicate()[0] == b"kept\n"
            assert output(said, extra) == "kept\n"
            assert output(asks, {}) == "process:python#2\n"
            assert output(asks, None) == "process:python#3\n"
            lanes = [lane for lane in run.lanes if lane.path]
        finally:
            current.leave(run, token)

    assert [lane.joins for lane in lanes] == [{(): n} for n in (1, 2, 3, 4)]
    assert not any_alive(run)
    assert "AGENTTRACE_PARENT" not in os.environ


def test_a_program_that_could_not_be_begun_is_no_hole() -> None:
    """Its lane has ended, and holds nothing."""
    run = current.Run("a run")
    run.invite = lambda _frame: {}

    with spawn.installed():
        token = current.enter(run)
        try:
            with pytest.raises(FileNotFoundError):
                subprocess.Popen(["/nowhere/python", "worker.py"])
        finally:
            current.leave(run, token)

    assert [lane.ended for lane in run.lanes if lane.path] == [True]


def test_what_begins_where_nobody_can_follow_is_named() -> None:
    """A shell's line, and a fork; the seams are gone afterwards."""
    run = current.Run("a run")
    before = os.fork, os.system

    with spawn.installed():
        token = current.enter(run)
        try:
            os.system("true")
            child = os.fork()
            if not child:
                os._exit(0 if run.guard is not None else 1)
            assert os.waitpid(child, 0)[1] == 0
        finally:
            current.leave(run, token)

    assert [what.partition(" at ")[0] for what in run.lost] == [
        "os.system began a process",
        "a process was forked",
    ]
    assert all("test_processes.py:" in what for what in run.lost)
    assert (os.fork, os.system) == before
    assert run.guard is None
