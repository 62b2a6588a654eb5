"""What a page is told of a team: the analyses, as rows of the golden."""

from __future__ import annotations

from itertools import accumulate

import pytest

from agenttrace.analysis import Analysis
from agenttrace.report.html.data import rows_of
from agenttrace.report.html.team import BY, team
from tests.fakes.made_teams import a_team


@pytest.mark.parametrize("seed", range(5))
def test_a_page_is_told_what_the_analyses_say(seed: int) -> None:
    """Each channel with its sums and its spans, and the path that lasts as long as its root."""
    trace = a_team(seed)
    analysis, rows = Analysis(trace), rows_of(trace)
    ids = {row: span for span, row in rows.items()} | {-1: None}
    told = team(Analysis(trace), rows)

    def spans(steps: list[int]) -> list[str | None]:
        return [ids[row] for row in list(accumulate(steps, initial=-1))[1:]]

    assert [(*one[:5], spans(one[6]), spans(one[7])) for one in told["channels"]] == [
        (
            one.source,
            one.target,
            one.kind,
            one.size_bytes,
            one.tokens,
            [it.effect and it.effect.id for it in one.interactions],
            [it.cause and it.cause.id for it in one.interactions],
        )
        for one in analysis.graph.channels
    ]
    assert [
        (what, [(*part[:8], spans(part[8])) for part in parts]) for what, parts in told["used"]
    ] == [
        (
            what,
            [
                (
                    name,
                    one.llm_calls,
                    one.tool_calls,
                    one.tokens and one.tokens.total,
                    one.known_tokens.total,
                    None if one.usd is None else f"{one.usd:f}",
                    None if one.tool_usd is None else f"{one.tool_usd:f}",
                    one.unknown.get("usd", ""),
                    [span.id for span in one.spans],
                )
                for name, one in analysis.costs.by(what).items()
            ],
        )
        for what in BY
        if any(analysis.costs.by(what))
    ]
    sections, took, on_it, drag = told["path"]
    path = analysis.critical_path
    assert spans(sections) == [one.span.id for one in path.sections]
    assert sum(took) == path.duration_ns > 0
    assert dict(zip(map(ids.get, on_it), drag, strict=True)) == {
        span: path.drag_ns[span] for span in path.exclusive_ns
    }
