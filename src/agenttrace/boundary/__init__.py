"""Boundary: the one door through which an agent's outside calls go.

An adapter turns a framework's calls into `Question`s and sends them through here. It does not know
whether a recording or the world answers: a `Source` does, and that is the whole difference between
record and replay. A `Scribe` writes both down alike, so two traces differ only where the agent did.

`Boundary.ask` decides and never waits, so synchronous, asynchronous and streaming calls share one
decision; the four `cross…` functions wait, each in its own way, and decide nothing.
"""

from __future__ import annotations

from agenttrace.boundary.door import (
    RETRYABLE_STATUS,
    WIRE_KINDS,
    Boundary,
    Counts,
    Crossing,
    ended_by,
    forgives,
    here,
    is_retryable,
    mint,
)
from agenttrace.boundary.protocols import (
    Chain,
    Nobody,
    Pace,
    Packed,
    Recall,
    Scribe,
    Shape,
    Source,
)
from agenttrace.boundary.ways import (
    Way,
    cross,
    cross_async,
    cross_async_iterator,
    cross_iterator,
    read_past,
)

__all__ = [
    "RETRYABLE_STATUS",
    "WIRE_KINDS",
    "Boundary",
    "Chain",
    "Counts",
    "Crossing",
    "Nobody",
    "Pace",
    "Packed",
    "Recall",
    "Scribe",
    "Shape",
    "Source",
    "Way",
    "cross",
    "cross_async",
    "cross_async_iterator",
    "cross_iterator",
    "ended_by",
    "forgives",
    "here",
    "is_retryable",
    "mint",
    "read_past",
]
