"""Forms of a gate's report: valid, bounded, the worst first, and safe from what a trace says."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import lxml.etree
import pytest
from hypothesis import given, settings

from agenttrace.report import forms, harmless, markdown
from agenttrace.report.gate import annotations, json_, junit, sarif
from agenttrace.report.gate import markdown as gate_markdown
from agenttrace.report.gate.finding import MOST
from agenttrace.verdict import GATE_CLASSES, Decision, GateResult, Severity
from tests.fakes import gate_result
from tests.fakes.campaign import times
from tests.fakes.hostile import every_attack, hostile_texts
from tests.fakes.rendered import html_of, keys_of, outline_of, outline_of_xml, texts_of

SCHEMAS = Path(__file__).parents[2] / "data" / "schemas"
JUNIT = lxml.etree.XMLSchema(lxml.etree.parse(SCHEMAS / "junit-10.xsd"))
SARIF = jsonschema.Draft4Validator(
    json.loads((SCHEMAS / "sarif-2.1.0-rtm.5.json").read_text("utf-8")),
    format_checker=jsonschema.FormatChecker(),
)
GATE = json.loads(Path(forms.__file__).with_name("gate.schema.json").read_text("utf-8"))
COMMAND = re.compile(r"::(error|warning|notice) file=([^,:]*),line=(\d+),title=([^,:]*)::(.*)")
EMPTY = GateResult(base="a" * 40, head="a" * 40, base_name="main", head_name="HEAD")


def said_by(escaped: str) -> str:
    """What GitHub's runner makes of a part of a command (actions/runner, `ActionCommand.cs`)."""
    for code, char in (("%0A", "\n"), ("%0D", "\r"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        escaped = escaped.replace(code, char)
    return escaped


@every_attack
@given(said=hostile_texts())
@settings(max_examples=times(20, 5_000))
def test_in_markdown_hostile_text_is_code_and_nothing_else(said: str) -> None:
    """No heading, cell, link, image, mention or HTML comes of it, as GitHub's renderer sees it."""
    page, like = (html_of(gate_markdown.render(gate_result.result(it))) for it in (said, "x"))
    assert [*outline_of(page)] == [*outline_of(like)]
    quoted = {node.text_content().strip() for node in page.iter("code")}
    assert harmless.line(said).strip() in quoted


@every_attack
@given(said=hostile_texts())
@settings(max_examples=times(20, 5_000))
def test_sarif_is_valid_whatever_a_trace_says(said: str) -> None:
    """It holds to OASIS' schema, its addresses included, and hostile text adds no key."""
    written = sarif.render(gate_result.result(said))
    assert written.isascii()
    document = json.loads(written)
    SARIF.validate(document)
    assert keys_of(document) == keys_of(json.loads(sarif.render(gate_result.result("x"))))
    for one in document["runs"][0]["results"]:
        address = one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[\w./%~-]+", address, re.ASCII)


@every_attack
@given(said=hostile_texts())
@settings(max_examples=times(20, 5_000))
def test_junit_and_json_are_valid_whatever_a_trace_says(said: str) -> None:
    """They hold to their schemas, and hostile text adds neither element nor key."""
    hostile, plainly = gate_result.result(said), gate_result.result("x")
    tree = lxml.etree.fromstring(junit.render(hostile).encode())
    JUNIT.assertValid(tree)
    like = lxml.etree.fromstring(junit.render(plainly).encode())
    assert [*outline_of_xml(tree)] == [*outline_of_xml(like)]
    document = json.loads(json_.render(hostile))
    jsonschema.validate(document, GATE)
    assert keys_of(document) == keys_of(json.loads(json_.render(plainly)))
    assert all(one == harmless.line(one) for one in texts_of(document))


@every_attack
@given(said=hostile_texts())
@settings(max_examples=times(20, 5_000))
def test_annotations_are_the_commands_that_were_meant(said: str) -> None:
    """Each line is one command; what a trace says ends neither its words nor its line."""
    written = annotations.render(gate_result.result(said))
    told = [COMMAND.fullmatch(line) for line in written.splitlines()]
    assert [one and one[1] for one in told] == ["error", "error", "warning", "warning", "notice"]
    files = [said_by(one[2]) for one in told if one]
    assert files.count("tests/test_a.py") == 4
    assert harmless.line(f"golden/{said}.trace") in files


def test_the_worst_stands_first_and_ten_remarks_are_enough() -> None:
    """GitHub shows ten; a change that breaks 2,000 goldens must not hide that it does."""
    result = gate_result.many(2_000)
    document = json.loads(sarif.render(result))
    SARIF.validate(document)
    remarks = document["runs"][0]["results"]
    assert [one["level"] for one in remarks] == ["error"] * 9 + ["note"]
    hidden = "and 1991 more are not shown here: 1324 block, 667 review. All are in the report."
    assert remarks[-1]["message"]["text"] == hidden
    assert remarks[0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 2}
    assert remarks[0]["partialFingerprints"] == {"agenttraceChange/v1": f"{1:016x}"}
    lines = annotations.render(result).splitlines()
    assert len(lines) == MOST
    assert lines[-1].endswith(hidden)


def test_ten_findings_are_all_shown() -> None:
    """The last place is for a count only where there is something to count."""
    shown = annotations.render(gate_result.many(MOST))
    assert shown.count("\n") == MOST
    assert "not shown" not in shown


def test_thousands_of_changed_goldens_make_a_bounded_comment_and_a_whole_document() -> None:
    """A comment that is too long is refused by GitHub; the document leaves nothing out."""
    count = times(1_000, 5_000)
    result = gate_result.many(count, "`|<>&" * 60)
    written = gate_markdown.render(result)
    assert len(written) <= markdown.LONGEST
    shown = written.count("### block") + written.count("### review")
    left = re.search(r"… and (\d+) more findings, in the JSON report", written)
    assert left is not None
    assert shown > 0
    assert shown + int(left[1]) == count
    document = json.loads(json_.render(result))
    jsonschema.validate(document, GATE)
    assert len(document["goldens"]) == count


def test_what_is_long_in_every_place_still_fits() -> None:
    """One finding may have long names, reasons and ways on; its block is there all the same."""
    result = gate_result.result("`|\\" * 5_000)
    written = gate_markdown.render(result)
    assert len(written) <= markdown.LONGEST
    assert "### block" in written
    for command in map(COMMAND.fullmatch, annotations.render(result).splitlines()):
        assert command is not None
        assert max(map(len, (command[4], command[5]))) < 4_096


def test_what_waits_is_told_from_what_is_approved() -> None:
    """A reviewer sees what to do, with the command; what is approved is folded away."""
    written = gate_markdown.render(gate_result.result("x"))
    assert written.startswith(f"{gate_markdown.MARK}\n## agenttrace: the change is blocked\n")
    headings = re.findall(r"^### (\w+): (\w+)", written, re.MULTILINE)
    assert headings == [
        ("block", "forged"),
        ("block", "tool_args"),
        ("review", "policy"),
        ("review", "tool_args"),
    ]
    assert f'agenttrace accept {1:016x} --reason "…"' in written
    assert f'agenttrace accept {0:016x} --reason "…"' not in written
    assert "<details><summary>Approved: 1</summary>" in written
    assert "<details><summary>Warned of: 1</summary>" in written


def test_a_decision_that_does_not_open_the_gate_is_told_with_its_reason() -> None:
    """Who is told no, or that a yes has run out, must not have to look it up."""
    found = gate_result.finding("x", 0, Severity.REVIEW)
    said = Decision(id=found.id, kind=found.kind, test=found.test, reason="too much")
    for decision, words in (
        (replace(said, live=False), "an approval that has expired: `too much`"),
        (replace(said, accepted=False), "somebody said no: `too much`"),
    ):
        result = replace(EMPTY, others=(replace(found, decision=decision),))
        assert f"\n{words}\n" in gate_markdown.render(result)


@pytest.mark.parametrize("suffix", [*forms.GATE_FORMS])
def test_a_gate_that_found_nothing_says_so_in_every_form(suffix: str, tmp_path: Path) -> None:
    """Nothing to compare is a standing of its own, and never a pass."""
    path = tmp_path / "new" / f"gate{suffix}"
    forms.write_gate(path, EMPTY)
    written = path.read_text("utf-8")
    assert written == forms.render_gate(suffix, EMPTY)
    assert annotations.render(EMPTY) == ""
    if suffix == ".json":
        jsonschema.validate(json.loads(written), GATE)
        assert json.loads(written)["standing"] == "nothing"
    if suffix == ".sarif":
        SARIF.validate(json.loads(written))
    if suffix == ".xml":
        JUNIT.assertValid(lxml.etree.fromstring(written.encode()))
    if suffix == ".md":
        assert "has nothing to compare" in written


def test_the_schema_of_the_gates_report_is_valid_and_knows_every_class() -> None:
    """A schema that says nothing would let everything through."""
    jsonschema.Draft202012Validator.check_schema(GATE)
    kinds = GATE["$defs"]["finding"]["properties"]["class"]["enum"]
    assert tuple(kinds) == GATE_CLASSES
    severities = GATE["$defs"]["finding"]["properties"]["severity"]["enum"]
    assert severities == [str(one) for one in Severity]
    document = json.loads(json_.render(gate_result.result("x")))
    del document["goldens"][0]["findings"][0]["severity"]
    assert not jsonschema.Draft202012Validator(GATE).is_valid(document)
