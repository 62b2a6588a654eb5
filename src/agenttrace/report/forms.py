"""Forms: which report is written at which path; each form is a module of this room.

A module of a form has `render(entries)`, which gives the whole text of a report on a session's
runs. A new form is a module, and a line here.
"""

from __future__ import annotations

import importlib
import os
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from agenttrace.report.entry import Entry

FORMS = {
    ".html": "html.session",
    ".json": "json_",
    ".md": "markdown",
    ".xml": "junit",
}
"""The module of each form, by the end of the path."""


def suffixes() -> str:
    """Name every end that a path may have."""
    *some, last = FORMS
    return f"{', '.join(some)} or {last}"


def is_known(path: str) -> bool:
    """Whether there is a form for a path."""
    return PurePath(path).suffix in FORMS


def render(suffix: str, entries: Sequence[Entry]) -> str:
    """Make the report of a form."""
    module = importlib.import_module(f"agenttrace.report.{FORMS[suffix]}")
    return str(module.render(entries))


def write(path: Path, entries: Sequence[Entry]) -> None:
    """Write a report, whole or not at all; what was there before is replaced.

    Raises:
        OSError: The disk or the folder refuses.
    """
    data = render(path.suffix, entries).encode("utf-8", "backslashreplace")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
