"""Team: what the analyses say of a run, as rows of its golden; the page's views draw it.

What is not known is None here as there. Rows stand as steps from the one before, like those of the
order of reading: most are small, and cost next to nothing.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from agenttrace.report.html.told import told

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agenttrace.analysis.answers import Analysis
    from agenttrace.analysis.channels import Channel
    from agenttrace.analysis.costs import Cost, Costs
    from agenttrace.analysis.critical_path import CriticalPath
    from agenttrace.model.span import Span

BY = ("agent", "model", "tool")
"""What the page tells costs apart by."""

_NOWHERE = -1
"""The row of what is not known."""


def team(analysis: Analysis, rows: Mapping[str, int]) -> dict[str, Any]:
    """Say of a run what a browser cannot work out.

    Args:
        analysis: The analyses of the run, which is in causal order.
        rows: Each span's row.

    Returns:
        `channels`, one list each: source, target, kind, bytes, tokens, median latency in
        nanoseconds, the rows of effects, the rows of causes; and `path`, the critical path: the
        rows of its sections, how long each is, and, by row, the drag of what stands on it; and
        `used`, what was used, by each of `BY` of which the trace names one: name, calls of models,
        calls of tools, tokens, tokens of those that say, cost of models and of tools in US dollars,
        why a cost is not known, and the rows of the calls; and what `told` says.
    """
    return {
        "channels": [_channel(one, rows) for one in analysis.graph.channels],
        "path": _path(analysis.critical_path, rows),
        "used": [
            [what, _parts(analysis.costs, what, rows)] for what in BY if analysis.costs.tells(what)
        ],
        **told(analysis, rows),
    }


def _channel(one: Channel, rows: Mapping[str, int]) -> list[Any]:
    return [
        one.source,
        one.target,
        one.kind,
        one.size_bytes,
        one.tokens,
        int(statistics.median(one.latencies_ns)) if one.latencies_ns else None,
        _rows((it.effect for it in one.interactions), rows),
        _rows((it.cause for it in one.interactions), rows),
    ]


def _path(path: CriticalPath, rows: Mapping[str, int]) -> list[list[int]]:
    on_it = path.exclusive_ns
    return [
        _rows((one.span for one in path.sections), rows),
        [one.duration_ns for one in path.sections],
        [rows[span] for span in on_it],
        [path.drag_ns[span] for span in on_it],
    ]


def _parts(costs: Costs, what: str, rows: Mapping[str, int]) -> list[list[Any]]:
    return [_part(name, one, rows) for name, one in costs.by(what).items()]


def _part(name: str | None, one: Cost, rows: Mapping[str, int]) -> list[Any]:
    return [
        name,
        one.llm_calls,
        one.tool_calls,
        None if one.tokens is None else one.tokens.total,
        one.known_tokens.total,
        None if one.usd is None else f"{one.usd:f}",
        None if one.tool_usd is None else f"{one.tool_usd:f}",
        one.unknown.get("usd", ""),
        _rows(one.spans, rows),
    ]


def _rows(spans: Iterable[Span | None], rows: Mapping[str, int]) -> list[int]:
    return steps([_NOWHERE if span is None else rows[span.id] for span in spans])


def steps(rows: list[int]) -> list[int]:
    """Rows as steps from the one before: in a trace in order nearly all are 1, and cost nothing."""
    return [row - before for before, row in zip([_NOWHERE, *rows], rows, strict=False)]
