"""JSON: all that a gate found, for a program, under a schema that stands in this package.

`report/gate.schema.json` says what each field means. Nothing is left out: where a comment shows ten
of 5,000, this has all.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from agenttrace.model.lane import label_of
from agenttrace.report.gate.finding import sides_in, sides_of
from agenttrace.report.harmless import line

if TYPE_CHECKING:
    from decimal import Decimal

    from agenttrace.model.difference import Difference
    from agenttrace.verdict import GateFinding, GateGolden, GateResult

SCHEMA = "agenttrace.gate/1"
"""The name and version of the schema."""


def render(result: GateResult) -> str:
    """Give the report as JSON, in ASCII."""
    return json.dumps(document(result), indent=1, ensure_ascii=True) + "\n"


def document(result: GateResult) -> dict[str, Any]:
    """Give the report in dicts, lists, texts and numbers."""
    return {
        "schema": SCHEMA,
        "standing": str(result.standing),
        "base": {"commit": result.base, "name": line(result.base_name)},
        "head": {"commit": result.head, "name": line(result.head_name)},
        "policy": line(result.policy),
        "counts": dict(result.counts),
        "unchanged": result.unchanged,
        "runs": result.runs,
        "warnings": [line(one) for one in result.warnings],
        "goldens": [_golden(one) for one in result.goldens],
        "others": [_finding(one) for one in result.others],
    }


def _golden(one: GateGolden) -> dict[str, Any]:
    return {
        "path": line(one.path),
        "old_path": line(one.old_path),
        "test": line(one.test),
        "change": one.change,
        "movement": str(one.movement),
        "base": one.base,
        "head": one.head,
        "outcome": one.outcome,
        "tokens": [*one.tokens],
        "cost_usd": [_usd(it) for it in one.cost_usd],
        "findings": [_finding(it) for it in one.findings],
    }


def _finding(one: GateFinding) -> dict[str, Any]:
    sides = sides_of(one)
    return {
        "id": one.id,
        "class": one.kind,
        "severity": str(one.severity),
        "waits": one.waits,
        "test": line(one.test),
        "path": line(one.path),
        "file": line(one.file),
        "line": one.line,
        "what": line(one.what),
        "title": line(one.title),
        "why": line(one.why),
        "way_on": line(one.way_on),
        "reason": line(one.reason),
        "agent": line(one.agent),
        "site": line(one.site),
        "place": "" if one.difference is None else line(label_of(one.difference.place)),
        "at": sides.path,
        "old": sides.old,
        "new": sides.new,
        "consequences": [_consequence(it) for it in one.consequences],
        "decision": None if one.decision is None else _lined(asdict(one.decision)),
    }


def _consequence(one: Difference) -> dict[str, Any]:
    sides = sides_in(one)
    return {
        "class": one.kind,
        "what": one.what,
        "title": line(one.title),
        "place": line(label_of(one.place)),
        "at": sides.path,
        "old": sides.old,
        "new": sides.new,
    }


def _lined(words: dict[str, Any]) -> dict[str, Any]:
    told = {name: line(it) if isinstance(it, str) else it for name, it in words.items()}
    told["class"] = told.pop("kind")
    return told


def _usd(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount.normalize():f}"
