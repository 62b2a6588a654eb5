"""Doctor: what a run reads of the world that nobody holds, found by replaying it in other worlds.

Each experiment replays the same tests in a process of its own and changes one thing: the hash seed,
the order of directories, the timing of threads, or nothing at all. Where a run asks something else,
the first call that does is named, and what was read before it. A replay asks no model, so it costs
seconds.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agenttrace.check import given, looks
from agenttrace.check.sides import first_unlike
from agenttrace.check.vary import body_of
from agenttrace.determinism import sources
from agenttrace.errors import NotDeterministic, UsageError
from agenttrace.formats import native
from agenttrace.model import amounts
from agenttrace.model.lane import label_of, text_of

if TYPE_CHECKING:
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace

_COMMAND = (
    "-q",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:randomly",
    "-p",
    "no:xdist",
    "--agenttrace=replay",
    "--agenttrace-match=lenient",
    "--agenttrace-keep=none",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """One replay of all tests, in a world in which one thing is otherwise.

    Attributes:
        name: What is otherwise.
        hash_seed: The seed of the order of sets.
        disturbs: What else is disturbed.
    """

    name: str
    hash_seed: str = "0"
    disturbs: str = sources.NOTHING


AGAIN, HASH, LISTED, TIMED = "again", "another hash seed", "directories reversed", "threads delayed"
ALL = "all of it at once"

AS_IT_IS = Experiment(name="as it is")


def apart(repeats: int) -> tuple[Experiment, ...]:
    """What is tried where everything at once made a difference: one thing after the other."""
    return (
        *(Experiment(name=HASH, hash_seed=str(seed)) for seed in range(1, repeats)),
        Experiment(name=LISTED, disturbs=sources.DIRECTORY),
        Experiment(name=TIMED, disturbs=sources.THREADS),
    )


def together(repeats: int) -> tuple[Experiment, ...]:
    """What is tried first: the same again, and then everything otherwise."""
    both = f"{sources.DIRECTORY} {sources.THREADS}"
    return (
        *(Experiment(name=AGAIN) for _ in range(repeats - 1)),
        *(Experiment(name=ALL, hash_seed=str(seed), disturbs=both) for seed in range(1, repeats)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing on which what a test asks depends, and which no run holds.

    Attributes:
        test: The run's name: the test's id.
        experiment: What was otherwise when it asked something else.
        call: The first call that differs: its name, and where it stands.
        source: What it depends on.
        read: What was read before that call, and where, the last first.
        sides: What was asked as it is, and what otherwise.
        advice: What to do.
    """

    test: str
    experiment: str
    call: str
    source: str
    read: tuple[str, ...]
    sides: tuple[str, str]
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the doctor found.

    Attributes:
        tests: Every run that was replayed.
        experiments: What was tried.
        findings: What was found, by test.
    """

    tests: tuple[str, ...]
    experiments: tuple[str, ...]
    findings: tuple[Finding, ...]

    def lines(self) -> list[str]:
        """Say it to a person."""
        tried = ", ".join(dict.fromkeys(self.experiments))
        often = amounts.times(len(self.experiments))
        lines = [f"{amounts.counted(len(self.tests), 'run')}, replayed {often}: {tried}"]
        for finding in self.findings:
            lines += [
                "",
                f"{finding.test}: {finding.source}",
                f"    first call  {finding.call}; {finding.experiment}",
                f"    once        {finding.sides[0]}",
                f"    then        {finding.sides[1]}",
                *(f"    read        {one}" for one in finding.read),
                f"    way on      {finding.advice}",
            ]
        clean = [test for test in self.tests if test not in {one.test for one in self.findings}]
        if clean:
            lines += ["", *(f"{test}: clean" for test in clean)]
        return lines


def examine(
    tests: Sequence[str],
    *,
    root: Path,
    repeats: int = 2,
    tell: Callable[[str], None] = lambda _: None,
) -> Report:
    """Replay tests in several worlds, and say what they depend on.

    Args:
        tests: What pytest takes: files, or ids of tests; all that `root` has when empty.
        root: Where pytest is run.
        repeats: How often they are replayed with nothing otherwise, and under other hash seeds.
        tell: Is told each experiment as it begins.

    Raises:
        UsageError: None of them is replayed from a golden, or `repeats` is below 2.
    """
    given.whole("repeats=", repeats)
    if repeats < 2:  # noqa: PLR2004 - one replay differs from nothing
        raise UsageError(
            f"repeats={repeats}: one replay has nothing to differ from; it is 2 or more"
        )
    tried: list[str] = []

    def world(experiment: Experiment) -> tuple[str, dict[str, Trace]]:
        tell(experiment.name)
        tried.append(experiment.name)
        return experiment.name, _replayed(tests, root, experiment)

    _, base = world(AS_IT_IS)
    worlds = [world(experiment) for experiment in together(repeats)]
    if any(_judged(base, [it]) for it in worlds if it[0] == ALL):
        again = [it for it in worlds if it[0] == AGAIN]
        worlds = [*again, *map(world, apart(repeats)), *(it for it in worlds if it[0] == ALL)]
    return Report(tests=tuple(base), experiments=tuple(tried), findings=_judged(base, worlds))


def _judged(
    base: Mapping[str, Trace], worlds: Sequence[tuple[str, Mapping[str, Trace]]]
) -> tuple[Finding, ...]:
    return tuple(
        finding
        for name, trace in base.items()
        for finding in judge(name, trace, [(it, world.get(name)) for it, world in worlds])
    )


def check(test: str, *, root: Path, repeats: int) -> None:
    """Replay one test in several worlds.

    Raises:
        NotDeterministic: It depends on what no run holds.
        UsageError: It is not replayed from a golden.
    """
    report = examine([test], root=root, repeats=repeats)
    if report.findings:
        raise NotDeterministic(
            f"{test}: what it asks depends on {report.findings[0].source}",
            detail="\n".join(f"  {line}".rstrip() for line in report.lines())
            + "\n\n  More: agenttrace explain not-deterministic",
        )


def judge(test: str, base: Trace, others: Sequence[tuple[str, Trace | None]]) -> list[Finding]:
    """Say what a run depends on, by what it asked in each world; at most one thing a kind of world.

    What differs where nothing was otherwise differs everywhere, and is told alone; what differs
    only where everything was otherwise comes of several things.
    """
    found: dict[str, Finding] = {}
    for experiment, trace in others:
        known = experiment in found or AGAIN in found or (experiment == ALL and found)
        if trace is not None and not known:
            finding = _finding(test, experiment, base, trace)
            if finding is not None:
                found[experiment] = finding
    return list(found.values())


def _finding(test: str, experiment: str, base: Trace, other: Trace) -> Finding | None:
    asked = {span.position: span for span in other.calls}
    for span in base.calls:
        there = asked.get(span.position)
        if there is None or there.question != span.question:
            return _told(test, experiment, base, span, there)
    recorded = {span.position for span in base.calls}
    extra = next((span for span in other.calls if span.position not in recorded), None)
    return None if extra is None else _told(test, experiment, other, extra, None)


def _told(test: str, experiment: str, base: Trace, span: Span, other: Span | None) -> Finding:
    unlike = None
    if other is not None:
        unlike = first_unlike(body_of(span.question), body_of(other.question))
    values = (None, None) if unlike is None else unlike.values
    sides = ("asked", "not asked") if unlike is None else (unlike.golden, unlike.run)
    read = _read_before(base, span)
    source, advice = _source(experiment, values, {one[0] for one in read})
    place = "" if unlike is None else f", {unlike.path}"
    return Finding(
        test=test,
        experiment=experiment,
        call=f"{span.kind.value} {span.name} at {label_of(span.position)}{place}",
        source=source,
        read=tuple(dict.fromkeys(f"{one[1]} at {one[2]}" for one in reversed(read)))[:3],
        sides=sides,
        advice=advice,
    )


def _read_before(trace: Trace, span: Span) -> list[Any]:
    """What was read in the call's own lane before it, or in a lane that spawned it."""
    reads: Any = trace.environment.get("reads")
    if not isinstance(reads, list):
        return []
    above = {text_of(span.lane[:depth]) for depth in range(len(span.lane))}
    own = text_of(span.lane)
    return [one for one in reads if one[3] in above or (one[3] == own and one[4] < span.seq)]


