"""Forms of a report: what a stranger wrote stays in its cell, and each form is what it claims."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from pathlib import Path

import jsonschema
import lxml.etree
import lxml.html
import pytest
from hypothesis import given, settings

from agenttrace.check.sides import safe
from agenttrace.errors import UsageError
from agenttrace.model.difference import Difference
from agenttrace.model.lane import Step
from agenttrace.model.values import canonical
from agenttrace.report import forms, harmless, json_, junit, markdown, text
from agenttrace.report.entry import (
    Case,
    Change,
    Entry,
    Left,
    Problem,
    broken,
    entry_of,
    of_plain,
    plain,
)
from agenttrace.verdict import Asked, Outcome, Unused, Verdict
from tests.fakes.campaign import times
from tests.fakes.hostile import every_attack, hostile_texts
from tests.fakes.rendered import html_of, keys_of, outline_of, outline_of_xml, texts_of

SCHEMAS = Path(__file__).parents[2] / "data" / "schemas"
JUNIT = lxml.etree.XMLSchema(lxml.etree.parse(SCHEMAS / "junit-10.xsd"))
REPORT = json.loads(Path(json_.__file__).with_name("report.schema.json").read_text("utf-8"))
TOKENS = ("input", "output", "cache_read", "cache_write", "reasoning")


def told(said: str, *, way_on: str = "go on") -> Entry:
    """A run in which whatever can come from a trace is one text."""
    change = Change(
        id="0123456789abcdef",
        kind="tool_args",
        what="changed",
        title=said,
        place=said,
        path=said,
        golden=said,
        run=said,
        places=(said,),
        consequences=1,
    )
    return Entry(
        test=f"test_a.py::test_a[{said}]",
        run=f"test_a.py::test_a[{said}]",
        outcome="drifted",
        passed=False,
        file="test_a.py",
        line=3,
        seconds=0.25,
        golden=said,
        pending=said,
        fidelity="F4",
        calls={"asked": 2, "answered": 2, "echoed": 0, "live": 0, "refused": 0},
        tokens={said: dict.fromkeys(TOKENS, 1)},
        problems=(Problem(slug="golden-mismatch", headline=said, detail=f"{said}\n\n  {way_on}"),),
        differences=(change, replace(change, cause=change.id, consequences=0)),
        unused=(Left(title=said, place=said, call=1),),
        warnings=(said,),
    )


def without_causes(entry: Entry) -> Entry:
    """The same, where the error says everything itself."""
    return replace(entry, differences=(), outcome="diverged")


@every_attack
@given(said=hostile_texts())
@settings(max_examples=times(20, 5_000))
def test_in_markdown_hostile_text_is_code_and_nothing_else(said: str) -> None:
    """No heading, table, link, image, mention or HTML comes of it, as GitHub's renderer sees it."""
    for shape in (lambda one: one, without_causes):
        hostile, plainly = (shape(told(it)) for it in (said, "x"))
        page = html_of(markdown.render([hostile]))
        assert [*outline_of(page)] == [*outline_of(html_of(markdown.render([plainly])))]
        quoted = {node.text_content().rstrip("\n") for node in page.iter("code")}
        assert harmless.line(said).strip() in {one.strip() for one in quoted}


@every_attack
@given(said=hostile_texts())
@settings(max_examples=times(20, 5_000))
def test_in_a_table_hostile_text_stays_in_its_cell(said: str) -> None:
    """A row has as many cells as its head has, whatever stands in it."""
    table = html_of(f"| a | b |\n|---|---|\n| {harmless.code(said)} | end |\n")
    cells = [cell.text_content() for cell in table.iter("td")]
    assert cells[1:] == ["end"]
    assert cells[0].strip() == harmless.line(said).strip()


@every_attack
@given(said=hostile_texts())
@settings(max_examples=times(20, 5_000))
def test_junit_is_valid_whatever_a_trace_says(said: str) -> None:
    """It holds to its schema, and hostile text adds no element."""
    written = junit.render([told(said)]).encode("utf-8")
    tree = lxml.etree.fromstring(written, lxml.etree.XMLParser(resolve_entities=False))
    JUNIT.assertValid(tree)
    like = lxml.etree.fromstring(junit.render([told("x")]).encode())
    assert [*outline_of_xml(tree)] == [*outline_of_xml(like)]
    assert tree.find(".//failure").get("message") == harmless.line(said)


@every_attack
@given(said=hostile_texts())
@settings(max_examples=times(20, 5_000))
def test_json_is_valid_whatever_a_trace_says(said: str) -> None:
    """It holds to its schema, in ASCII, and hostile text adds no key."""
    written = json_.render([told(said), without_causes(told(said))])
    assert written.isascii()
    document = json.loads(written)
    jsonschema.validate(document, REPORT)
    like = json.loads(json_.render([told("x"), without_causes(told("x"))]))
    like["runs"][0]["tokens"] = document["runs"][0]["tokens"] = {}
    like["runs"][1]["tokens"] = document["runs"][1]["tokens"] = {}
    assert keys_of(document) == keys_of(like)


