"""Trouble: who waited for whom, what went round in circles, and how failures spread, for a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenttrace.analysis.loops import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agenttrace.analysis.cascade import Cascade, Spread
    from agenttrace.analysis.waiting import Waiting
    from agenttrace.model.span import Span

_NOBODY = -1
"""What a failure follows that follows none."""

_NAMED = 20
"""So many agents are named that a failure spread to; all are counted."""


def waits_told(waiting: Waiting, rows: Mapping[str, int]) -> dict[str, list[Any]] | None:
    """Say who waited for whom at the end of a run, and what never came to an end.

    Args:
        waiting: The analysis.
        rows: Each span's row.

    Returns:
        `waits`: who, for whom, in words, whether it can never end, the row; `deadlocks`: the kind,
        the agents; `loops`: the rule, what it means, the agents, how often, whether the run ended
        in it without progress, the rows; `starved`: the task, the queue, how many overtook it, the
        rows. None where there is nothing of all that.
    """
    stuck = set(waiting.stuck)
    stalled = set(map(id, waiting.livelocks))
    found: dict[str, list[Any]] = {
        "waits": [
            [one.agent, list(one.agents), str(one), one.agent in stuck, rows[one.span.id]]
            for one in waiting.waits
        ],
        "deadlocks": [[one.kind, list(one.agents)] for one in waiting.deadlocks],
        "loops": [
            [
                one.rule,
                RULES[one.rule],
                list(one.agents),
                one.times,
                id(one) in stalled,
                _rows(one.spans, rows),
            ]
            for one in waiting.loops
        ],
        "starved": [
            [one.task, one.queue, one.overtaken, _rows(one.spans, rows)] for one in waiting.starved
        ],
    }
    return found if any(found.values()) else None


def failures_told(cascade: Cascade, rows: Mapping[str, int]) -> dict[str, list[Any]] | None:
    """Say where failures began, and how far they spread.

    Args:
        cascade: The analysis.
        rows: Each span's row.

    Returns:
        `shown`: what shows failures, each text once; `failures`: the row, whether it is an error,
        the hops, the place in this list of the one that it follows (-1: none), what shows it as a
        place in `shown`; `spreads`: the place of the origin, the most hops, how many other agents,
        the first of them by name, whether it is contained, the rows of what was harmed, and between
        which pairs of rows it could have been held. None where nothing failed.
    """
    if not cascade.failures:
        return None
    places = {one.span.id: place for place, one in enumerate(cascade.failures)}
    shown: dict[str, int] = {}
    failures = [
        [
            rows[one.span.id],
            one.is_error,
            one.hops,
            _NOBODY if one.follows is None else places[one.follows.id],
            shown.setdefault("; ".join(map(str, one.evidence)), len(shown)),
        ]
        for one in cascade.failures
    ]
    spreads = [_spread(one, places, rows) for one in cascade.spreads]
    return {"shown": list(shown), "failures": failures, "spreads": spreads}


def _spread(one: Spread, places: Mapping[str, int], rows: Mapping[str, int]) -> list[Any]:
    return [
        places[one.origin.span.id],
        one.depth,
        one.breadth,
        list(one.agents[:_NAMED]),
        one.contained,
        _rows((it.span for it in one.harmed), rows),
        [_rows(pair, rows) for pair in one.cut],
    ]


def _rows(spans: Iterable[Span], rows: Mapping[str, int]) -> list[int]:
    return [rows[span.id] for span in spans]
