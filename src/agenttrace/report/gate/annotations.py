"""Annotations: lines that GitHub's runner shows beside the code of a change.

They are workflow commands, so what comes from a trace is escaped as the runner's own toolkit does
it (actions/toolkit, `command.ts`), and each stays one line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.report.gate.finding import headline, remarks
from agenttrace.report.harmless import line
from agenttrace.verdict import Severity

if TYPE_CHECKING:
    from agenttrace.verdict import GateResult

LONGEST, LONGEST_TITLE = 1_000, 200
"""How many characters one says, at most, before they are escaped; the runner cuts at 4 KB."""

_COMMANDS = {Severity.BLOCK: "error", Severity.REVIEW: "warning", Severity.WARN: "notice"}


def render(result: GateResult) -> str:
    """Give the lines for the output of a step, at most ten; empty where there is nothing to say."""
    told = []
    for one in remarks(result):
        command = "notice" if one.hidden else _COMMANDS[one.finding.severity]
        title = "agenttrace" if one.hidden else f"agenttrace: {headline(one.finding)}"
        words = f"file={_word(line(one.file))},line={one.line},title={_word(title[:LONGEST_TITLE])}"
        told.append(f"::{command} {words}::{_data(one.said[:LONGEST])}\n")
    return "".join(told)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _word(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
