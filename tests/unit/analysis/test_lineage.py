"""Lineage: prompt, decision, tool result, output, as data and as text."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from agenttrace.analysis.lineage import lineage
from agenttrace.cli import main
from agenttrace.formats import native
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.trace import Trace
from tests.fakes.desk import desk, desk_trace

TOLD = """\
#2  agent  planner   at planner, DESK
      why       stands around #4
      decided   planning: candidates ['pay'], chosen 'look_up_order', reason 'careful'
#3  llm    chat gpt-4o   at planner/llm:chat#0, DESK
      why       asked for #4
      prompt    [user] Refund A-17?
      decided   call look_up_order({"order": "A-17"})
#4  tool   look_up_order(order='A-17', region='eu')   at planner/tool:look_up_order#0, DESK
      why       has its result in the question of #14
      result    {"order": "A-17", "status": "paid twice"}
#13  agent  writer   at writer, DESK
      why       stands around #14
#14  llm    chat gpt-4o-mini   at writer/llm:chat#0, DESK
      why       the output
      prompt    [user] It was paid twice. Write.
      result    It is on its way.
"""


def test_an_output_leads_back_over_a_result_and_a_decision_to_the_first_prompt() -> None:
    """Payments and races that merely came before are no part of it."""
    found = lineage(desk_trace(), desk().llm_calls[-1])

    assert [(step.span.name, step.why) for step in found.steps] == [
        ("planner", "stands around"),
        ("chat gpt-4o", "asked for"),
        ("look_up_order", "has its result in the question of"),
        ("writer", "stands around"),
        ("chat gpt-4o-mini", "the output"),
    ]
    assert [step.prompt for step in found.steps if step.prompt] == [
        "[user] Refund A-17?",
        "[user] It was paid twice. Write.",
    ]
    assert found.steps[1].decisions == ('call look_up_order({"order": "A-17"})',)
    assert found.steps[2].result == {"order": "A-17", "status": "paid twice"}


def test_show_why_tells_it_with_the_numbers_of_the_page(tmp_path: Path) -> None:
    """`agenttrace show GOLDEN --why '#14'` after `agenttrace show GOLDEN`."""
    (file := tmp_path / "desk.trace").write_bytes(native.write(desk_trace()))

    told = CliRunner().invoke(main, ["show", str(file), "--why", "#14"])

    assert re.sub(r"tests/fakes/desk\.py:\d+", "DESK", told.output) == TOLD


def test_show_why_names_the_candidates_where_several_are_meant(tmp_path: Path) -> None:
    """A name is enough where it is the only one."""
    (file := tmp_path / "desk.trace").write_bytes(native.write(desk_trace()))

    told = CliRunner().invoke(main, ["show", str(file), "--why", "pay"])

    assert told.exit_code == 2
    assert re.sub(r"tests/fakes/desk\.py:\d+", "DESK", told.output) == (
        "UsageError: 2 spans are called 'pay'  [usage]\n\n"
        "  #6  tool   pay(amount=5, order='A-17')   at payer/tool:pay#0, DESK\n"
        "  #7  tool   pay(amount=0, order='A-17')   at payer/tool:pay#1, DESK\n"
    )


def test_show_says_how_a_span_is_named_where_none_is(tmp_path: Path) -> None:
    """A number without its mark is the slip that everybody makes."""
    (file := tmp_path / "desk.trace").write_bytes(native.write(desk_trace()))

    told = CliRunner().invoke(main, ["show", str(file), "--at", "12"])

    assert told.exit_code == 2
    assert told.output.startswith("UsageError: no span is called '12'  [usage]\n\n  #")
    assert told.output.endswith(
        f"\n\n  It is a number from '#1' to '#{len(desk_trace().spans)}', an id, or a name.\n"
    )


def test_of_an_agent_the_last_call_inside_it_is_asked_about() -> None:
    """And of a span that did nothing, itself."""
    empty = Span(id="1" * 16, name="idle", kind=SpanKind.AGENT)

    assert lineage(desk_trace(), desk()(kind="agent", name="writer")[0]).output.name == (
        "chat gpt-4o-mini"
    )
    assert lineage(Trace(id="1" * 32, name="t", spans=(empty,)), empty).output == empty
