"""One task in every framework: two traces differ where the agents did, and in no word of ours."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from agenttrace.cli import main
from agenttrace.model import names
from tests.frameworks.theatre import Played, Theatre, troupes

pytestmark = [
    pytest.mark.xdist_group("one task"),
    pytest.mark.skipif(len(troupes()) < 2, reason="this environment has one framework alone"),
]

CALLS = {"llm_input", "llm_output", "state"}
"""One speaks Gemini's language, one streams, one lets the model end by a call of `final_answer`."""

Recordings = Callable[[str, str], tuple[Theatre, Played]]


def test_the_same_task_has_the_same_spans_in_every_framework(recordings: Recordings) -> None:
    """An agent, its model, its tool, its model: by kinds, names, agents and attributes.

    Only what the provider called a call is not known everywhere.
    """
    shapes = {file: _shape(recordings(file, "sync")[1]) for file in troupes()}

    assert {str(shape) for shape in shapes.values()} == {str(next(iter(shapes.values())))}


def test_diff_names_calls_alone_between_two_frameworks(recordings: Recordings) -> None:
    """With metadata overlooked, it is how a framework asks, is answered, and what it keeps."""
    for one, other in itertools.pairwise([*troupes(), next(iter(troupes()))]):
        old, new = (recordings(file, "sync") for file in (one, other))
        told = _diff(old[0].desk.golden, new[0].desk.golden)
        assert told, (one, other)
        assert {line.split("  ")[0] for line in told} <= CALLS, (one, other, told)


def _shape(played: Played) -> list[tuple[str, ...]]:
    """Plain tools are not told the provider's id, and Strands asks for streams: left out."""
    spans = sorted(played.trace.spans, key=lambda span: (span.start_ns, -span.end_ns))
    return [
        (
            *(span.kind, span.name, str(span.agent), span.status.code),
            *sorted({*span.attributes} - {names.TOOL_CALL_ID, "gen_ai.request.stream"}),
        )
        for span in spans
    ]


def _diff(old: Path, new: Path) -> list[str]:
    """The heads of the differences that `agenttrace diff` tells."""
    words = ["diff", str(old), str(new), "--across", "--overlook", "metadata", "--all"]
    told = CliRunner().invoke(main, words)
    assert told.exit_code in (0, 1), told.output
    heads = (": changed", ": extra", ": missing", ": moved")
    return [line.strip() for line in told.output.splitlines() if line.endswith(heads)]
