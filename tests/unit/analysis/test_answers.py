"""The facade: everything that a trace says of its team, each worked out once."""

from __future__ import annotations

from pathlib import Path

import pytest

from agenttrace.analysis import Analysis
from agenttrace.analysis.team import Team
from agenttrace.causal.sequence import in_causal_order
from agenttrace.errors import NothingSelected, UnknownFormat
from agenttrace.formats.native import CODEC
from agenttrace.model.trace import Trace
from tests.fakes.made_teams import a_team
from tests.fakes.refund_trace import refund_trace


def test_an_answer_is_worked_out_once() -> None:
    """However many assertions a test makes."""
    analysis = Analysis(refund_trace())

    assert analysis.critical_path is analysis.critical_path
    assert analysis.team is analysis.team


def test_any_file_with_a_trace_can_be_asked(tmp_path: Path) -> None:
    """A golden, or what another system wrote."""
    file = tmp_path / "refund.trace"
    file.write_bytes(CODEC.write(refund_trace()))

    analysis = Analysis.of(file)

    assert analysis.trace == in_causal_order(refund_trace())
    analysis.spans.tool("pay").once()
    (tmp_path / "notes.txt").write_text("no trace")
    with pytest.raises(UnknownFormat):
        Analysis.of(tmp_path / "notes.txt")


def test_a_span_that_names_no_agent_is_done_by_the_one_around_it() -> None:
    """Foreign traces name the agent on its own span alone."""
    for seed in range(50):
        trace = a_team(seed)
        by_id = {span.id: span for span in trace.spans}
        team = Team(trace)
        for span in trace.spans:
            at = span
            while at.agent is None and at.parent is not None:
                at = by_id[at.parent]
            assert team.doers[span.id] == at.agent
        assert sorted(one.id for one in team.downwards) == sorted(by_id)


def test_an_agent_is_meant_by_id_name_or_wildcards() -> None:
    """And a name that means nobody is an error that names the nearest."""
    team = Team(refund_trace())

    assert team.meant("planner") == {"planner"}
    assert team.meant("p*") == {"planner", "payer"}
    with pytest.raises(NothingSelected, match="nearest   planner"):
        team.meant("planer")
    with pytest.raises(NothingSelected, match="there is  none"):
        Team(Trace(id="1" * 32, name="nobody")).meant("planner")
