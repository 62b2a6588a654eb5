"""SARIF: what a change did, for programs that show findings beside the code.

After SARIF 2.1.0 (OASIS). A finding's location is its test's line. There are at most ten, what
waits first, because each becomes a remark on the change; all of them are in the JSON report.
"""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from agenttrace.report.gate.finding import remarks
from agenttrace.verdict import GATE_CLASSES, Severity, Standing

if TYPE_CHECKING:
    from agenttrace.report.gate.finding import Remark
    from agenttrace.verdict import GateResult

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
"""The schema that the report holds to; nothing fetches it."""

MORE = "more"
"""The rule of the last result, which counts those that are not shown."""

_LEVELS = {Severity.BLOCK: "error", Severity.REVIEW: "warning", Severity.WARN: "note"}


def render(result: GateResult) -> str:
    """Give the report as SARIF, in ASCII."""
    shown = remarks(result)
    rules = [kind for kind in (*GATE_CLASSES, MORE) if any(_rule(one) == kind for one in shown)]
    run = {
        "tool": {
            "driver": {
                "name": "agenttrace",
                "semanticVersion": _version(),
                "rules": [_about(kind) for kind in rules],
            }
        },
        "invocations": [{"executionSuccessful": result.standing is not Standing.UNREADABLE}],
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "the repository"}}},
        "automationDetails": {"id": "agenttrace/gate/"},
        "results": [_result(one, rules.index(_rule(one))) for one in shown],
    }
    document = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(document, indent=1, ensure_ascii=True) + "\n"


def _rule(one: Remark) -> str:
    return MORE if one.hidden else one.finding.kind


def _about(kind: str) -> dict[str, Any]:
    said = "More findings than are shown" if kind == MORE else f"Agents' behaviour: {kind}"
    return {"id": kind, "shortDescription": {"text": said}}


def _result(one: Remark, rule: int) -> dict[str, Any]:
    where = {
        "artifactLocation": {
            "uri": quote(one.file or ".", errors="backslashreplace"),
            "uriBaseId": "SRCROOT",
        }
    }
    found: dict[str, Any] = {
        "ruleId": _rule(one),
        "ruleIndex": rule,
        "level": "note" if one.hidden else _LEVELS[one.finding.severity],
        "message": {"text": one.said},
        "locations": [{"physicalLocation": {**where, "region": {"startLine": one.line}}}],
    }
    if not one.hidden:
        found["partialFingerprints"] = {"agenttraceChange/v1": one.finding.id}
    return found


def _version() -> str:
    try:
        return version("pytest-agenttrace")
    except PackageNotFoundError:  # run from its sources
        return "0.0.0"