@every_attack
@given(said=hostile_texts())
@settings(max_examples=times(20, 5_000))
def test_on_a_terminal_hostile_text_stays_on_its_line_and_commands_nothing(said: str) -> None:
    """GitHub's runner takes lines that begin with `::`, and `##[` anywhere, for commands."""
    verdict = Verdict(
        run=said,
        outcome=Outcome.DRIFTED,
        shown="golden/a.trace",
        journal=Path("a.journal"),
        unused=(Unused(title=said, place=(), ordinal=1),),
        warnings=(said,),
    )
    lines = [*text.lines(verdict)]
    assert [line.split()[0] for line in lines] == ["kept", "unused", "warning"]
    for line in lines:
        assert line.splitlines() == [line]
        assert "##[" not in line
        assert safe(line) == line
    assert not safe(said).lstrip().startswith("::")
    assert safe(safe(said)) == safe(said)


def test_the_schema_of_the_report_knows_every_outcome() -> None:
    """What became of a run is never a word that a reader of the schema refuses."""
    assert REPORT["$defs"]["run"]["properties"]["outcome"]["enum"] == [*Outcome]


def test_the_schema_of_the_report_is_itself_valid() -> None:
    """A schema that says nothing would let everything through."""
    jsonschema.Draft202012Validator.check_schema(REPORT)
    broken = json.loads(json_.render([told("x")]))
    for run in broken["runs"]:
        del run["outcome"]
    assert not jsonschema.Draft202012Validator(REPORT).is_valid(broken)
    assert set(REPORT["$defs"]["run"]["properties"]) == {
        field.name for field in fields(Entry) if field.name != "page"
    }


@pytest.mark.parametrize("count", [0, 1, 3_000])
def test_markdown_is_bounded_and_says_how_much_it_leaves_out(count: int) -> None:
    """A comment on GitHub that is too long is not posted at all."""
    entries = [
        replace(told("x" * 300), test=f"t{nth:04}", run=f"t{nth:04}") for nth in range(count)
    ]
    written = markdown.render(entries)
    assert len(written) <= markdown.LONGEST
    shown = written.count("### drifted")
    left = re.search(r"… and ([\d,]+) more runs, in the JSON report", written)
    assert shown + (int(left[1].replace(",", "")) if left else 0) == count
    assert (left is None) == (count < 2)


def test_a_single_run_of_any_length_fits() -> None:
    """What one run says is bounded by itself: an error with 100,000 lines, 5,000 differences."""
    entry = told("y" * 5_000, way_on="\n".join("z" * 3_000 for _ in range(500)))
    many = tuple(replace(entry.differences[0], id=f"{nth:016x}") for nth in range(5_000))
    written = markdown.render([replace(entry, differences=many, warnings=("w" * 9_000,) * 500)])
    assert len(written) <= markdown.LONGEST
    assert "1 of 1 run fails" in written


def test_the_worst_stands_first() -> None:
    """A reader who stops after the first run has seen the one that matters."""
    entry = told("x")
    order = replace(entry.differences[0], kind="metadata")
    runs = {
        "e": replace(entry, run="e", outcome="replayed", passed=True),
        "d": replace(entry, run="d", differences=(order,)),
        "c": replace(entry, run="c"),
        "b": replace(entry, run="b", outcome="failed"),
        "a": replace(entry, run="a", outcome="diverged"),
    }
    found = re.findall(r"^### \w+: `(\w)`$", markdown.render([*runs.values()]), re.MULTILINE)
    assert found == ["a", "b", "c", "d", "e"]


@every_attack
@given(said=hostile_texts())
@settings(max_examples=times(20, 1_000))
def test_an_entry_comes_through_whole_from_process_to_process(said: str) -> None:
    """What a worker sends is what the process that writes has; half a surrogate would end both."""
    title, value = said.encode("utf-8", "replace").decode(), canonical(said)
    place = (Step(kind="tool", name=title, occurrence=0),)
    found = Difference(
        kind="event", place=place, what="changed", title=title, golden=value, run=[1]
    )
    extra = replace(found, what="extra", golden=None, run=canonical({said: said}))
    verdict = Verdict(
        run=said,
        outcome=Outcome.DRIFTED,
        shown=said,
        counts=Asked(asked=1, answered=1),
        differences=(found, extra),
        unused=(Unused(title=title, place=place, ordinal=1),),
        problems=(UsageError(said, detail=f"{said}\n\n  go on"),),
        warnings=(said,),
    )
    for entry in (
        entry_of(verdict, Case(id=said, file=said, line=1, passed=False, error=said), Path()),
        broken(Case(id=said, passed=False, error=said)),
    ):
        wire = json.dumps(plain(entry), ensure_ascii=False).encode("utf-8")
        assert of_plain(json.loads(wire)) == entry
        assert all(safe(one) == one for one in texts_of(json.loads(wire)))
        assert entry.problems


def test_a_passing_session_says_so_in_every_form(tmp_path: Path) -> None:
    """Nothing to tell is told: an empty file would look like a report that failed."""
    for suffix in forms.FORMS:
        path = tmp_path / "new" / f"report{suffix}"
        forms.write(path, [])
        assert path.read_text("utf-8") == forms.render(suffix, [])
    assert markdown.render([]) == "## agenttrace: no test used agenttrace\n"
    assert json.loads(json_.render([]))["counts"]["runs"] == 0
    JUNIT.assertValid(lxml.etree.fromstring(junit.render([]).encode()))
    assert [*(tmp_path / "new").iterdir()] == [*(tmp_path / "new").glob("report.*")]