def _source(experiment: str, values: tuple[object, object], read: set[str]) -> tuple[str, str]:
    """Name what a call depends on, and the way on."""
    if experiment != AGAIN:
        return _KNOWN[experiment]
    kind = looks.kind_of(*values)
    if looks.is_reordered(*values) or (read == {sources.ADDRESS}):
        return _ADDRESS
    if kind in (looks.DATE, looks.TIME) or (read and read <= {sources.CLOCK}):
        return _CLOCK
    if sources.GENERATOR in read or not read or kind == looks.UUID:
        return _GENERATOR
    return _CLOCK if sources.CLOCK in read else _ADDRESS


_KNOWN: Mapping[str, tuple[str, str]] = {
    ALL: (
        "several of: the hash seed, the order of a directory, the timing of threads",
        "sort what comes out of sets and directories, and collect from threads by who made what",
    ),
    HASH: (
        "the order of a set (PYTHONHASHSEED)",
        "sort it before it goes into a prompt: sorted(names)",
    ),
    LISTED: ("the order of a directory", "sort it: sorted(os.listdir(folder))"),
    TIMED: (
        "the timing of threads",
        "collect results by who made them, not by who came first; or let them ask through a queue",
    ),
}
_ADDRESS = (
    "the order of addresses (id())",
    "sort by what the objects say: a set of objects without `__hash__` has another order each time",
)
_CLOCK = (
    "a clock that is not held (in C, or held by reference)",
    "ask time.time() or datetime.now() where it is needed, make it a tool, or use time-machine",
)
_GENERATOR = (
    "a generator without a seed",
    "give it a seed, or draw from `random`, which the run holds; secrets=True holds `secrets`",
)


def _replayed(tests: Sequence[str], root: Path, experiment: Experiment) -> dict[str, Trace]:
    """Replay tests in a process of their own; give the runs' traces, by name."""
    with tempfile.TemporaryDirectory(prefix="agenttrace-doctor-") as folder:
        environment = {
            name: value for name, value in os.environ.items() if name != "AGENTTRACE_PARENT"
        }
        environment |= {
            "PYTHONHASHSEED": experiment.hash_seed,
            sources.DOCTOR: experiment.disturbs,
        }
        command = [sys.executable, "-m", "pytest", *_COMMAND, f"--agenttrace-run-dir={folder}"]
        done = subprocess.run(  # noqa: S603 - our own pytest, on the user's own tests
            [*command, *tests],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        traces = [native.read(path.read_bytes()) for path in sorted(Path(folder).rglob("*.trace"))]
        if not traces:
            raise UsageError(
                "nothing was replayed: the doctor looks at tests that have a golden",
                detail="  What pytest said:\n"
                + "\n".join(f"      {line}" for line in done.stdout.splitlines()[-12:]),
            )
        return {trace.name: trace for trace in traces}
