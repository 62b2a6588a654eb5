"""JUnit: each golden that a change touched as a test case, which fails while something waits."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from agenttrace.report.gate.finding import following, headline, sides_of
from agenttrace.report.harmless import line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agenttrace.verdict import GateFinding, GateResult


def render(result: GateResult) -> str:
    """Give the report as JUnit's XML; what was found about no golden is a case of its own."""
    cases = [(one.test or one.path, str(one.movement), one.findings) for one in result.goldens]
    if result.others:
        cases.append(("the gate itself", "", result.others))
    failed = sum(1 for _, _, found in cases if any(one.waits for one in found))
    numbers = {"tests": str(len(cases)), "failures": str(failed), "errors": "0"}
    root = ET.Element("testsuites", numbers)
    words = {"name": "agenttrace gate", **numbers, "skipped": "0", "time": "0.000"}
    suite = ET.SubElement(root, "testsuite", words)
    for name, movement, found in cases:
        _case(suite, name, movement, found)
    ET.SubElement(suite, "system-out").text = line(
        f"{result.base_name} {result.base} .. {result.head_name} {result.head}: {result.standing}"
    )
    ET.indent(root, " ")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _case(suite: ET.Element, name: str, movement: str, found: Sequence[GateFinding]) -> None:
    file, _, inside = name.partition("::")
    module = file.removesuffix(".py").replace("/", ".")
    words = {"name": line(inside or file), "classname": line(f"gate.{module}"), "time": "0.000"}
    case = ET.SubElement(suite, "testcase", words)
    if waiting := sorted((one for one in found if one.waits), key=lambda one: one.rank):
        said = {"type": waiting[0].kind, "message": headline(waiting[0])}
        told = [text for one in waiting for text in _told(one)]
        ET.SubElement(case, "failure", said).text = "\n".join(told)
    rest = [line(f"{one.severity}  {one.id}  {headline(one)}") for one in found if not one.waits]
    if movement or rest:
        ET.SubElement(case, "system-out").text = "\n".join([movement, *rest])


def _told(one: GateFinding) -> Iterator[str]:
    yield line(f"{one.severity}  {headline(one)}  [{one.id}]")
    for text in (one.why, *sides_of(one).lines, following(one), one.reason, one.way_on):
        if text:
            yield f"    {line(text)}"
    yield ""
