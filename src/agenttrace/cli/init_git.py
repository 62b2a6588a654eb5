"""Init of git: a clone that reads goldens in diffs, and never merges two of them.

All of it stays in the clone: settings under `.git/config`, and attributes in `.git/info`, so that
nobody else's git is told of a program that they may not have.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from agenttrace.errors import UsageError

SETTINGS = {
    "merge.agenttrace.name": "goldens are recorded again, never merged",
    "merge.agenttrace.driver": "agenttrace git merge %O %A %B %P",
    "diff.agenttrace.textconv": "agenttrace git outline",
    "diff.agenttrace.cachetextconv": "false",
}
"""After gitattributes(5), "Defining a custom merge driver" and "Performing text diffs"."""

ATTRIBUTES = (
    "/{folder}/**/*.trace      diff=agenttrace merge=agenttrace",
    "/{folder}/**/*.trace.txt  merge=agenttrace",
)


def is_below_the_top(root: Path) -> bool:
    """Whether a folder is in a repository, and not its top."""
    return bool(_git(root, "rev-parse", "--show-prefix", fails=True))


def lacking(root: Path, folder: str) -> list[str]:
    """Say what the clone lacks, as a person would type it; empty: nothing.

    Args:
        root: The root of the tests.
        folder: The folder of the goldens, from there.

    Raises:
        UsageError: There is no clone.
    """
    config = [
        f"git config {name} '{value}'"
        for name, value in SETTINGS.items()
        if _git(root, "config", "--local", "--get", name, fails=True) != value
    ]
    there = _attributes(root)
    known = there.read_text("utf-8").splitlines() if there.exists() else []
    return config + [f"{there}: {line}" for line in _lines(root, folder) if line not in known]


def write(root: Path, folder: str) -> None:
    """Set what the clone lacks."""
    for name, value in SETTINGS.items():
        _git(root, "config", "--local", name, value)
    path = _attributes(root)
    text = path.read_text("utf-8") if path.exists() else ""
    path.parent.mkdir(parents=True, exist_ok=True)
    ended = text if not text or text.endswith("\n") else f"{text}\n"
    more = [line for line in _lines(root, folder) if line not in text.splitlines()]
    path.write_text(ended + "".join(f"{line}\n" for line in more), "utf-8")


def _lines(root: Path, folder: str) -> list[str]:
    """The attributes, as they count from the top of the repository."""
    prefix = _git(root, "rev-parse", "--show-prefix")
    return [line.format(folder=f"{prefix}{folder}") for line in ATTRIBUTES]


def _attributes(root: Path) -> Path:
    return root / _git(root, "rev-parse", "--git-path", "info/attributes")


def _git(root: Path, *words: str, fails: bool = False) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - git, with words of ours
            ("git", *words),  # noqa: S607 - as a person's own PATH finds it
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as problem:
        raise UsageError("--merge-driver needs git, which is not installed") from problem
    if done.returncode and not fails:
        raise UsageError(f"git {' '.join(words)}: {done.stderr.strip() or done.returncode}")
    return done.stdout.strip()
