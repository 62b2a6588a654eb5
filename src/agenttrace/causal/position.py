"""Positions and ids: the only place that makes them.

An id is made from what it names, so the same run gives the same ids each time. Chance is asked for
one thing alone, and nothing that is kept depends on it: `fresh_key`.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from agenttrace.model.lane import text_of

if TYPE_CHECKING:
    from agenttrace.model.lane import Position


def trace_id(name: str) -> str:
    """The id of the trace of a run: 32 hex digits made from its name."""
    return _hex(f"trace {name}", 16)


def span_id(run_name: str, position: Position) -> str:
    """The id of the span at a position of a run: 16 hex digits."""
    return _hex(f"span {run_name}\0{text_of(position)}", 8)


def fresh_key() -> bytes:
    """A key that nobody can guess: 16 bytes, for one run, and never written down."""
    return os.urandom(16)


def _hex(text: str, size: int) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:size]
    return digest.hex() if digest != bytes(size) else "0" * (2 * size - 1) + "1"
