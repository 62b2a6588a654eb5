"""Nearest: the names that a person may have meant by one that there is not."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from agenttrace.check.sides import safe

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(
    name: str, known: Iterable[str], *, most: int = 3, likeness: float = 0.4
) -> tuple[str, ...]:
    """The names that are most like one, the nearest first; possibly none.

    Args:
        name: What was said.
        known: The names that there are.
        most: How many are given.
        likeness: How like one must be, from 0 to 1, which is the name itself.
    """
    return tuple(difflib.get_close_matches(name, list(known), n=most, cutoff=likeness))


def nearest_line(name: str, known: Iterable[str], *, likeness: float = 0.4) -> list[str]:
    """The line of a message that gives them; no line where there is none."""
    near = nearest(name, known, likeness=likeness)
    return [f"  nearest   {safe(', '.join(near))}"] if near else []
