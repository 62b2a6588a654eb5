"""JUnit: a session's runs as test cases, for the programs of CI that read nothing else.

The form is that of Jenkins' `junit-10.xsd`, which pytest's own reports follow, too. A run is a test
case of a suite of its own, so the numbers of pytest's report beside this one stay what they are.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from agenttrace.report.harmless import line, lines
from agenttrace.report.text import calls

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agenttrace.report.entry import Entry

MOST = 50
"""How many differences of a run are named in its test case."""


def render(entries: Sequence[Entry]) -> str:
    """Give a report as JUnit's XML, in the order of the tests' names."""
    ordered = sorted(entries, key=lambda one: (one.test, one.run))
    failed = sum(1 for one in ordered if not one.passed)
    seconds = sum(one.seconds for one in ordered)
    numbers = {"tests": str(len(ordered)), "failures": str(failed), "errors": "0"}
    root = ET.Element("testsuites", numbers)
    suite = ET.SubElement(
        root, "testsuite", {"name": "agenttrace", **numbers, "skipped": "0", "time": _time(seconds)}
    )
    for one in ordered:
        _case(suite, one)
    ET.indent(root, " ")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _case(suite: ET.Element, entry: Entry) -> None:
    file, _, inside = entry.run.partition("::")
    module = file.removesuffix(".py").replace("/", ".")
    words = {"name": line(inside or file), "classname": line(module), "time": _time(entry.seconds)}
    case = ET.SubElement(suite, "testcase", words)
    if not entry.passed:
        first = entry.problems[0] if entry.problems else None
        said = {
            "type": line(first.slug if first else entry.outcome),
            "message": line(first.headline if first else f"the run {entry.outcome}"),
        }
        ET.SubElement(case, "failure", said).text = "\n".join(_told(entry))
    ET.SubElement(case, "system-out").text = "\n".join(map(line, _facts(entry)))


def _facts(entry: Entry) -> Iterator[str]:
    """What is said of a run that passed, too; the schema has no properties in a test case."""
    yield f"{entry.outcome}; calls: {calls(Counter(entry.calls))}"
    if entry.golden:
        yield f"golden    {entry.golden}"
    if entry.pending:
        yield f"this run  {entry.pending}"
    if entry.cost_usd is not None:
        yield f"cost      ${entry.cost_usd}"
    for one in entry.causes[:MOST]:
        yield f"{one.id}  {one.kind}  {one.title}: {one.what}"
    for warning in entry.warnings:
        yield f"warning   {warning}"


def _told(entry: Entry) -> Iterator[str]:
    for problem in entry.problems:
        yield line(f"{problem.headline}  [{problem.slug}]")
        if problem.detail:
            yield ""
            yield from lines(problem.detail)


def _time(seconds: float) -> str:
    """A time as the schema writes it: digits, and at most three behind the point."""
    return f"{max(0.0, seconds):.3f}"
