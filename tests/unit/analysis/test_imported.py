"""How well a trace is known, and what is odd about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import agenttrace
from agenttrace.analysis.fidelity import LEVELS, level_of
from agenttrace.analysis.oddities import oddities
from agenttrace.formats import catalog, native
from agenttrace.model.call import Answer, Chunk
from agenttrace.model.lane import Lane
from agenttrace.model.names import IMPORT_NOTES
from agenttrace.model.span import Fidelity, Span, SpanKind, Status
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Usage
from tests.fakes.sessions import Desk

DATA = Path(__file__).parents[2] / "data"
ANSWER = (Answer(chunks=(Chunk(data=b"\xa2ok"),)),)


def span(number: int, kind: SpanKind, **more: Any) -> Span:
    """A call of which everything is known, but for what is said."""
    fields: dict[str, Any] = {"question": {}, "digest": b"d" * 16, "answers": ANSWER}
    fields |= {"usage": Usage(), **more}
    return Span(id=f"{number:016x}", name="call", kind=kind, **fields)


def trace(*spans: Span, **more: Any) -> Trace:
    """A foreign trace."""
    return Trace(id="a" * 32, name="t", spans=spans, **more)


def level(**lacks: Fidelity) -> tuple[str, str]:
    """The level of a trace of a tool and a model call whose payloads lack something."""
    known: dict[str, dict[str, Fidelity]] = {"tool": {}, "llm": {}}
    for name, fidelity in lacks.items():
        kind, _, payload = name.partition("_")
        known[kind][payload] = fidelity
    found = level_of(
        trace(
            span(1, SpanKind.TOOL, fidelity=known["tool"]),
            span(2, SpanKind.LLM, fidelity=known["llm"]),
        )
    )
    return found.level, found.why


def test_the_level_is_that_of_the_least_known_call_and_says_why() -> None:
    """A replay needs them all; what keeps a trace from the next level is named."""
    absent, redacted = Fidelity.ABSENT, Fidelity.REDACTED

    assert level() == ("F3", "")
    assert level(llm_usage=absent) == ("F3", "")
    assert level(llm_question=redacted) == ("F2", "prompts, 1 of 1: 1 redacted")
    assert level(llm_tools=absent) == ("F2", "definitions of tools, 1 of 1: 1 absent")
    assert level(llm_answer=absent) == ("F1", "answers of models, 1 of 1: 1 absent")
    assert level(tool_answer=redacted) == ("F1", "results of tools, 1 of 1: 1 redacted")
    assert level(tool_question=absent, llm_question=absent) == (
        "F0",
        "arguments of tools, 1 of 1: 1 absent",
    )


def test_a_trace_without_calls_is_a_skeleton_and_one_of_ours_is_whole() -> None:
    """Whatever it lacks: our recorder keeps clock, chance and schedule as well."""
    bare = trace(Span(id="1" * 16, name="GET /", kind=SpanKind.HTTP))
    ours = trace(
        span(1, SpanKind.LLM, fidelity={"question": Fidelity.ABSENT}),
        lanes=(Lane(path=()),),
        environment={"agenttrace": "1.0"},
    )

    assert level_of(bare).level == "F0"
    assert level_of(ours).level == "F4"
    assert level_of(replace(ours, environment={})).level == "F2"
    assert list(LEVELS) == ["F0", "F1", "F2", "F3", "F4"]


def test_a_call_that_failed_has_its_failure_for_an_answer() -> None:
    """It lacks nothing."""
    lacks = {"answer": Fidelity.ABSENT}
    failed = span(1, SpanKind.TOOL, answers=(), fidelity=lacks, status=Status(code="ERROR"))

    assert level_of(trace(failed)).level == "F3"
    assert level_of(trace(replace(failed, status=Status()))).level == "F1"


def test_a_run_of_production_held_no_chance_and_every_command_says_so() -> None:
    """`doctor` said that it was the machine's own, and the level that it had been recorded."""
    environment = {"agenttrace": "1.0", "seed": 1}
    ours = trace(span(1, SpanKind.LLM), lanes=(Lane(path=()),), environment=environment)
    served = replace(ours, environment={**environment, "production": {"sample": 1}})

    assert str(level_of(ours)) == "F4, recorded by us: clock, chance and schedule as well"
    assert str(level_of(served)) == (
        "F4, recorded by us: clock and schedule as well; chance was the machine's own"
    )
    assert str(level_of(replace(served, lanes=()))).startswith("F3, full: ")


def tools_of(*calls: Span) -> dict[Fidelity, int]:
    """How well the definitions of tools are told to be known."""
    found = [one for one in level_of(trace(*calls)).payloads if one.payload == "tools"]
    return dict(found[0].counts) if found else {}


