"""Fixtures: what a test takes, and the runs behind it."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_agenttrace.analyses import Analyses
from pytest_agenttrace.exploring import Explores
from pytest_agenttrace.failures import Failures
from pytest_agenttrace.goldens import Goldens
from pytest_agenttrace.marker import plan_for, takes_stubs
from pytest_agenttrace.options import said
from pytest_agenttrace.selecting import Selects
from pytest_agenttrace.states import States

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agenttrace.errors import AgentTraceError, GoldenMismatch, RunStopped
    from agenttrace.model.trace import Trace
    from agenttrace.replay.stubs import Stubs
    from agenttrace.session import Plan, Session, World
    from agenttrace.verdict import Verdict


class AgentTrace(Explores, Selects, Analyses, Failures, Goldens, States):
    """A test's runs. Without `run()`, the whole test is one.

    Attributes:
        verdicts: What its ended runs have to say, in order.
    """

    def __init__(self, item: pytest.Item) -> None:
        """Made by the plugin, one a test."""
        self.verdicts: list[Verdict] = []
        self._item = item
        self._sessions: list[Session] = []
        self._whole: Session | None = None
        self._open: Session | None = None
        self._named: set[str] = set()
        self._world: World | None = None
        self._settled = False
        self._drifted: Session | None = None
        self._stubs: Stubs | None = None

    @contextlib.contextmanager
    def run(
        self, name: str | None = None, *, redact: Callable[[str], str] | None = None
    ) -> Iterator[AgentTrace]:
        """Run what stands in the block as one run: recorded once, replayed from then on.

        Args:
            name: Tells several runs of a test apart; without one they are numbered. An example of
                Hypothesis may come twice, and is one run.
            redact: Gives each text as it may be written down; else the marker's.

        Raises:
            UsageError: Runs are nested, or calls were made before the first one.
            GoldenCollision: A name comes twice.
            GoldenMissing: There is nothing to replay.
        """
        from agenttrace.errors import GoldenCollision, UsageError

        if self._whole is None:
            yield self
            return
        if self._open is not None:
            raise UsageError(
                f"{self._item.nodeid}: run() inside run()",
                detail="  End the first run before the second begins.",
            )
        if not self._sessions and self._whole.has_asked:
            raise UsageError(
                f"{self._item.nodeid}: calls were made before run()",
                detail="  Move them inside `with agent_trace.run():`, or leave run() out: "
                "the whole test is one run then.",
            )
        if name is not None and name in self._named and not _is_example():
            raise GoldenCollision(
                f"{self._item.nodeid}: two runs are called {name!r}",
                detail="  Give each run() a name of its own.",
            )
        if name is not None:
            self._named.add(name)
        session = self._session(self._plan(name, len(self._sessions) + 1, redact))
        self._sessions.append(session)
        self._whole.stand_aside()
        self._open = session
        try:
            with session:
                yield self
        finally:
            self._open = None
            self._whole.guard()

    @property
    def trace(self) -> Trace:
        """What happened in the last run.

        Raises:
            NoRun: No run has ended yet.
        """
        from agenttrace.errors import NoRun

        session = self._latest
        trace = None if session is None else session.current_trace()
        if trace is None:
            mode = said(self._item.config, "agenttrace")
            raise NoRun(f"{self._item.nodeid}: there is no trace; the mode is {mode!r}")
        return trace

    @property
    def golden(self) -> Trace | None:
        """The golden of the last run; None where there is none yet."""
        return None if self._latest is None else self._latest.golden

    @property
    def _latest(self) -> Session | None:
        return self._sessions[-1] if self._sessions else self._whole

    @property
    def _held_against(self) -> Trace | None:
        """What relative budgets mean: the golden, or the run itself where it becomes the golden."""
        session = self._latest
        records = session is not None and session.plan.records
        return self.trace if records else self.golden

    @property
    def _time(self) -> str:
        session = self._latest
        return "real" if session is None or session.plan.is_live else session.plan.time

    def check_deterministic(self, repeats: int = 2) -> None:
        """Replay this test in other worlds: fail if what it asks depends on what no run holds.

        Its golden is replayed in processes of their own: as it is, under other hash seeds, with
        directories listed the other way round, and with threads delayed. While it is recorded, and
        where it has no golden, nothing is checked.

        Args:
            repeats: How often it is replayed with nothing changed, and under other hash seeds.

        Raises:
            NotDeterministic: It depends on the order of a set, a clock in C, or the like.
            UsageError: `repeats` is below 2.
        """
        from agenttrace.causal import current
        from agenttrace.determinism.sources import disturbance

        if self.golden is None or disturbance() or self._plan(None, 1).is_live:
            return
        from agenttrace.explore import doctor

        runs, frame = current.active(), current.stand(None)
        for run in runs:
            current.suspend(run)  # what is started now is no part of them
        try:
            doctor.check(self._item.nodeid, root=self._item.config.rootpath, repeats=repeats)
        finally:
            current.reset(frame)
            for run in runs:
                current.resume(run)

    def __eq__(self, other: object) -> bool:
        """Whether the last run is the same as a trace; times, ids and lines of code never count.

        A run that is being recorded is equal to whatever golden there was, and to none.

        Raises:
            RunStopped: The run diverged.
        """
        if other is None:
            return self.golden is None
        return self.mismatch(other) is None if hasattr(other, "spans") else NotImplemented

    __hash__ = object.__hash__

    # -- for the plugin ---------------------------------------------------------------------------
    def mismatch(self, other: object) -> GoldenMismatch | None:
        """Say how the last run differs from a trace; None: it does not, or `other` is none."""
        from agenttrace.model.trace import Trace

        session = self._latest
        if session is None or not isinstance(other, Trace):
            return None
        return session.mismatch_with(other)

    @property
    def stubs(self) -> Stubs | None:
        """What the test answers itself; None where it takes no `agent_stubs`."""
        return self._stubs

    def prepare(self) -> None:
        """Enter the patches, and begin the run that the whole test is, fixtures and all."""
        from agenttrace.session import World

        if takes_stubs(self._item):
            from agenttrace.replay.stubs import Stubs

            self._stubs = Stubs()
        plan = self._plan(None, 1)
        self._world = World(
            live=plan.is_live, allowed_hosts=plan.allowed_hosts, is_virtual=plan.is_virtual
        )
        self._world.__enter__()
        self._whole = self._session(plan)
        self._whole.begin(eager=False)

    @contextlib.contextmanager
    def sharing(self, fixture: str, scope: str) -> Iterator[None]:
        """While a fixture is made that other tests share, no call is part of this test's run."""
        whole = self._whole
        if whole is None:
            yield
            return
        whole.guard(shared=f"the {scope}-scoped fixture {fixture!r}")
        try:
            yield
        finally:
            whole.welcome()

    def settle(self, *, passed: bool, skipped: bool) -> list[AgentTraceError | RunStopped]:
        """End what is open and give what fails the test, the first cause first.

        Args:
            passed: Whether the test's own code ended as its author expects.
            skipped: Whether it left early on purpose.
        """
        whole = self._whole
        if whole is None or self._settled:
            return []
        self._settled = True
        whole.end()
        sessions = self._sessions or [whole]
        if skipped:
            for session in sessions:
                session.forget_if_idle()
            sessions = [session for session in sessions if session.has_asked]
        outside = [] if whole in sessions or whole.run.stopped is None else [whole.run.stopped]
        failing = self._failing(outside)
        self.verdicts = [
            one.settle(passed=(passed or one is self._drifted) and not outside, failing=failing)
            for one in sessions
        ]
        whole.guard()
        return [problem for verdict in self.verdicts for problem in verdict.problems] + outside

    def late(self) -> RunStopped | None:
        """What a fixture asked when the test was over, refused; None: nothing."""
        whole, self._whole = self._whole, None
        if whole is None or self._world is None:
            return None
        whole.stand_aside()
        stopped = whole.run.stopped
        return stopped if stopped is whole.run.guard else None

    def close(self) -> None:
        """Leave everything that `prepare` entered."""
        if self._world is not None:
            self._world.__exit__(None, None, None)

    def clean(self, text: str) -> str:
        """Give a text that is to be shown without the secrets that the test's runs know of."""
        for session in (self._whole, *self._sessions):
            text = text if session is None else session.redactor.shown(text)
        return text

    def _plan(self, name: str | None, nth: int, redact: Callable[[str], str] | None = None) -> Plan:
        return plan_for(self._item, name=name, nth=nth, redact=redact)

    def _session(self, plan: Plan) -> Session:
        from agenttrace.session import Session

        if self._world is None:
            raise RuntimeError(plan.name)
        return Session(plan, self._world, self._stubs)


