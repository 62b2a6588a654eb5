"""Forms: which report is written at which path; each form is a module of this room.

A module of a form has `render`, which gives the whole text of a report: of a session's entries, or
below `gate/` of a GateResult. A new form is a module, and a line here.
"""

from __future__ import annotations

import importlib
import os
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

    from agenttrace.report.entry import Entry
    from agenttrace.report.gate.html import Sides
    from agenttrace.verdict import GateResult

FORMS = {
    ".html": "html.session",
    ".json": "json_",
    ".md": "markdown",
    ".xml": "junit",
}
"""Of a session's entries: the module of each form, by the end of the path."""

GATE_FORMS = {
    ".html": "gate.html",
    ".json": "gate.json_",
    ".md": "gate.markdown",
    ".sarif": "gate.sarif",
    ".xml": "gate.junit",
}
"""Of a GateResult."""

PAGE = ".html"
"""The form that shows traces, and not only what is said of them."""


def suffixes(known: Mapping[str, str] = FORMS) -> str:
    """Name every end that a path may have."""
    *some, last = known
    return f"{', '.join(some)} or {last}"


def is_known(path: str, known: Mapping[str, str] = FORMS) -> bool:
    """Whether there is a form for a path."""
    return PurePath(path).suffix in known


def render(suffix: str, entries: Sequence[Entry]) -> str:
    """Make the report of a form on a session."""
    return str(_module(FORMS[suffix]).render(entries))


def render_gate(suffix: str, result: GateResult, sides: Sides | None = None) -> str:
    """Make the report of a form on what a gate found; a page shows the goldens themselves."""
    module = _module(GATE_FORMS[suffix])
    return str(module.render(result, sides) if suffix == PAGE and sides else module.render(result))


def write(path: Path, entries: Sequence[Entry]) -> None:
    """Write a report on a session, whole or not at all; what was there before is replaced.

    Raises:
        OSError: The disk or the folder refuses.
    """
    _put(path, render(path.suffix, entries))


def write_gate(path: Path, result: GateResult, sides: Sides | None = None) -> None:
    """Write a report on what a gate found, likewise.

    Args:
        path: Where to.
        result: What the gate found.
        sides: Where a page gets the goldens from.

    Raises:
        OSError: The disk or the folder refuses.
    """
    _put(path, render_gate(path.suffix, result, sides))


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"agenttrace.report.{name}")


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(text.encode("utf-8", "backslashreplace"))
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