def test_of_a_call_of_which_nothing_is_known_the_tools_are_not_known_either() -> None:
    """They are part of the question; it was told that they were all present."""
    silent = span(1, SpanKind.LLM, digest=b"", question=None, fidelity={"question": ABSENT})
    asked = span(2, SpanKind.LLM, digest=b"", question={"messages": []})

    assert tools_of(silent) == {ABSENT: 1}
    assert tools_of(silent, asked) == {ABSENT: 1, Fidelity.PRESENT: 1}
    assert level_of(trace(silent)) == replace(level_of(trace(silent)), level="F2")


def test_a_failed_call_of_another_system_that_names_no_tools_is_not_counted() -> None:
    """Nobody knows whether there were any; its failure answers it, so no level hangs on that."""
    failed = span(
        1, SpanKind.LLM, digest=b"", question={"messages": []}, status=Status(code="ERROR")
    )
    told = replace(failed, id="2" * 16, question={"messages": [], "tools": [{"name": "pay"}]})

    assert tools_of(failed) == {}
    assert tools_of(failed, told) == {Fidelity.PRESENT: 1}
    assert [level_of(trace(one)).level for one in (failed, told)] == ["F3", "F3"]


ABSENT = Fidelity.ABSENT


def test_what_is_odd_is_counted_with_its_word() -> None:
    """`1 orphans` had been printed."""
    bare = span(1, SpanKind.INTERNAL, parent="e" * 16)
    call = span(2, SpanKind.LLM)

    assert [one.counted for one in oddities(trace(bare, call))] == ["1 orphan", "1 service span"]
    more = replace(bare, id="3" * 16)
    told = [one.counted for one in oddities(trace(bare, more, call))]
    assert told == ["2 orphans", "2 service spans"]


def test_everything_odd_is_counted_and_explained() -> None:
    """Orphans, what sampling left out, roots, clocks, what was set right, limits, services."""
    found = oddities(
        trace(
            span(1, SpanKind.LLM, start_ns=5, end_ns=9),
            span(2, SpanKind.TOOL, parent="0" * 15 + "1", start_ns=3, end_ns=9),
            span(3, SpanKind.TOOL, parent="f" * 16, attributes={IMPORT_NOTES: ["its id was x"]}),
            span(
                4,
                SpanKind.TOOL,
                parent="f" * 16,
                fidelity={"parent": Fidelity.SAMPLED_OUT, "events": Fidelity.TRUNCATED},
            ),
            Span(id="5" * 16, name="GET /", kind=SpanKind.HTTP),
            environment={"unread": {"parts": 2, "first": "it is none"}},
        )
    )

    assert [(one.name, one.count) for one in found] == [
        ("not read", 2),
        ("sampled out", 1),
        ("orphans", 1),
        ("roots", 2),
        ("before parents", 1),
        ("set right", 1),
        ("cut by limits", 1),
        ("service spans", 1),
    ]
    assert all(one.meaning and one.first for one in found)
    assert oddities(trace(span(1, SpanKind.LLM))) == ()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("zipkin/skew.json", {"before parents": 1}),
        ("jaeger/ui_01.json", {"roots": 2, "set right": 1}),
        (
            "trail-swebench/72822db6e120878d916b515c2501246b.json",
            {"orphans": 7, "service spans": 7},
        ),
    ],
    ids=["clocks", "ids", "orphans"],
)
def test_what_is_odd_about_real_files_is_found(name: str, says: dict[str, int]) -> None:
    """Zipkin's own example of skewed clocks, Jaeger's of ids, a trace without its root."""
    data = (DATA / name).read_bytes()
    read = catalog.codec_for(head=data[:4096]).read(data)

    assert {one.name: one.count for one in oddities(read)} == says


@agenttrace.tool
def look_up(order: str) -> str:
    """Look an order up."""
    return f"{order} was paid twice"


def test_a_verdict_says_how_well_its_golden_is_known(tmp_path: Path) -> None:
    """A golden of ours is F4; one that came from elsewhere is what its payloads say."""
    desk = Desk(tmp_path)
    desk.record(lambda: look_up("A-17"))
    assert desk.replay(lambda: look_up("A-17")) == "A-17 was paid twice"
    ours = desk.verdict
    foreign = replace(native.read(desk.golden.read_bytes()), environment={})
    desk.golden.write_bytes(native.write(foreign))
    desk.replay(lambda: look_up("A-17"))
    theirs = desk.verdict

    assert ours is not None
    assert theirs is not None
    assert (ours.fidelity, theirs.fidelity) == ("F4", "F3")