def _is_example() -> bool:
    """Whether Hypothesis is trying an example: it may try the same one again."""
    hypothesis = sys.modules.get("hypothesis")
    return hypothesis is not None and bool(hypothesis.currently_in_test_context())


RUNS: pytest.StashKey[AgentTrace] = pytest.StashKey()


@pytest.fixture
def agent_trace(request: pytest.FixtureRequest) -> AgentTrace:
    """Record this test's agents once, and replay them offline from then on."""
    runs = request.node.stash.get(RUNS, None)
    return runs if runs is not None else AgentTrace(request.node)


@pytest.fixture
def agent_stubs(request: pytest.FixtureRequest) -> Stubs:
    """Say what tools and models answer in this test: alone, or before its golden."""
    runs = request.node.stash.get(RUNS, None)
    if runs is None or runs.stubs is None:
        mode = said(request.config, "agenttrace")
        raise pytest.UsageError(
            f"{request.node.nodeid} takes agent_stubs, and the mode is {mode!r}: its tools and "
            "models would be asked for real.  [usage]"
        )
    stubs: Stubs = runs.stubs
    return stubs


@pytest.fixture
def golden_trace(request: pytest.FixtureRequest) -> Trace | None:
    """The test's golden as a `Trace`; None while there is none."""
    from agenttrace.session import load_golden

    return load_golden(plan_for(request.node, name=None, nth=1))
