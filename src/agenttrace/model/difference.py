"""Differences: one classified change between two traces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from agenttrace.model.lane import Position
from agenttrace.model.values import Value, digest

CLASSES = (
    "structure",
    "order",
    "link",
    "tool_args",
    "tool_result",
    "llm_input",
    "llm_output",
    "state",
    "event",
    "status",
    "cost",
    "latency",
    "metadata",
)
"""What a difference can be about, the gravest first."""

Place: TypeAlias = Position
"""Where a difference stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One change between a golden and a run.

    Attributes:
        kind: One of `CLASSES`.
        place: The causal position it stands at.
        what: In a few words: `changed`, `missing`, `extra`, `moved`, `lent`.
        title: The name of the span.
        golden: The golden's value; None where it has none.
        run: This run's value; None where it has none.
        consequences: How many later differences follow from this one.
        cause: The id of the difference that this one follows from; empty: it is a first cause.
    """

    kind: str
    place: Place
    what: str
    title: str
    golden: Value = None
    run: Value = None
    consequences: int = 0
    cause: str = ""

    @property
    def id(self) -> str:
        """16 hex digits over what the difference is; they change when it does, and not before."""
        steps: list[Value] = [[*step] for step in self.place]
        return digest([self.kind, steps, self.what, self.title, self.golden, self.run]).hex()[:16]
