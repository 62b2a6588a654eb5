"""Html: the goldens that a change touched, before and now, side by side on one page.

It is the page that shows any two traces, so a reviewer walks through what differs with the keys
that they know. What keeps the gate shut comes first, and stands in words above each golden.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from agenttrace.check.diff import diff
from agenttrace.errors import AgentTraceError
from agenttrace.model import amounts
from agenttrace.report.gate.finding import following, headline
from agenttrace.report.harmless import line
from agenttrace.report.html.data import Packed, Shown, packed
from agenttrace.report.html.page import page
from agenttrace.verdict import GateGolden, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.model.trace import Trace
    from agenttrace.verdict import GateFinding, GateResult

MOST = 50
"""How many goldens the page holds; it says how many more there are."""

Sides: TypeAlias = "Callable[[GateGolden], tuple[Trace | None, Trace | None]]"
"""Gives a golden as it was and as it is; None for what is not there, or cannot be read."""


def render(result: GateResult, sides: Sides = lambda _golden: (None, None)) -> str:
    """Give the report as a page.

    Args:
        result: What the gate found.
        sides: Where the goldens themselves come from; a golden that holds a secret is not asked
            for, and stands in words alone in the other forms.
    """
    worth = sorted((one for one in result.goldens if one.findings), key=_gravity)
    runs = [run for one in worth[:MOST] if (run := _golden(one, sides)) is not None]
    said = f"The gate: {result.standing}. {amounts.counted(len(worth), 'golden')} with findings"
    said += f", {len(runs)} of them here." if len(runs) < len(worth) else "."
    said += "".join(f" {line(headline(one))}." for one in result.others if one.waits)
    return page(runs, title=f"{result.standing} · agenttrace gate", said=said)


def _gravity(golden: GateGolden) -> tuple[tuple[object, ...], str]:
    return min(one.rank for one in golden.findings), golden.path


def _golden(golden: GateGolden, sides: Sides) -> Packed | None:
    if any(one.kind == "secret" for one in golden.findings):
        return None
    old, new = sides(golden)
    trace = new or old
    if trace is None:
        return None
    shown = Shown(
        title=golden.test or golden.path,
        trace=trace,
        golden=old if new is not None else None,
        label="now" if new is not None else "before",
        golden_label="before",
        differences=() if old is None or new is None else diff(old, new),
        outcome=str(golden.movement),
        notes=tuple("\n".join(_note(one)) for one in sorted(golden.findings, key=_rank)),
    )
    try:
        return packed(shown)
    except AgentTraceError:  # an old golden may hold what a page cannot keep
        return None


def _rank(one: GateFinding) -> tuple[object, ...]:
    return one.rank


def _note(one: GateFinding) -> Iterator[str]:
    said = "approved" if one.approved else str(one.severity)
    yield line(f"{said}: {headline(one)}  [{one.id}]")
    decided = "" if one.decision is None else one.decision.reason
    for text in (one.why, following(one), one.reason, decided):
        if text:
            yield line(text)
    if one.waits and one.severity is Severity.REVIEW:
        yield f"agenttrace accept {one.id} --reason …"
