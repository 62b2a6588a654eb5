"""Told: what a page is told of a team besides its channels, path and costs.

A part that the run has nothing of is None, and the page has no view of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenttrace.causal.past import Past
from agenttrace.model.lane import text_of
from agenttrace.report.html.trouble import failures_told, waits_told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenttrace.analysis.answers import Analysis
    from agenttrace.analysis.conformance import Violation
    from agenttrace.analysis.delegation import Delegation
    from agenttrace.model.lane import Position
    from agenttrace.model.trace import Trace


def told(analysis: Analysis, rows: Mapping[str, int]) -> dict[str, Any]:
    """Say of a run what its states, delegations, waits and failures need beside the golden.

    Args:
        analysis: The analyses of the run.
        rows: Each span's row.

    Returns:
        `knows`, what lanes know of one another by messages and links: the lanes, as texts, and of
        each such knowledge the lane, its step, the other lane and the step of it that is known;
        spawns and joins stand in the golden; and `placed`, one list for each placing of a task: the
        task, its kind, who placed it, how it ended, nanoseconds to the award and until all was
        reported, the regret; its steps (phase, bidder, row, outcome); the broken rules (the rule,
        in words, rows); and as `waiting` and `failed` what `waits_told` and `failures_told` say.
        The last three are packed.
    """
    return {
        "knows": _knows(analysis.trace),
        "placed": _later(_placed(analysis, rows)),
        "waiting": _later(waits_told(analysis.waiting, rows)),
        "failed": _later(failures_told(analysis.cascade, rows)),
    }


def _later(part: object | None) -> bytes | None:
    """Pack a part by itself, so that a browser unpacks it when somebody looks at it."""
    import msgpack

    return None if part is None else bytes(msgpack.packb(part))


def _knows(trace: Trace) -> list[list[Any]] | None:
    if not trace.snapshots:
        return None
    lanes: dict[str, int] = {}

    def number(lane: Position) -> int:
        return lanes.setdefault(text_of(lane), len(lanes))

    found = [
        [number(lane), step, number(other), known] for lane, step, other, known in Past(trace).told
    ]
    return [list(lanes), found]


def _placed(analysis: Analysis, rows: Mapping[str, int]) -> list[list[Any]] | None:
    found = analysis.delegations
    broken = list(reversed(found.violations))  # they stand in the order of the rounds
    told = []
    for one in found.rounds:
        spans = {span.id for span in one.dialogue.spans}
        own: list[Violation] = []
        while broken and broken[-1].task == one.task and broken[-1].spans[0].id in spans:
            own.append(broken.pop())
        told.append(_round(one, own, rows))
    return told or None


def _round(one: Delegation, broken: list[Violation], rows: Mapping[str, int]) -> list[Any]:
    regret = None if one.is_handoff else one.regret()
    return [
        one.task,
        one.dialogue.kind,
        one.manager,
        one.outcome,
        one.award_latency_ns,
        one.aggregated_ns,
        None if regret is None else f"{regret:f}",
        [[act.phase, act.party, rows[act.span.id], act.outcome] for act in one.dialogue.acts],
        [[it.rule, it.why, [rows[span.id] for span in it.spans]] for it in broken],
    ]
