"""Shared state: a mapping like any other, which tells a search who touches it."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import agenttrace
from agenttrace.explore.moves import conflicts
from tests.fakes.planted_races import lost_update
from tests.fakes.rehearsals import on_stage


@given(st.dictionaries(st.text(max_size=3), st.integers()))
def test_it_is_a_mapping_like_any_other(values: dict[str, int]) -> None:
    """Outside a search nothing is noted, and every method of a mapping works."""
    state = agenttrace.TracedState(values)

    assert dict(state) == values
    assert (len(state), list(state)) == (len(values), list(values))
    state["newest"] = 1
    state.update(other=2)
    assert state.pop("newest") == 1
    assert {**values, "other": 2} == dict(state)
    assert repr(agenttrace.TracedState(n=1, name="board")) == "TracedState({'n': 1}, name='board')"


def test_a_search_is_told_who_reads_and_writes(tmp_path: Path) -> None:
    """Two agents that read and write one key conflict; the nearest in time come first."""
    with on_stage(tmp_path, lost_update) as rehearsal:
        found = conflicts(rehearsal.first())

    assert [(one.writes, other.writes) for one, other in found] == [
        (True, False),
        (True, True),
        (False, True),
    ]
    assert {one.what for one, _ in found} == {"board['n']"}
