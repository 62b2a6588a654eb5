"""A gate on a terminal: what waits first, both sides, and never more than a page or two."""

from __future__ import annotations

import shlex
import textwrap
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from agenttrace.check.sides import cut, safe, shown
from agenttrace.check.telling import places_of, sides_of, some_of
from agenttrace.cli.diff_text import NEW, OLD
from agenttrace.cli.gating import DEFAULT_BASE
from agenttrace.model.amounts import counted
from agenttrace.model.lane import label_of
from agenttrace.report.gate.finding import graver_of
from agenttrace.verdict import Severity, Standing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agenttrace.model.difference import Difference
    from agenttrace.verdict import GateFinding, GateResult

MOST = 20
"""How many findings are told; the rest is counted."""

GRAVER = 3
"""Of how many changes that follow from a cause, and are graver, both sides are told."""

_PAD = " " * 4
_LABELS = ("before  ", "now     ")
_WIDEST = 100
_WHOLE_ID = 40
_STYLES = {
    Severity.BLOCK: "bold red",
    Severity.REVIEW: "bold",
    Severity.WARN: "",
    Severity.ALLOW: "dim",
}

SAID = {
    Standing.PASS: "the gate is open",
    Standing.NOTHING: "the gate is shut: there is no golden to compare, so nothing is known",
    Standing.REVIEW: "the gate is shut: something waits for a review",
    Standing.BLOCK: "the gate is shut: something is blocked, and no approval opens it",
    Standing.UNREADABLE: "the gate is shut: a golden cannot be read",
}


class GatePage:
    """Tells what a gate found, one block a finding."""

    def __init__(self, console: Console | None = None, *, base: str = DEFAULT_BASE) -> None:
        """Write to a console; without one, to standard output.

        Args:
            console: Where to.
            base: What the head was compared with; the commands that are told name it.
        """
        self._base = "" if base == DEFAULT_BASE else f" --base {shlex.quote(base)}"
        self._console = console or Console(highlight=False, markup=False, emoji=False)

    def result(self, result: GateResult, *, everything: bool = False) -> None:
        """Tell all of it: what waits in full, the rest in a line each."""
        found = result.findings
        waiting = [one for one in found if one.waits]
        for one in waiting if everything else waiting[:MOST]:
            self.finding(one)
        if (hidden := len(waiting) - MOST) > 0 and not everything:
            self._say(
                f"… and {counted(hidden, 'more finding')} that wait: agenttrace gate --all",
                "",
            )
        self._quiet([one for one in found if not one.waits], everything=everything)
        for warning in result.warnings:
            self._say(f"warning   {warning}", "italic")
        for line in summary(result):
            self._say(line, "")

    def finding(self, one: GateFinding) -> None:
        """Tell one finding with both sides."""
        said = "approved" if one.approved else one.severity
        self._say(f"{said:<8}{one.kind}  {one.title}: {one.what}", _STYLES[one.severity])
        for label, text in _facts(one):
            self._fact(label, text, "dim" if label in ("at", "in") else "")
        self._sides(one, one.difference)
        self._graver(one)
        self._say("", "")

    def _graver(self, one: GateFinding) -> None:
        """Tell what follows and decided how grave the finding is, with both sides."""
        found = graver_of(one)
        for it, times in found[:GRAVER]:
            often = f", {times} times" if times > 1 else ""
            self._fact("so also", f"{it.kind} of {it.title}   {label_of(it.place)}{often}")
            if path := sides_of(it, _WIDEST).path:
                self._fact("in", path, "dim")
            self._sides(one, it)
        told = sum(times for _, times in found[:GRAVER])
        if told and (rest := len(one.consequences) - told):
            verb = "follows" if rest == 1 else "follow"
            self._fact("and", f"{rest} more that {verb}: agenttrace show {one.id}{self._base}")

    def _fact(self, label: str, text: str, style: str = "") -> None:
        self._say(f"{_PAD}{label:<8}{text}", style, indent=len(_PAD) + 8)

    def _sides(self, one: GateFinding, difference: Difference | None) -> None:
        for label, side, style in self._told(one, difference):
            self._console.print(Text(f"{_PAD}{label}{safe(side)}", style=style), soft_wrap=True)

    def _told(
        self, one: GateFinding, difference: Difference | None
    ) -> Iterator[tuple[str, str, str]]:
        room = max(min(self._console.width, _WIDEST) - len(_PAD) - len(_LABELS[0]), 24)
        if difference is None:
            told: tuple[str | None, ...] = tuple(
                None if side is None or one.kind == "policy" else cut(shown(side), room)
                for side in one.sides
            )
            caret = None
        else:
            sides = sides_of(difference, room)
            told, caret = sides.sides, sides.caret
        for label, side, style in zip(_LABELS, told, (OLD, NEW), strict=True):
            if side is not None:
                yield label, side, style
        if caret is not None:
            start, length = caret
            yield " " * len(_LABELS[0]), f"{' ' * start}{'^' * length}", "bold"

    def _quiet(self, found: Sequence[GateFinding], *, everything: bool) -> None:
        shown_ones = [one for one in found if everything or one.severity is not Severity.ALLOW]
        for one in shown_ones if everything else shown_ones[:MOST]:
            said = "approved" if one.approved else str(one.severity)
            why = f"  ({one.decision.reason})" if one.approved and one.decision else ""
            self._say(cut(f"{said:<9} {one.id}  {one.kind}  {one.title}: {one.what}{why}", 160), "")
        if (hidden := len(shown_ones) - MOST) > 0 and not everything:
            self._say(f"… and {hidden} more that do not wait", "")
        if shown_ones:
            self._say("", "")

    def _say(self, line: str, style: str, *, indent: int = len(_PAD)) -> None:
        """Say a line; a longer one goes on below, but for one with a word that fits nowhere."""
        width = min(self._console.width, _WIDEST)
        told = [safe(line)]
        if max(map(len, told[0].split()), default=0) <= width - indent:
            told = textwrap.wrap(
                told[0],
                width,
                subsequent_indent=" " * indent,
                break_long_words=False,
                break_on_hyphens=False,
            )
        for part in told or [""]:
            self._console.print(Text(part, style=style), soft_wrap=True)


