"""Run results: what a run leaves for a gate is read as it was written, and nothing else is."""

import json
from pathlib import Path

import pytest

from agenttrace.errors import GoldenUnreadable
from agenttrace.golden.run_results import MOST_BYTES, SCHEMA, RunResult, read_all, write

RESULT = RunResult(
    run="tests/test_a.py::test_a[x/y]",
    outcome="diverged",
    golden="golden/tests/test_a/test_a[x%2Fy].trace",
    held="00" * 32,
    trace="11" * 32,
    problems=("replay-diverged",),
    headline="call 3 of 5 is not the one that was recorded",
    unused=2,
    counts={"asked": 3},
    vary=(("pay", ("order",)), ("<uuid>", ())),
)


def test_what_a_run_leaves_is_read_again(tmp_path: Path) -> None:
    """With the place of its trace beside it."""
    path = write(tmp_path, RESULT)

    assert path == tmp_path / "golden/tests/test_a/test_a[x%2Fy].verdict.json"
    assert list(read_all(tmp_path)) == [(RESULT, tmp_path / RESULT.golden)]


def test_a_folder_without_results_has_none(tmp_path: Path) -> None:
    """Nor has one that is not there."""
    assert list(read_all(tmp_path)) == list(read_all(tmp_path / "nowhere")) == []


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="cut short"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"[" * 100_000, id="too deep"),
        pytest.param(b" " * (MOST_BYTES + 1), id="too long"),
        pytest.param(json.dumps({"schema": "agenttrace.verdict/2"}).encode(), id="newer"),
        pytest.param(json.dumps({"schema": SCHEMA, "run": "t"}).encode(), id="too little"),
    ],
)
def test_a_file_that_no_run_wrote_is_named(tmp_path: Path, data: bytes) -> None:
    """A gate that skipped it would take a regression for silence."""
    (tmp_path / "x.verdict.json").write_bytes(data)

    with pytest.raises(GoldenUnreadable, match=r"x\.verdict\.json"):
        list(read_all(tmp_path))


@pytest.mark.parametrize("field", ["run", "outcome", "golden", "held", "trace"])
def test_a_result_whose_words_are_none_is_named(tmp_path: Path, field: str) -> None:
    """Keys and types are looked at before anything is believed."""
    path = write(tmp_path, RESULT)
    path.write_text(json.dumps({**json.loads(path.read_text()), field: 3}))

    with pytest.raises(GoldenUnreadable):
        list(read_all(tmp_path))
