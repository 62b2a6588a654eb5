"""Exploring: a test's program run under many schedules, its progress, and the one that broke it."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_agenttrace.options import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from agenttrace.explore.budget import Budget, Progress
    from agenttrace.explore.report import Report
    from agenttrace.explore.trial import Stage, Trial
    from agenttrace.model.schedule import Schedule
    from agenttrace.replay.stubs import Stubs
    from agenttrace.session import Session, World

EXPLORING: pytest.StashKey[bool] = pytest.StashKey()
"""Whether a test is exploring: the schedule of the command line is for its search, then."""

_PATIENCE_S, _EVERY_S, _PIPED_EVERY_S = 2.0, 0.5, 10.0


class Explores:
    """What a test's runs can do beside being replayed: be tried under other schedules."""

    if TYPE_CHECKING:
        _item: pytest.Item
        _sessions: list[Session]
        _whole: Session | None
        _world: World | None
        _stubs: Stubs | None

        def run(self, name: str | None = None) -> AbstractContextManager[object]:
            """As the fixture says it."""

    def explore(
        self,
        run: Callable[[], object],
        *,
        invariant: Callable[..., object] | None = None,
        budget: str | float = "10s",
        faults: Iterable[str] = (),
        lend: Iterable[str] = (),
        allowed: type[BaseException] | tuple[type[BaseException], ...] = (),
        seed: int = 0,
        name: str | None = None,
    ) -> Report:
        """Run a program as it was recorded, then under other schedules: fail if one breaks it.

        A schedule lets recorded answers come at other moments, and lets some go wrong; nobody is
        asked for real. While it is recorded, and with `--agenttrace=verify`, the program is run
        once.

        Args:
            run: What is run, once a schedule: a function, or a coroutine function, which gets a
                loop of its own. It makes its own state.
            invariant: Asked after each run: with nothing, with what the program returned, or with
                that and the trace. False, or an `AssertionError`, says that it is broken. Without
                one, the program's own assertions say so.
            budget: How long to search: `"10s"`, `"2m"`, `"500 schedules"`.
            faults: What may go wrong: `timeout`, `rate-limit`, `server-error`, `cut`, `malformed`,
                `empty`, `tool-error`, `slow`, and of messages `duplicate`, `lost`.
            lend: Tools that may give a recorded answer to a question that they were not asked, as
                a model may: those that ask a model themselves, in a way that nobody sees.
            allowed: Exceptions that the program may end in, where faults make it.
            seed: What chance is made from; the same seed tries the same schedules.
            name: Tells several runs of a test apart.

        Returns:
            What the search has to say: `schedules`, `choice_points`, `left`.

        Raises:
            InvariantBroken: There is such a schedule; the message holds the command to run it.
            InvariantRaised: The invariant raised something else than an `AssertionError`.
            NothingToExplore: No answer can overtake another one, or no schedule could be judged.
            SearchUnsteady: A schedule that broke the run does not break it again.
            ScheduleUnfit: The schedule of the command line is one of another run.
            SearchWentLive: The run would ask a model or a service for real.
            UsageError: An argument cannot be what it is.
        """
        from agenttrace.explore import engine
        from agenttrace.explore.budget import Budget
        from agenttrace.explore.trial import Stage, once

        told = self._item.config.getoption("--agenttrace-explore")
        limit, kinds = Budget.of(told or budget), engine.faults_of(faults)
        if self._whole is None:
            return engine.alone(self._item.nodeid, once(run, invariant))
        self._item.stash[EXPLORING] = True
        try:
            with self.run(name):
                session, world = self._sessions[-1], self._world
                golden = session.golden
                if world is None or golden is None or session.plan.is_live:
                    return engine.alone(self._item.nodeid, once(run, invariant))
                stage = Stage(
                    session.plan,
                    world,
                    run,
                    golden=golden,
                    invariant=invariant,
                    allowed=allowed if isinstance(allowed, tuple) else (allowed,),
                    lend=lend,
                    stubs=self._stubs,
                )
                judge = stage.begin(session)
            first = judge()
            if first is None:  # it diverged: its verdict says so
                return engine.alone(self._item.nodeid, None)
            return self._searched(session, stage, first, (limit, kinds, seed))
        finally:
            self._item.stash[EXPLORING] = False

    def _searched(
        self,
        session: Session,
        stage: Stage,
        first: Trial,
        wanted: tuple[Budget, tuple[str, ...], int],
    ) -> Report:
        from agenttrace.explore import engine
        from agenttrace.explore.telling import broken
        from agenttrace.replay import schedule_text

        whole, config = self._whole, self._item.config
        if whole is not None:
            whole.stand_aside()
        text = str(config.getoption("--agenttrace-schedule") or "")
        notes = _Notes(config.rootpath / ".agenttrace" / "schedules", session)
        budget, kinds, seed = wanted
        try:
            if text:
                schedule = schedule_text.read(text, stage.golden)
                report = engine.again(stage, first, schedule)
            else:
                report = engine.search(
                    stage,
                    first,
                    budget=budget,
                    faults=kinds,
                    seed=seed,
                    tell=_Teller(config).tell,
                    note=notes.note,
                )
        finally:
            if whole is not None:
                whole.guard()
            notes.close()
        session.notes.append(str(report))
        if report.found is None:
            if report.interrupted:
                _say(config, f"{self._item.nodeid}: {report}\n")
                raise KeyboardInterrupt
            return report
        said = schedule_text.written(report.found.trial.schedule, stage.golden.id)
        command = f"pytest {shlex.quote(self._item.nodeid)}"
        if not report.found.trial.schedule.is_empty:
            command += f" --agenttrace-schedule={said}"
        raise broken(report, report.found, command)


