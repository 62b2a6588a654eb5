"""A repository with goldens, in which branches grow, are merged, and are judged by a gate."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

from agenttrace.causal.renaming import renamed
from agenttrace.cli.gating import today
from agenttrace.explore.programs import Act, Ask, Deed, played
from agenttrace.formats import native
from agenttrace.gate.compare import Asked, Comparison
from agenttrace.gate.git import Repository
from agenttrace.golden import run_results, store
from agenttrace.golden.outline import outline
from agenttrace.golden.place import golden_path
from agenttrace.model.trace import Trace
from agenttrace.verdict import GateResult

TEST = "tests/test_refund.py::test_refund"
OTHER = "tests/test_mail.py::test_mail"
SOURCE = "def test_{name}(agent_trace):\n    ...\n"

LOOK_UP = Ask(tool="look_up_order", body={"order": "A-17"}, answer={"status": "paid twice"})
PAY = Ask(tool="pay", body={"amount": 12}, answer="done")
MAIL = Ask(tool="mail", body={"to": "ada"}, answer="sent")


def team(
    *deeds: Deed, prompt: str = "plan the refund", answer: str = "look it up", test: str = TEST
) -> Trace:
    """A run of a refund desk: a planner asks a model, and does what it is given to do."""
    first = Ask(body=prompt, answer=answer)
    return renamed(played((Act(agent="planner", deeds=(first, *deeds)),)), test)


BEFORE = team(LOOK_UP, PAY)
"""The desk as it was accepted."""
AFTER = team(LOOK_UP, PAY, MAIL)
"""It tells the customer as well."""
FURTHER = team(LOOK_UP, MAIL)
"""It no longer pays."""
REWORDED = team(LOOK_UP, PAY, prompt="please plan the refund")
"""Its prompt is another one."""


def path_of(test: str) -> str:
    """Where the golden of a test lies."""
    return f"golden/{golden_path(test)}"


class GatedRepository:
    """A repository on disk; every command is git's own."""

    def __init__(self, folder: Path) -> None:
        """Take a folder."""
        self.folder = folder

    @classmethod
    def begun(cls, folder: Path) -> GatedRepository:
        """Begin one: on `main`, two tests with their goldens."""
        folder.mkdir(parents=True, exist_ok=True)
        repository = cls(folder)
        repository.git("init", "--quiet", "--template=", "--initial-branch=main")
        repository.write(".gitattributes", "*.trace binary\n")
        repository.test(TEST)
        repository.test(OTHER)
        repository.golden(BEFORE)
        repository.golden(team(MAIL, test=OTHER))
        repository.commit("begin")
        return repository

    def copied(self, folder: Path) -> GatedRepository:
        """The same in another folder."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return GatedRepository(folder)

    # -- git --------------------------------------------------------------------------------------
    def git(self, *words: str, check: bool = True) -> str:
        """Run git, with no settings of this machine."""
        name = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org"}
        name |= {key.replace("AUTHOR", "COMMITTER"): value for key, value in name.items()}
        alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ("git", "-c", "protocol.file.allow=always", *words),
            cwd=self.folder,
            env={**os.environ, **name, **alone},
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, message: str = "change") -> str:
        """Commit everything."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def branch(self, name: str, at: str = "HEAD") -> None:
        """Begin a branch, and stand on it."""
        self.git("checkout", "--quiet", "-B", name, at)

    def switch(self, name: str) -> None:
        """Stand on a branch."""
        self.git("checkout", "--quiet", name)

    # -- files ------------------------------------------------------------------------------------
    def write(self, path: str, text: str | bytes) -> Path:
        """Write a file."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    def test(self, test: str) -> None:
        """Write a test's file."""
        file, _, name = test.partition("::")
        self.write(file, f"def {name}(agent_trace):\n    ...\n")

    def golden(self, trace: Trace) -> Path:
        """Write a golden, with its outline, where the plugin would."""
        path = self.write(path_of(trace.name), native.write(trace))
        store.outline_path(path).write_bytes(outline(trace).encode())
        return path

    def run(self, trace: Trace, held: Trace | None, outcome: str) -> Path:
        """Leave what a run said, as `--agenttrace-run-dir` does; the folder is not committed."""
        folder = self.folder.parent / f"{self.folder.name}-runs"
        golden = path_of(trace.name)
        store.replace_all({folder / golden: native.write(trace)})
        run_results.write(
            folder,
            run_results.RunResult(
                run=trace.name,
                outcome=outcome,
                golden=golden,
                held="" if held is None else native.digest_of(held).hex(),
                trace=native.digest_of(trace).hex(),
                problems=() if outcome == "replayed" else ("golden-mismatch",),
                headline="" if outcome == "replayed" else "the run is not the golden's",
            ),
        )
        return folder

    # -- the gate ---------------------------------------------------------------------------------
    def judged(
        self, base: str = "main", head: str = "HEAD", *, runs: Path | None = None, day: str = ""
    ) -> GateResult:
        """What the gate says."""
        with Repository.at(self.folder) as repository:
            asked = Asked(base=base, head=head, runs=runs, today=day or today())
            return Comparison(repository, asked).result()


def without_times(trace: Trace) -> Trace:
    """The same run at another time."""
    return replace(trace, started="2026-05-05T05:05:05Z", environment={"python": "3.12"})
