"""Compared: how a run corresponds to its golden, line by line, and what differs on each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenttrace.check.aligned import aligned
from agenttrace.model.lane import label_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agenttrace.check.aligned import Aligned
    from agenttrace.model.difference import Difference
    from agenttrace.model.trace import Trace

_NOWHERE = -1
"""The row of what a side does not have."""


def compared(
    golden: Trace,
    run: Trace,
    differences: Iterable[Difference],
    rows: tuple[Mapping[str, int], Mapping[str, int]],
) -> dict[str, Any]:
    """Say which rows are partners, and on which rows each difference stands.

    Args:
        golden: What was accepted.
        run: What is held against it.
        differences: What differs, as `check.diff` lists it.
        rows: Each span's row, of the golden and of the run.
    """
    found = aligned(golden, run)
    partners = [[rows[0][mine], rows[1][its]] for mine, its in found.spans.items()]
    told = [_difference(one, _spans(one, found), rows) for one in differences]
    return {"partners": partners, "differences": told}


def _spans(one: Difference, found: Aligned) -> tuple[str | None, str | None]:
    """The spans of the golden and of the run that a difference is about."""
    if one.what == "extra":
        return None, found.run.get(one.place)
    mine = found.golden.get(one.place)
    if mine is None:
        return None, found.run.get(one.place)
    return mine, found.spans.get(mine)


def _difference(
    one: Difference,
    spans: tuple[str | None, str | None],
    rows: tuple[Mapping[str, int], Mapping[str, int]],
) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "what": one.what,
        "title": one.title,
        "place": label_of(one.place),
        "golden": one.golden,
        "run": one.run,
        "consequences": one.consequences,
        "cause": one.cause,
        "rows": [
            _NOWHERE if span is None else known.get(span, _NOWHERE)
            for span, known in zip(spans, rows, strict=True)
        ],
    }