class _Notes:
    """Keeps the schedule that is being tried on disk: a run that kills the process leaves it."""

    def __init__(self, folder: Path, session: Session) -> None:
        self._path = folder / f"{session.plan.shown}.schedule"
        self._folder = folder
        self._session = session

    def note(self, schedule: Schedule) -> None:
        from agenttrace.replay import schedule_text

        golden = self._session.golden
        if golden is None:
            return
        if not self._path.parent.exists():
            self._path.parent.mkdir(parents=True)
            (self._folder / ".gitignore").write_text("*\n", "utf-8")
        self._path.write_text(schedule_text.written(schedule, golden.id), "utf-8")

    def close(self) -> None:
        self._path.unlink(missing_ok=True)


class _Teller:
    """Says how far a search is: on a terminal in one line, piped every ten seconds."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._is_terminal = sys.__stdout__ is not None and sys.__stdout__.isatty()
        self._next_s = _PATIENCE_S if self._is_terminal else _PIPED_EVERY_S

    def tell(self, progress: Progress) -> None:
        if progress.seconds < self._next_s:
            return
        self._next_s = progress.seconds + (_EVERY_S if self._is_terminal else _PIPED_EVERY_S)
        _say(self._config, f"\r{progress} " if self._is_terminal else f"{progress}\n")


def _say(config: pytest.Config, text: str) -> None:
    """Print past pytest's capture; under xdist there is nobody to print to."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    capture = config.pluginmanager.get_plugin("capturemanager")
    if reporter is None:
        return
    if capture is None:
        reporter.write(text, flush=True)
        return
    with capture.global_and_fixture_disabled():
        reporter.write(text, flush=True)


def schedule_of(item: pytest.Item) -> str:
    """The schedule that the command line gives a test's runs; empty: none, or its search takes it.

    Raises:
        pytest.UsageError: The mode asks the world, which no schedule moves.
    """
    text = str(item.config.getoption("--agenttrace-schedule") or "")
    if not text or item.stash.get(EXPLORING, False):
        return ""
    mode = said(item.config, "agenttrace")
    if mode != "replay":
        raise pytest.UsageError(
            f"--agenttrace-schedule is for replays, and the mode is {mode!r}  [usage]"
        )
    return text
