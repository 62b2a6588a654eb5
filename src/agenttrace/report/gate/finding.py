"""Finding: one thing that a gate found, in the words that every form of its report shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from agenttrace.check import telling
from agenttrace.check.sides import shown
from agenttrace.model.amounts import verb
from agenttrace.report.harmless import line
from agenttrace.verdict import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenttrace.model.difference import Difference
    from agenttrace.model.values import Value
    from agenttrace.verdict import GateFinding, GateResult

MOST = 10
"""How many remarks a change gets: GitHub shows that many of one kind for a step."""

SIDE = 400
"""How many characters of a side that is no difference's are shown."""

SEVERITIES = tuple(str(one) for one in reversed(Severity))
"""Block, review, warn, allow."""


class Sides(NamedTuple):
    """Where in a value a finding stands, and what was and is there; None: nothing."""

    path: str
    old: str | None
    new: str | None

    @property
    def lines(self) -> list[str]:
        """Both sides as lines of a diff."""
        at = f"{self.path} = " if self.path else ""
        told = [(mark, side) for mark, side in (("-", self.old), ("+", self.new))]
        return [line(f"{mark} {at}{side}") for mark, side in told if side is not None]


class Graver(NamedTuple):
    """A change that follows from a finding's cause, and weighs more than the cause does.

    Attributes:
        difference: The first of those that say the same.
        times: How many say the same, in other places.
    """

    difference: Difference
    times: int


class Remark(NamedTuple):
    """What is said beside a line of a file; `line` is 0 where it is not known.

    Attributes:
        finding: What it is about; of the last one, the first that is not shown.
        said: A sentence or two.
        hidden: Of the last one, how many findings are not shown; else 0.
    """

    finding: GateFinding
    said: str
    hidden: int = 0

    @property
    def file(self) -> str:
        """Where it is shown: the test, else the golden."""
        return self.finding.file or self.finding.path

    @property
    def line(self) -> int:
        """In which line of it, from 1."""
        return max(1, self.finding.line) if self.finding.file else 1


def sides_of(one: GateFinding) -> Sides:
    """Give both sides of a finding, as text."""
    if one.difference is None:
        return Sides("", _side(one.old), _side(one.new))
    return sides_in(one.difference)


def sides_in(difference: Difference) -> Sides:
    """Give both sides of a difference, as text."""
    told = telling.sides_of(difference, SIDE)
    old, new = (None if side is None else line(side) for side in told.sides)
    return Sides(line(told.path), old, new)


def graver_of(one: GateFinding) -> list[Graver]:
    """Give what follows from a finding's cause and is graver, the gravest first, each change once.

    It made the finding as grave as it is, so a report tells it with both sides, not by its name. Of
    one class, what is in most places comes first: that is somebody's edit rather than its echo.
    """
    alike: dict[tuple[object, ...], list[Difference]] = {}
    for it in one.consequences[: one.graver]:
        told = telling.sides_of(it, SIDE)
        alike.setdefault((it.kind, it.what, it.title, *told[:2]), []).append(it)
    found = [Graver(same[0], len(same)) for same in alike.values()]
    kinds = [it.difference.kind for it in found]
    return sorted(found, key=lambda it: (kinds.index(it.difference.kind), -it.times))


def headline(one: GateFinding) -> str:
    """`tool_args of pay: changed`, in plain text."""
    about = f" of {one.title}" if one.title else ""
    return line(f"{one.kind}{about}: {one.what}")


def following(one: GateFinding) -> str:
    """How many differences follow from it, in words; empty: none."""
    count = len(one.consequences)
    return f"{count} more follow{'s' if count == 1 else ''} from it" if count else ""


def remarks(result: GateResult) -> list[Remark]:
    """Give what is worth a line beside the code, what waits first; the last one counts the rest.

    What is allowed or approved gets none.
    """
    worth = [one for one in result.findings if one.severity is not Severity.ALLOW]
    worth = [one for one in worth if not one.approved]
    few = worth if len(worth) <= MOST else worth[: MOST - 1]
    told = [Remark(one, _sentences(one)) for one in few]
    if hidden := len(worth) - len(few):
        told.append(Remark(worth[len(few)], f"and {_counted(worth[len(few) :])}", hidden))
    return told


def _sentences(one: GateFinding) -> str:
    sides = sides_of(one)
    parts = [headline(one), one.why, *sides.lines, following(one), one.way_on]
    return "\n".join(line(part) for part in parts if part)


def _counted(hidden: Sequence[GateFinding]) -> str:
    """`5 more are not shown here: 2 block, 3 review`."""
    by = {word: sum(1 for one in hidden if one.severity == word) for word in SEVERITIES}
    said = ", ".join(f"{count} {word}" for word, count in by.items() if count)
    more = f"{len(hidden)} more {verb(len(hidden))}"
    return f"{more} not shown here: {said}. All are in the report."


def _side(value: Value) -> str | None:
    return None if value is None else line(shown(value), SIDE)
