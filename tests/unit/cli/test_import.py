"""`agenttrace import` of traces: what it says of a file, and what it writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agenttrace.cli import main
from agenttrace.formats import native

DATA = Path(__file__).parents[2] / "data"
KEY = "sk-proj-" + "a1B2" * 12


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def imported(*words: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["import", *map(str, words)])


def test_a_table_says_what_is_in_a_file_and_how_well_it_is_known() -> None:
    """The level, what keeps it from the next one, each payload, and what is odd."""
    told = imported(DATA / "jaeger" / "genaiTestTrace.json", "--dry-run").output.splitlines()

    assert told == [
        "trace     4a1b2c3d4e5f60718293a4b5c6d7e8f9  POST /api/graphql  (jaeger)",
        "holds     57 spans, 5 model calls, 7 tool calls, 2 agents, 9,460 tokens",
        "fidelity  F0, a skeleton: spans, times and parents",
        "because   arguments of tools, 1 of 7: 1 absent",
        "          payload                 present  redacted  truncated  sampled-out  absent",
        "          prompts                       5",
        "          answers of models             5",
        "          definitions of tools          5",
        "          usage of models               5",
        "          arguments of tools            6                                         1",
        "          results of tools              6                                         1",
        "          queries                                                                 3",
        "          documents found                                                         3",
        "odd       40 service spans: no agent's: kept, and asked nothing in a replay",
        "            the first: POST /api/graphql 0000000000000001",
    ]
    assert not Path(".agenttrace").exists()


def test_it_is_written_without_secrets_where_nobody_commits_it() -> None:
    """A customer's key in a prompt does not reach the disk; the folder is ignored."""
    chat = {
        "messages": [
            {"role": "user", "content": f"my key is {KEY}"},
            {"role": "assistant", "content": "Thank you."},
        ]
    }
    Path("chat.json").write_text(json.dumps(chat))
    first = imported("chat.json")
    again = imported("chat.json")

    file = Path(".agenttrace/imports/chat.trace")
    assert (first.exit_code, first.output.splitlines()[-2:]) == (
        0,
        [f"written   {file}", f"go on     agenttrace replay {file} --entry MODULE:FUNCTION"],
    )
    assert again.output.splitlines()[-2] == f"unchanged   {file}"
    assert KEY.encode() not in file.read_bytes() + file.with_suffix(".trace.txt").read_bytes()
    trace = native.read(file.read_bytes())
    (call,) = trace.calls
    assert "<openai-key" in repr(call.question)
    assert Path(".agenttrace/imports/.gitignore").read_text() == "*\n"


def test_spans_and_their_log_records_are_told_together() -> None:
    """Content that is in another file than the spans makes the difference of a level."""
    span = {
        "traceId": "a" * 32,
        "spanId": "b" * 16,
        "name": "chat",
        "attributes": [{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}],
    }
    said = [{"role": "assistant", "parts": [{"type": "text", "content": "Yes."}]}]
    record = {
        "traceId": "a" * 32,
        "spanId": "b" * 16,
        "eventName": "gen_ai.client.inference.operation.details",
        "attributes": [
            {"key": f"gen_ai.{way}.messages", "value": {"stringValue": json.dumps(said)}}
            for way in ("input", "output")
        ],
    }
    spans = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    logs = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}
    Path("spans.json").write_text(json.dumps(spans))
    Path("logs.json").write_text(json.dumps(logs))

    assert "fidelity  F0" in imported("spans.json", "--dry-run").output
    assert "fidelity  F3" in imported("spans.json", "logs.json", "--dry-run").output


def test_a_file_of_several_traces_makes_a_file_of_each_or_of_the_one_that_is_meant() -> None:
    """Inspect: a trace for each sample of each epoch."""
    file = DATA / "inspect" / "log_streaming.eval"
    every = imported(file)
    ids = [line.split()[1] for line in every.output.splitlines() if line.startswith("trace ")]

    assert (every.exit_code, len(ids), len(list(Path().rglob("*.trace")))) == (0, 4, 4)
    one = imported(file, "--trace", ids[2], "--to", "one.trace")
    assert (one.exit_code, native.read(Path("one.trace").read_bytes()).id) == (0, ids[2])
    assert imported(file, "--to", "x.trace").exit_code == 2
    assert imported(file, "--trace", "f" * 32).exit_code == 2


def test_what_was_not_read_is_said_and_what_is_no_trace_is_refused() -> None:
    """A count and the first reason; exit code 4 where nothing can be read."""
    good = {"traceId": "a" * 32, "spanId": "b" * 16, "name": "x"}
    request = {"resourceSpans": [{"scopeSpans": [{"spans": [good, "bad"]}]}]}
    Path("part.json").write_text(json.dumps(request))
    Path("none.json").write_text('{"resourceSpans": [{"scopeSpans": [{"spans": ["bad"]}]}]}')
    Path("other.json").write_text('{"hello": 1}')
    part = imported("part.json", "--dry-run")

    assert "odd       1 not read: parts of the file that are no spans" in part.output
    assert [imported(name).exit_code for name in ("none.json", "other.json")] == [4, 4]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["golden.trace"], "is a golden of ours already"),
        (["log.json", "log.json"], "2 files are read as one only where all are OTLP JSON"),
        (["log.json", "--for", "t.py::test"], "--for is of cassettes"),
        (["log.json", "--to", "x.json"], "its name ends in .trace"),
        (["log.json", "--to", "golden.trace"], "says something else"),
        (["log.json", "--from", "vhs"], "no format is called 'vhs'"),
    ],
    ids=["ours", "several", "for", "suffix", "there", "from"],
)
def test_what_is_meant_wrongly_is_said(words: list[str], says: str) -> None:
    """Nothing is written then."""
    log = DATA / "tau-bench" / "gpt-4o-airline-194.json"
    other = DATA / "tau-bench" / "gpt-4o-airline-113.json"
    Path("log.json").write_bytes(log.read_bytes())
    assert imported(other, "--to", "golden.trace").exit_code == 0
    before = Path("golden.trace").read_bytes()

    result = imported(*words)

    assert says in result.output
    assert result.exit_code in (2, 4)
    assert Path("golden.trace").read_bytes() == before


def test_formats_are_listed() -> None:
    """What is read, what is written, and the names of files."""
    told = CliRunner().invoke(main, ["formats"]).output.splitlines()

    assert "zipkin          yes   yes      *.zipkin.json" in told
    assert "perfetto              yes      *.perfetto.json" in told
    assert len(told) == 14
