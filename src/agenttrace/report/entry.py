"""Entry: a Verdict in plain values, as every report shows it, and as it travels between processes.

A run's Verdict holds traces and live errors. Where tests run in several processes, only plain
values come through; so each form is made from entries, and says the same under one as under many.
Every text in them can be seen, and any wire carries it: no half of a surrogate pair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from agenttrace.check.telling import places_of, sides_of
from agenttrace.model import amounts
from agenttrace.model.difference import CLASSES
from agenttrace.model.lane import label_of
from agenttrace.report.harmless import line, lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from agenttrace.errors import AgentTraceError, RunStopped
    from agenttrace.model.difference import Difference
    from agenttrace.model.usage import Usage
    from agenttrace.verdict import Verdict

SIDE = 400
"""How many characters of each side of a difference a report shows."""

MOST = 1_000
"""How many differences of one run a report holds, how many places of one, how many of what else."""

LONGEST_TEXT = 20_000
"""How many characters of what an error says a report holds."""

GRAVEST = ("diverged", "failed", "drifted", "unrecorded")
"""Outcomes that fail, the worst first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference from the golden, as text.

    Attributes:
        id: What it is known by: equal for the same change, wherever it is found.
        kind: Its class, of `CLASSES`.
        what: `changed`, `missing`, `extra`, `moved`, `lent`.
        title: The span.
        place: Where it stands.
        path: Where in the value the two sides differ first; empty: as wholes.
        golden: The golden's side, shown; None where it has none.
        run: This run's side.
        places: Every place in the value at which they differ.
        consequences: How many others follow from it.
        cause: The id of the one that it follows from; empty: it is a first cause.
    """

    id: str
    kind: str
    what: str
    title: str
    place: str
    path: str = ""
    golden: str | None = None
    run: str | None = None
    places: tuple[str, ...] = ()
    consequences: int = 0
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An error that fails the test: its slug, its first line, the lines below it."""

    slug: str
    headline: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A recorded answer that nobody asked for."""

    title: str
    place: str
    call: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a report says of one run.

    Attributes:
        test: The test's id.
        run: The run's name: the test's id, with its own name where a test has several.
        outcome: What became of it, of `Outcome`.
        passed: Whether its test passed, as far as it is known.
        file: The test's file, from the root of the tests; empty: it is not known.
        line: The test's line in it, from 1; 0: it is not known.
        seconds: How long the test ran.
        golden: The golden, as a person would type it.
        pending: The `.new` file that was left; empty: none.
        journal: The journal that was kept; empty: none.
        fidelity: F0 to F4 of the golden.
        calls: Who answered how many calls.
        tokens: By model: input, output, cache_read, cache_write, reasoning.
        cost_usd: What models cost; None: it is not known.
        tool_cost_usd: What tools cost, as their authors say; None: nobody said.
        problems: Errors that fail the test, the first one first.
        differences: What differs from the golden, the first cause first.
        more: How many further differences there are.
        unused: Recorded answers that nobody asked for.
        warnings: What a person should know.
        page: The run for a page, packed; empty: nobody asked for it, or its test passed.
    """

    test: str
    run: str
    outcome: str
    passed: bool
    file: str = ""
    line: int = 0
    seconds: float = 0.0
    golden: str = ""
    pending: str = ""
    journal: str = ""
    fidelity: str = ""
    calls: Mapping[str, int]
    tokens: Mapping[str, Mapping[str, int]]
    cost_usd: str | None = None
    tool_cost_usd: str | None = None
    problems: tuple[Problem, ...] = ()
    differences: tuple[Change, ...] = ()
    more: int = 0
    unused: tuple[Left, ...] = ()
    warnings: tuple[str, ...] = ()
    page: bytes = b""

    @property
    def causes(self) -> tuple[Change, ...]:
        """The differences that follow from no other."""
        return tuple(one for one in self.differences if not one.cause)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The test whose runs are told of: its id, its place, what became of it."""

    id: str
    file: str = ""
    line: int = 0
    passed: bool = True
    seconds: float = 0.0
    error: str = ""


def entry_of(verdict: Verdict, test: Case, root: Path) -> Entry:
    """Tell a Verdict in plain values.

    Args:
        verdict: What the run has to say.
        test: Whose run it was.
        root: The root of the tests; paths are told from there.
    """
    found = verdict.differences
    usage = None if verdict.trace is None else verdict.trace.usage
    return Entry(
        test=line(test.id),
        run=line(verdict.run),
        outcome=str(verdict.outcome),
        passed=verdict.passed and test.passed,
        file=line(test.file),
        line=test.line,
        seconds=test.seconds,
        golden=line(verdict.shown),
        pending="" if verdict.pending is None else _from(root, verdict.pending),
        journal="" if verdict.journal is None else _from(root, verdict.journal),
        fidelity=verdict.fidelity,
        calls=asdict(verdict.counts),
        tokens=_tokens(usage),
        cost_usd=_money(usage, "cost_usd"),
        tool_cost_usd=_money(usage, "tool_cost_usd"),
        problems=_problems(verdict.problems, test),
        differences=tuple(change_of(one) for one in found[:MOST]),
        more=max(0, len(found) - MOST),
        unused=tuple(
            Left(title=line(one.title), place=line(label_of(one.place)), call=one.ordinal)
            for one in verdict.unused[:MOST]
        ),
        warnings=tuple(map(line, verdict.warnings[:MOST])),
    )


def broken(test: Case) -> Entry:
    """Tell of a test that failed where it has no run to tell of: a fixture, before or after it."""
    return Entry(
        test=line(test.id),
        run=line(test.id),
        outcome="failed",
        passed=False,
        file=line(test.file),
        line=test.line,
        seconds=test.seconds,
        calls={},
        tokens={},
        problems=_problems((), test),
    )


def change_of(one: Difference) -> Change:
    """Tell a difference as text."""
    told = sides_of(one, SIDE)
    golden, run = told.sides
    return Change(
        id=one.id,
        kind=one.kind,
        what=one.what,
        title=line(one.title),
        place=line(label_of(one.place)),
        path=line(told.path),
        golden=None if golden is None else line(golden),
        run=None if run is None else line(run),
        places=tuple(map(line, places_of(one)[:MOST])),
        consequences=one.consequences,
        cause=one.cause,
    )


def plain(entry: Entry) -> dict[str, Any]:
    """Give an entry in dicts, lists, texts and numbers; its page, which is bytes, goes apart."""
    told = asdict(entry)
    del told["page"]
    return told


def of_plain(told: Mapping[str, Any]) -> Entry:
    """Make an entry again, of what `plain` gave, without a page."""
    inner = {"problems": Problem, "differences": Change, "unused": Left}
    words: dict[str, Any] = {}
    for field in fields(Entry):
        if field.name == "page":
            continue
        value = told[field.name]
        if (kind := inner.get(field.name)) is not None:
            value = tuple(kind(**_tupled(one)) for one in value)
        words[field.name] = tuple(value) if isinstance(value, list) else value
    return Entry(**words)


def worst_first(entries: Iterable[Entry]) -> list[Entry]:
    """Sort entries: what fails before what passes, the gravest first, then by name."""
    return sorted(entries, key=_gravity)


def counted(entries: Sequence[Entry]) -> str:
    """Say in a few words how a session went: `2 of 14 runs fail`."""
    if not entries:
        return "no test used agenttrace"
    failed = sum(1 for one in entries if not one.passed)
    runs = amounts.counted(len(entries), "run")
    if not failed:
        return f"{runs}, nothing fails"
    return f"{failed} of {runs} {'fails' if failed == 1 else 'fail'}"


def _gravity(entry: Entry) -> tuple[object, ...]:
    outcome = GRAVEST.index(entry.outcome) if entry.outcome in GRAVEST else len(GRAVEST)
    kinds = [CLASSES.index(one.kind) for one in entry.differences if one.kind in CLASSES]
    first = min(kinds, default=len(CLASSES))
    return entry.passed, outcome, first, not entry.warnings, entry.test, entry.run


def _problems(problems: Iterable[AgentTraceError | RunStopped], test: Case) -> tuple[Problem, ...]:
    told = tuple(
        Problem(
            slug=one.slug,
            headline=line(one.headline),
            detail="\n".join(lines(one.detail[:LONGEST_TEXT])),
        )
        for one in problems
    )
    if told or test.passed:
        return told
    return (Problem(slug="test-failed", headline=line(test.error) or "the test failed"),)


def _tokens(usage: Usage | None) -> dict[str, dict[str, int]]:
    models = {} if usage is None else usage.models
    return {line(name): asdict(used) for name, used in sorted(models.items())}


def _money(usage: Usage | None, name: str) -> str | None:
    usd = None if usage is None else getattr(usage, name)
    return None if usd is None else f"{usd.normalize():f}"


def _from(root: Path, path: Path) -> str:
    return line((path.relative_to(root) if path.is_relative_to(root) else path).as_posix())


def _tupled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(it) if isinstance(it, list) else it for name, it in values.items()}
