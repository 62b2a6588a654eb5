"""JSON: a session's runs for a program, under a schema that stands beside this file.

`report.schema.json` says what each field means. Fields may be added under the same version; what is
there keeps its meaning.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agenttrace.report.entry import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenttrace.report.entry import Entry

SCHEMA = "agenttrace.report/1"
"""The name and version of the schema."""


def render(entries: Sequence[Entry]) -> str:
    """Give a report as JSON, in the order of the tests' names; ASCII alone, so that it travels."""
    return json.dumps(document(entries), indent=1, ensure_ascii=True) + "\n"


def document(entries: Sequence[Entry]) -> dict[str, Any]:
    """Give a report in dicts, lists, texts and numbers."""
    ordered = sorted(entries, key=lambda one: (one.test, one.run))
    outcomes: dict[str, int] = {}
    calls: dict[str, int] = {}
    for one in ordered:
        outcomes[one.outcome] = outcomes.get(one.outcome, 0) + 1
        for name, count in one.calls.items():
            calls[name] = calls.get(name, 0) + count
    return {
        "schema": SCHEMA,
        "passed": all(one.passed for one in ordered),
        "counts": {
            "runs": len(ordered),
            "failed": sum(1 for one in ordered if not one.passed),
            "outcomes": dict(sorted(outcomes.items())),
            "calls": calls,
        },
        "runs": [_run(one) for one in ordered],
    }


def _run(entry: Entry) -> dict[str, Any]:
    told = plain(entry)
    told["differences"] = [
        {"class" if name == "kind" else name: value for name, value in one.items()}
        for one in told["differences"]
    ]
    return told
