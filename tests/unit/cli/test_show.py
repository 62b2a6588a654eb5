"""`agenttrace show`: every word that a trace can hold is told, and none can harm a terminal."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from agenttrace.causal.position import span_id, trace_id
from agenttrace.cli import main
from agenttrace.cli.trace_text import told
from agenttrace.formats.native import write
from agenttrace.model.agent import Agent
from agenttrace.model.call import Answer, Chunk, Failure
from agenttrace.model.lane import Delivery, Join, Lane, Step
from agenttrace.model.span import Event, Fidelity, Link, Scope, Span, SpanKind, Status, WireKind
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, Usage
from agenttrace.model.values import pack

RUN = "tests/test_refund.py::test_refund"
WORKER = (Step("task", "desk.worker", 0),)
CHAT = (Step("llm", "chat", 0),)
LOOK_UP = (*WORKER, Step("tool", "look_up_order", 0))
ROOT_ID, CHAT_ID, LOOK_UP_ID = (span_id(RUN, position) for position in ((), CHAT, LOOK_UP))


def full_trace() -> Trace:
    """A trace with something for every word of the model."""
    question = {
        "method": "POST",
        "path": "/v1/chat/completions",
        "body": {"model": "gpt-4o", "messages": [{"role": "user", "content": "Is A-17 paid?"}]},
    }
    refused = Answer(
        head={"status": 429, "headers": []}, chunks=(Chunk(data=b"{}"),), ended_ns=2_000_000
    )
    said = (
        b'{"id":"c","object":"chat.completion","created":1,"model":"gpt-4o","choices":[{"index":0,'
        b'"message":{"role":"assistant","content":"Paid twice."},"finish_reason":"stop"}]}'
    )
    answered = Answer(
        head={"status": 200, "headers": [["content-type", "application/json"]]},
        chunks=(Chunk(data=said),),
        asked_ns=3_000_000,
        ended_ns=15_000_000,
    )
    failed = Answer(
        end="cut",
        failure=Failure(
            type="desk.Lost", message="no order A-17", causes=("builtins.OSError: gone",)
        ),
    )
    spans = (
        Span(
            id=ROOT_ID, name=RUN, kind=SpanKind.RUN, operation="run", end_ns=20_000_000, end_seq=2
        ),
        Span(
            id=CHAT_ID,
            parent=ROOT_ID,
            name="chat gpt-4o",
            kind=SpanKind.LLM,
            wire_kind=WireKind.CLIENT,
            operation="chat",
            position=CHAT,
            seq=1,
            end_seq=1,
            end_ns=15_000_000,
            status=Status(code="OK"),
            agent="planner",
            task="settle A-17",
            question=question,
            digest=b"q" * 16,
            answers=(refused, answered),
            attributes={"gen_ai.provider.name": "openai"},
            events=(
                Event(
                    name="planning",
                    seq=1,
                    attributes={
                        "planning.chosen": "look up",
                        "planning.candidates": ["look up", "pay"],
                        "planning.reason": "nobody knows yet",
                    },
                ),
            ),
            usage=Usage(
                models={
                    "gpt-4o": Tokens(
                        input=812, output=64, cache_read=600, cache_write=20, reasoning=12
                    )
                },
                cost_usd=Decimal("0.0021"),
                time_ns={"reasoning": 12_000_000},
            ),
            site="desk.py:58",
        ),
        Span(
            id=LOOK_UP_ID,
            parent=ROOT_ID,
            name="look_up_order",
            kind=SpanKind.TOOL,
            operation="look_up_order",
            position=LOOK_UP,
            lane=WORKER,
            seq=1,
            end_seq=1,
            status=Status(code="TOOL_LIMIT_EXCEEDED", message="three a day"),
            agent="worker#1",
            question={"order": "A-17"},
            digest=b"t" * 16,
            answers=(failed,),
            links=(Link(span=CHAT_ID, relationship="handoff", attributes={"why": "busy"}),),
            usage=Usage(tool_cost_usd=Decimal("0.5")),
            mark="lent",
            echoed=True,
            fidelity={"answer": Fidelity.TRUNCATED},
            scope=Scope(name="other.tracer", version="1"),
            trace_state="vendor=1",
        ),
    )
    return Trace(
        id=trace_id(RUN),
        name=RUN,
        spans=spans,
        lanes=(
            Lane(path=()),
            Lane(
                path=WORKER,
                parent=(),
                spawn_seq=1,
                joins=(Join(by=(), seq=2),),
                raced=True,
                ragged=True,
                end="cut",
            ),
        ),
        agents=(
            Agent(
                id="planner",
                name="planner",
                type="llm",
                role="lead",
                version="2",
                model={"name": "gpt-4o"},
            ),
            Agent(id="worker#1", name="worker"),
        ),
        snapshots=(
            StateSnapshot(
                agent="planner",
                position=(Step("state", "planner", 0),),
                lane=(),
                seq=1,
                goal="settle it",
            ),
            StateSnapshot(
                agent="planner",
                position=(Step("state", "planner", 1),),
                lane=(),
                seq=2,
                goal="close it",
                beliefs={"paid": "twice"},
                working_memory=["A-17"],
                perceptions="a complaint",
                status="done",
                extra={"mood": "calm"},
            ),
        ),
        deliveries=(
            Delivery(
                receive=(*WORKER, Step("receive", "inbox", 0)),
                message=(Step("message", "inbox", 0),),
                channel="inbox",
                content=b"\x01\x02\x03\x04",
                turn=((Step("message", "inbox", 0),),),
            ),
        ),
        started="2026-11-22T08:00:00Z",
        environment={"hash_seed": "random"},
        complete=False,
    )


def test_a_trace_is_told_with_every_word_that_it_holds() -> None:
    """Whoever reads the page knows what the golden knows; nothing has to be decoded by hand."""
    assert "\n".join(told(full_trace(), "golden, schema 1")) == (
        Path(__file__).with_name("test_show.full.txt").read_text("utf-8").rstrip("\n")
    )


@pytest.mark.parametrize("argument", ["FILE", "-"])
def test_a_golden_is_shown_from_a_file_and_from_stdin(tmp_path: Path, argument: str) -> None:
    """A golden of another branch comes from `git show`, through a pipe."""
    golden = tmp_path / "run.trace"
    golden.write_bytes(write(full_trace()))

    result = CliRunner().invoke(
        main, ["show", str(golden) if argument == "FILE" else "-"], input=golden.read_bytes()
    )

    assert (result.exit_code, result.output.splitlines()[0]) == (0, RUN)
    assert "golden, schema 1" in result.output


def test_hostile_text_reaches_the_terminal_as_escapes() -> None:
    """A golden may come from a stranger: it can neither colour, hide nor reverse what is read."""
    evil = "\x1b[2J\u202eevil\r\n\x07"
    trace = full_trace()
    hostile = replace(
        trace,
        name=evil,
        agents=(Agent(id=evil, name=evil, type=evil, role=evil, version=evil, model={evil: evil}),),
        spans=tuple(
            replace(
                span,
                name=evil,
                task=evil,
                status=Status(code=evil, message=evil),
                site=evil,
                attributes={evil: evil},
            )
            for span in trace.spans
        ),
        environment={evil: evil},
        started=evil,
    )

    text = "\n".join(told(hostile, "golden"))

    assert not set(text) & {"\x1b", "\u202e", "\r", "\x07"}
    assert "\\x1b[2J\\u202eevil\\x0d\\x0a\\x07" in text


def test_a_tools_result_is_shown_as_the_value_that_it_is() -> None:
    """Results are kept as bytes; a person reads the value."""
    trace = full_trace()
    answer = Answer(chunks=(Chunk(data=pack({"status": "paid twice"})),))
    result = replace(trace, spans=(*trace.spans[:2], replace(trace.spans[2], answers=(answer,))))

    assert '{"status": "paid twice"}' in "\n".join(told(result, "golden"))


@pytest.mark.parametrize(
    ("content", "slug"),
    [
        (b"", "golden-unreadable"),
        (b"<<<<<<< ours", "golden-unreadable"),
        (write(full_trace())[:-9], "golden-unreadable"),
    ],
    ids=["empty", "conflict", "cut short"],
)
def test_a_file_that_cannot_be_read_is_refused_with_code_4(
    tmp_path: Path, content: bytes, slug: str
) -> None:
    """A pipeline tells unreadable input from a failing run by the code alone."""
    golden = tmp_path / "run.trace"
    golden.write_bytes(content)

    result = CliRunner().invoke(main, ["show", str(golden)])

    assert result.exit_code == 4
    assert f"[{slug}]" in result.stderr.splitlines()[0]
    assert "Traceback" not in result.output


def test_a_file_in_no_format_is_refused_with_code_4(tmp_path: Path) -> None:
    """The message says what can be read."""
    other = tmp_path / "notes.txt"
    other.write_text("hello")

    result = CliRunner().invoke(main, ["show", str(other)])

    assert (result.exit_code, "[unknown-format]" in result.stderr) == (4, True)


def test_a_file_that_is_not_there_is_a_usage_error() -> None:
    """A typing error is no fault of the golden."""
    assert CliRunner().invoke(main, ["show", "nowhere.trace"]).exit_code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--view", "work", "--at", "#3"), "each of --view and --at shows something else"),
        (("--agent", "planner", "--why", "#3"), "each of --agent and --why shows something else"),
        (("--trace", "f" * 32), f"it holds no trace '{'f' * 32}'"),
    ],
)
def test_what_cannot_be_shown_together_is_refused(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    """One of two would be left out in silence; and another trace than the one that was meant."""
    golden = tmp_path / "run.trace"
    golden.write_bytes(write(full_trace()))

    result = CliRunner().invoke(main, ["show", str(golden), *words])

    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    meant = CliRunner().invoke(main, ["show", str(golden), "--trace", full_trace().id])
    assert meant.exit_code == 0
