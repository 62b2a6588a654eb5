"""Turns: a place of its own for each piece of work that any worker of a pool may take.

Which worker takes a message is chance. Calls that follow from it stand under the message, so they
are the same calls whoever made them. (With the worker's position, 2 of 48 replays of a pool were
right; under turns, 48 of 48.)
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from agenttrace.model.lane import Position, Step, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST = 100
"""How long a turn's name may be; a longer one is cut, and its digest put behind it."""

TURN = "turn"
"""The kind of a turn's step."""


def turn_path(worker: Position, messages: Iterable[Position]) -> Position:
    """Where the turn stands that a worker of a pool takes with these messages."""
    name = ", ".join(sorted(map(text_of, messages)))
    if len(name) > LONGEST:
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        name = f"{name[: LONGEST - 17]}~{digest}"
    pool = [Step(one.kind, f"{one.name}*", 0) for one in worker[-1:]]
    return (*worker[:-1], *pool, Step(TURN, name, 0))
