"""Gate result: what a gate found, made by hand, with any text in every place."""

from __future__ import annotations

from decimal import Decimal

from agenttrace.model.difference import Difference
from agenttrace.model.lane import Step
from agenttrace.model.values import Value, canonical
from agenttrace.verdict import (
    Decision,
    GateFinding,
    GateGolden,
    GateResult,
    Movement,
    Severity,
)


def difference(said: str, kind: str = "tool_args", side: Value = 1) -> Difference:
    """A change whose names and values are a text."""
    title = said.encode("utf-8", "replace").decode()
    return Difference(
        kind=kind,
        place=(Step(kind="tool", name=title, occurrence=0),),
        what="changed",
        title=title,
        golden=canonical({"order": said}),
        run=canonical({"order": side}),
    )


def finding(
    said: str, nth: int = 0, severity: Severity = Severity.BLOCK, **more: object
) -> GateFinding:
    """A finding about a difference, in the test `nth`."""
    words: dict[str, object] = {
        "id": f"{nth:016x}",
        "kind": "tool_args",
        "severity": severity,
        "test": f"tests/test_a.py::test_{nth:04}[{said}]",
        "path": f"golden/{said}.trace",
        "file": "tests/test_a.py",
        "line": nth + 1,
        "title": said,
        "why": said,
        "way_on": said,
        "reason": said,
        "agent": said,
        "site": said,
        "difference": difference(said, side=nth),
        "consequences": (difference(said, "order"),),
    }
    return GateFinding(**(words | more))  # type: ignore[arg-type]


def result(said: str) -> GateResult:
    """A change that blocks, waits, is approved, warned of, allowed; and a policy that changed."""
    decision = Decision(id="2" * 16, kind="tool_args", test=said, reason=said, by=said)
    found = (
        finding(said, 0),
        finding(said, 1, Severity.REVIEW, file="", line=0),
        finding(said, 2, Severity.REVIEW, decision=decision),
        finding(said, 3, Severity.WARN),
        finding(said, 4, Severity.ALLOW),
        finding(said, 5, difference=None, kind="forged", old=canonical(said), new=None),
    )
    return GateResult(
        base="a" * 40,
        head="b" * 40,
        base_name=said,
        head_name="HEAD",
        goldens=(
            GateGolden(
                path=f"golden/{said}.trace",
                test=f"tests/test_a.py::test_0000[{said}]",
                movement=Movement.INTENDED,
                base="0" * 64,
                outcome="replayed",
                tokens=(10, 12),
                cost_usd=(None, Decimal("0.00210")),
                findings=found,
            ),
            GateGolden(path=said, change="renamed", old_path=said),
        ),
        others=(finding(said, 6, Severity.REVIEW, kind="policy", difference=None, test=""),),
        unchanged=3,
        runs=None,
        warnings=(said,),
        policy=said,
    )


def many(count: int, said: str = "pay") -> GateResult:
    """A change of so many goldens, a finding each; every third waits for a review."""
    return GateResult(
        base="a" * 40,
        head="b" * 40,
        base_name="main",
        head_name="HEAD",
        goldens=tuple(
            GateGolden(
                path=f"golden/{nth}.trace",
                test=f"tests/test_a.py::test_{nth}",
                findings=(finding(said, nth, Severity.BLOCK if nth % 3 else Severity.REVIEW),),
            )
            for nth in range(count)
        ),
    )
