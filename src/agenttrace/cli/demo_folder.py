"""The folder of the demonstration: which files it has, and whose it is."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from agenttrace.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

FILES = ("agent.py", "test_team.py")
GOLDEN = "golden/test_team/test_team.trace"
"""Where the golden is, from the folder; its outline stands beside it."""

_MARK = "`agenttrace demo` laid this file out"
_CONFIGURATIONS = (
    "pytest.ini",
    "pytest.toml",
    "pyproject.toml",
    "tox.ini",
    "setup.cfg",
    "setup.py",
    ".git",
)


def lay_out(home: Path) -> list[str]:
    """Write the files that are not there yet; give their names.

    Inside another project an empty `pytest.ini` is written too, so that this folder is the root of
    its tests and the settings of that project do not count.

    Raises:
        UsageError: The folder holds something else.
    """
    present = sorted(path.name for path in home.iterdir()) if home.is_dir() else []
    if present and not _is_ours(home):
        raise UsageError(
            f"{home} is not empty, and is no folder of the demonstration",
            detail=f"  it holds  {', '.join(present[:5])}{', …' if len(present) > 5 else ''}\n"  # noqa: PLR2004 - a line holds no more
            "  Name one that does not exist yet:\n      agenttrace demo agenttrace-demo",
        )
    home.mkdir(parents=True, exist_ok=True)
    texts = {
        name: (files("agenttrace.cli") / "demo_files" / f"{name}.txt").read_text("utf-8")
        for name in FILES
    }
    if _is_inside_a_project(home):
        texts["pytest.ini"] = "[pytest]\n"
    written = [name for name in texts if name not in present]
    for name in written:
        (home / name).write_text(texts[name], "utf-8")
    return written


def _is_ours(home: Path) -> bool:
    return any(
        (home / name).is_file() and _MARK in (home / name).read_text("utf-8") for name in FILES
    )


def _is_inside_a_project(home: Path) -> bool:
    return any(
        (above / name).exists() for above in home.resolve().parents for name in _CONFIGURATIONS
    )
