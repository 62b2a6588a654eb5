"""Markdown: what a change did to the agents, for a comment on it and for a step's summary.

What keeps the gate shut stands first, a block each with both sides and the command that goes on;
what is warned of or approved is folded. At most 60,000 characters, whatever changed.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from agenttrace.model import amounts
from agenttrace.model.lane import label_of
from agenttrace.report.gate.finding import following, graver_of, sides_in, sides_of
from agenttrace.report.harmless import block, code
from agenttrace.report.markdown import bounded
from agenttrace.verdict import GATE_CLASSES, Severity, Standing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from agenttrace.verdict import GateFinding, GateGolden, GateResult

MARK = "<!-- agenttrace gate -->"
"""The first line, by which a program finds its own comment again to write it anew."""

ROWS = 40
"""How many goldens the table names; it says how many more there are."""

GRAVER = 5
"""Of how many changes that follow from a cause, and are graver, both sides are shown."""

FOLDED = 10
"""How many findings that do not wait are named."""

_WIDE = 160
_SHORT = 12
_SAID = {
    Standing.PASS: "passes",
    Standing.NOTHING: "has nothing to compare",
    Standing.REVIEW: "waits for a review",
    Standing.BLOCK: "is blocked",
    Standing.UNREADABLE: "cannot read a golden",
}


def render(result: GateResult) -> str:
    """Give the report as Markdown, at most 60,000 characters of it."""
    waiting = [one for one in result.findings if one.waits]
    sections = ("\n".join(_waiting(one)) for one in waiting)
    head, tail = ("\n".join(part(result)) for part in (_head, _tail))
    return bounded(head, sections, len(waiting), "finding", tail)


def _head(result: GateResult) -> Iterator[str]:
    yield MARK
    yield f"## agenttrace: the change {_SAID[result.standing]}"
    yield ""
    yield (
        f"{code(result.base_name, _WIDE)} {code(result.base[:_SHORT])} to "
        f"{code(result.head_name, _WIDE)} {code(result.head[:_SHORT])}; {_counted(result)}; "
        f"policy: {code(result.policy, _WIDE)}"
    )
    for one in result.warnings[:FOLDED]:
        yield ""
        yield f"Warning: {code(one, _WIDE)}"
    if result.findings:
        yield ""
        yield from _classes(result.findings)
    if result.goldens:
        yield ""
        yield from _goldens(result.goldens)


def _tail(result: GateResult) -> Iterator[str]:
    yield from _folded("Approved", [one for one in result.findings if one.approved])
    warned = [one for one in result.findings if one.severity is Severity.WARN]
    yield from _folded("Warned of", warned)


def _counted(result: GateResult) -> str:
    changes = Counter(one.change for one in result.goldens if one.change != "unchanged")
    said = [f"{count} {change}" for change, count in changes.items()]
    if result.unchanged is not None:
        said.append(f"{result.unchanged} unchanged")
    runs = "no run was given" if result.runs is None else amounts.counted(result.runs, "run")
    return f"goldens: {', '.join(said) or 'none'}; {runs}"


def _classes(found: Sequence[GateFinding]) -> Iterator[str]:
    columns = ["block", "review", "approved", "warn", "allow"]
    counts = Counter((one.kind, "approved" if one.approved else one.severity) for one in found)
    yield f"| class | {' | '.join(columns)} |"
    yield f"|---|{'---:|' * len(columns)}"
    for kind in GATE_CLASSES:
        row = [counts[kind, column] for column in columns]
        if any(row):
            yield f"| {kind} | {' | '.join(str(count or '') for count in row)} |"


def _goldens(goldens: Sequence[GateGolden]) -> Iterator[str]:
    ordered = sorted(goldens, key=lambda one: (_gravest(one), one.test, one.path))
    yield "| test | golden | moved | tokens | USD | |"
    yield "|---|---|---|---:|---:|---|"
    for one in ordered[:ROWS]:
        waits = sum(1 for it in one.findings if it.waits)
        cells = (
            code(one.test or one.path, _WIDE),
            one.change,
            str(one.movement),
            _change(*(it or None for it in one.tokens)),
            _change(*map(_usd, one.cost_usd)),
            f"{waits} wait{'s' if waits == 1 else ''}" if waits else "",
        )
        yield f"| {' | '.join(cells)} |"
    if len(ordered) > ROWS:
        yield ""
        yield f"… and {amounts.counted(len(ordered) - ROWS, 'more golden')}, in the JSON report."


def _gravest(golden: GateGolden) -> tuple[bool, int]:
    found = golden.findings
    worst = max((one.severity.rank for one in found), default=-1)
    return not any(one.waits for one in found), -worst


def _change(old: object, new: object) -> str:
    before, after = ("" if it is None else str(it) for it in (old, new))
    if before == after:
        return after
    return f"{before or 'none'} → {after or 'none'}"


def _usd(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount.normalize():f}"


def _folded(word: str, found: Sequence[GateFinding]) -> Iterator[str]:
    if not found:
        return
    yield f"<details><summary>{word}: {len(found)}</summary>"
    yield ""
    for one in found[:FOLDED]:
        why = one.decision.reason if one.approved and one.decision is not None else one.why
        about = f"{one.kind} {code(one.title or one.path, _WIDE)}"
        yield f"- {about} in {code(_owner(one), _WIDE)}{f': {code(why, _WIDE)}' if why else ''}"
    if len(found) > FOLDED:
        yield f"- … and {len(found) - FOLDED} more, in the JSON report"
    yield ""
    yield "</details>"
    yield ""


def _waiting(one: GateFinding) -> Iterator[str]:
    about = f" of {code(one.title, _WIDE)}" if one.title else ""
    yield f"### {one.severity}: {one.kind}{about}"
    yield ""
    whose = f", by {code(one.agent, _WIDE)}" if one.agent else ""
    where = f", at {code(one.site, _WIDE)}" if one.site else ""
    also = f"; {following(one)}" if one.consequences else ""
    yield f"{code(one.what, _WIDE)} in {code(_owner(one), _WIDE)}{whose}{where}{also}"
    if one.why:
        yield ""
        yield code(one.why)
    if one.decision is not None:
        said = "an approval that has expired" if one.decision.accepted else "somebody said no"
        yield ""
        yield f"{said}: {code(one.decision.reason, _WIDE)}"
    if told := sides_of(one).lines:
        yield ""
        yield block(told, "diff")
    yield from _graver(one)
    commands = [one.way_on] if one.way_on else []
    if one.severity is Severity.REVIEW and "agenttrace accept" not in one.way_on:
        commands.append(f'agenttrace accept {one.id} --reason "…"')
    if commands:
        yield ""
        yield block([text for way in commands for text in way.split("\n")], "text")
    reason = f" ({code(one.reason, _WIDE)})" if one.reason else ""
    yield ""
    yield f"{code(one.id)}{reason}"


def _graver(one: GateFinding) -> Iterator[str]:
    """Tell what follows and decided how grave the finding is, each change with both sides."""
    found = graver_of(one)
    for it, times in found[:GRAVER]:
        often = f", {times} times" if times > 1 else ""
        yield ""
        place = code(label_of(it.place), _WIDE)
        yield f"so also **{it.kind}** {code(it.title, _WIDE)}: {it.what} at {place}{often}"
        if told := sides_in(it).lines:
            yield ""
            yield block(told, "diff")
    if (hidden := len(found) - GRAVER) > 0:
        yield ""
        yield f"… and {hidden} more like these: `agenttrace show {one.id}`"


def _owner(one: GateFinding) -> str:
    return one.test or one.path
