"""A project under version control, with a golden, in which commands run as people and CI type them.

What would be installed is at hand already: `pip` only writes down what it was asked for.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

AGENT = """\
import agenttrace


@agenttrace.tool
def look_up_order(order):
    return {"order": order, "status": "paid twice"}


@agenttrace.tool
def pay(order, amount):
    return "done"


def refund_desk(order):
    with agenttrace.agent("planner"):
        if look_up_order(order)["status"] == "paid twice":
            pay(order, 12)
"""
TEST = """\
import agent


def test_refund(agent_trace):
    agent.refund_desk("A-17")
"""
GOLDEN = "golden/test_refund/test_refund.trace"
PIP = '#!/bin/sh\necho "$@" >> "$PIP_ASKED"\n'
PYTHON = '#!/bin/sh\nif [ "$1 $2" = "-m pip" ]; then exec pip "$@"; fi\nexec {python} "$@"\n'


class CommittedProject:
    """A folder that git knows; each command is run by bash, as a process of its own."""

    def __init__(self, folder: Path, tools: Path) -> None:
        """Take a folder, and one in which stand-ins for installing lie."""
        self.path = folder
        self._tools = tools

    @classmethod
    def begun(cls, folder: Path) -> CommittedProject:
        """Begin one: an agent, its test and its golden, on `main`."""
        tools = folder / "tools"
        project = cls(folder / "project", tools)
        project.path.mkdir(parents=True)
        tools.mkdir()
        for name, text in (("pip", PIP), ("python", PYTHON.format(python=sys.executable))):
            (tools / name).write_text(text)
            (tools / name).chmod(0o755)
        project.write("agent.py", AGENT)
        project.write("test_refund.py", TEST)
        project.write(".gitignore", "__pycache__/\n")
        project.run("git init --quiet --initial-branch=main")
        project.run("agenttrace init --yes")
        project.run("pytest --agenttrace=record")
        project.commit("begin")
        return project

    @property
    def asked_of_pip(self) -> list[str]:
        """What was to be installed, a command a line."""
        return (self._tools / "asked").read_text().splitlines()

    def clone(self, name: str) -> CommittedProject:
        """Clone it, as CI does: all of its history, and none of its settings."""
        folder = self.path.with_name(name)
        self.run(f"git clone --quiet . {folder}")
        return CommittedProject(folder, self._tools)

    def run(
        self, lines: str, *, check: bool = True, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run lines as GitHub's and GitLab's runners do: the first that fails ends them."""
        who = {"AUTHOR_NAME": "Ada", "AUTHOR_EMAIL": "ada@example.org"}
        who |= {key.replace("AUTHOR", "COMMITTER"): value for key, value in who.items()}
        environment = {
            "PATH": f"{self._tools}:{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self._tools),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "PIP_ASKED": str(self._tools / "asked"),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_ADDOPTS": "-p no:cacheprovider -p pytest_agenttrace.plugin",
            "COLUMNS": "80",
            "PYTHONDONTWRITEBYTECODE": "1",  # an edit of one length in one second is an edit
            **{f"GIT_{key}": value for key, value in who.items()},
            **more,
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", lines],
            cwd=self.path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, f"$ {lines}\n\n{done.stdout}"
        return done

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(text)

    def change(self, before: str, after: str) -> None:
        """Edit the agent."""
        text = (self.path / "agent.py").read_text()
        assert before in text
        self.write("agent.py", text.replace(before, after))

    def commit(self, message: str) -> str:
        """Commit everything; give the commit."""
        self.run(f"git add --all && git commit --quiet --message '{message}'")
        return self.run("git rev-parse HEAD").stdout.strip()

    def branch(self, name: str, before: str, after: str) -> str:
        """Commit a change of the agent, recorded again, on a branch of its own; give the commit."""
        self.run(f"git checkout --quiet -b {name} main")
        self.change(before, after)
        self.run("pytest --agenttrace=rewrite")
        return self.commit(name)