def summary(result: GateResult) -> Iterator[str]:
    """Say what was compared, what was found, and how the gate stands."""
    counts = result.counts
    found = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    changed = sum(1 for one in result.goldens if one.change != "unchanged")
    runs = "" if result.runs is None else f", {counted(result.runs, 'run')} told"
    yield (
        f"{counted(changed, 'golden')} changed from {result.base[:12]} to {result.head[:12]} "
        f"({_short(result.base_name)}…{_short(result.head_name)}){runs}; policy: {result.policy}"
    )
    yield f"{found or 'nothing found'}: {SAID[result.standing]}"


def _short(name: str) -> str:
    """A revision as it was named; of a whole commit id, the beginning."""
    whole = len(name) >= _WHOLE_ID and all(letter in "0123456789abcdef" for letter in name)
    return name[:12] if whole else name


def _facts(one: GateFinding) -> Iterator[tuple[str, str]]:
    yield "id", f"{one.id}   {one.reason}"
    place = f"{one.file}:{one.line}" if one.line else one.file
    yield "test", one.test or one.path
    if place and place != one.test.partition("::")[0]:
        yield "file", place
    if one.difference is not None:
        yield "at", label_of(one.difference.place) + (f"   {one.site}" if one.site else "")
        if path := sides_of(one.difference, _WIDEST).path:
            yield "in", path
    if one.why:
        yield "why", one.why
    if one.way_on and one.waits:
        yield "way on", one.way_on
    if one.decision is not None and not one.approved:
        state = "no" if not one.decision.accepted else "yes" if one.decision.live else "expired"
        yield "said", f"{state}, {one.decision.on} to {one.decision.expires}: {one.decision.reason}"
    if one.consequences and not one.graver:
        yield "so also", some_of(one.consequences, len(one.consequences))
    if one.difference is not None and len(more := places_of(one.difference)) > 1:
        yield "and in", ", ".join(more[1:5])
