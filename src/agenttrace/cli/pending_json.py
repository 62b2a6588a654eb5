"""What waits, as JSON for scripts: `agenttrace.pending/1`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agenttrace.model.lane import label_of
from agenttrace.model.values import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenttrace.golden.pending import Pending
    from agenttrace.model.values import Value
    from agenttrace.verdict import GateFinding

SCHEMA = "agenttrace.pending/1"


def document(waiting: Sequence[tuple[Pending, str]], found: Sequence[GateFinding]) -> str:
    """Write replays that wait, each with how it differs, and findings that wait, all of them."""
    said = {
        "schema": SCHEMA,
        "replays": [
            {"golden": str(one.golden), "path": str(one.path), "differs": differs}
            for one, differs in waiting
        ],
        "findings": [_finding(one) for one in found],
    }
    return json.dumps(said, indent=1, ensure_ascii=True)


def _finding(one: GateFinding) -> dict[str, Any]:
    before, now = one.sides
    place = "" if one.difference is None else label_of(one.difference.place)
    return {
        "id": one.id,
        "class": one.kind,
        "severity": str(one.severity),
        "test": one.test,
        "golden": one.path,
        "file": one.file,
        "line": one.line,
        "what": one.what,
        "title": one.title,
        "at": place,
        "before": _json(before),
        "now": _json(now),
        "consequences": len(one.consequences),
        "why": one.why,
        "reason": one.reason,
        "way_on": one.way_on,
    }


def _json(value: Value) -> Any:  # noqa: ANN401 - any JSON value
    """A value as JSON has it; bytes and the rest as what they print."""
    return json.loads(json.dumps(plain(value), default=repr))
