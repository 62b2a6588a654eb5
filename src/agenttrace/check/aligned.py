"""Aligned: which span of one trace stands for which of another, for whoever shows both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agenttrace.causal.ragged import raggedness
from agenttrace.check.align import align
from agenttrace.check.content import Contents
from agenttrace.check.normalize import normalized
from agenttrace.check.tree import tree
from agenttrace.check.vary import NOTHING_VARIES, Vary
from agenttrace.model.collector import resting
from agenttrace.model.lane import Position
from agenttrace.model.span import Span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenttrace.check.tree import Node
    from agenttrace.model.trace import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Aligned:
    """How the spans of a golden and of a run correspond.

    Attributes:
        spans: For each span of the golden that has a partner, the partner's id.
        golden: The span of the golden at each place that a difference can name.
        run: The same of the run.
    """

    spans: Mapping[str, str]
    golden: Mapping[Position, str]
    run: Mapping[Position, str]


def aligned(golden: Trace, run: Trace, vary: Vary = NOTHING_VARIES) -> Aligned:
    """Say what corresponds to what, by the same rules as `check.diff`.

    Args:
        golden: The trace that was accepted.
        run: The trace that is held against it.
        vary: What may differ.
    """
    with resting():
        may_be_cut = raggedness((*golden.lanes, *run.lanes))
        sides = [normalized(trace, vary.rules) for trace in (golden, run)]
        left, right = (tree(it, Contents(it, vary), may_be_cut) for it in sides)
        pairs = align(left, right).everything()
        return Aligned(
            spans={
                mine.thing.id: its.thing.id
                for mine, its in pairs
                if isinstance(mine.thing, Span) and isinstance(its.thing, Span)
            },
            golden=_places(left.everything()),
            run=_places(right.everything()),
        )


def _places(nodes: Iterable[Node]) -> dict[Position, str]:
    """The span at each place; a lane's is its first, a state's the one that it was taken in."""
    places: dict[Position, str] = {}
    others: dict[Position, str] = {}
    for node in nodes:
        thing = node.thing
        if isinstance(thing, Span):
            places[node.place] = thing.id
        elif thing is None:
            first = next(node.spans, None)
            if first is not None:
                others[node.place] = first.id
        elif thing.span is not None:
            others[node.place] = thing.span
    return {**others, **places}
