"""agent-framework's workflows: executors, supersteps, checkpoints.

A workflow is orchestration, and its agents stand side by side below it. Executors that are no
agents of the framework's are functions and classes of the user's, and act as agents do. Who
chooses whom is in `agent_framework_orchestrations.py`.
"""

from __future__ import annotations

import contextlib
import functools
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

from agenttrace.adapters.frameworks.acting import (
    an_agent,
    aside_awaited,
    lasting,
    put_back,
    queued,
    remember,
)
from agenttrace.adapters.frameworks.teams import Team, team_here
from agenttrace.adapters.frameworks.tools import lasting_part, plainly
from agenttrace.adapters.plain.doing import Doing, Opening
from agenttrace.adapters.plain.steps import Stepped, stepped_in_a_run
from agenttrace.causal import current
from agenttrace.causal.spawn.everyone import waited_for
from agenttrace.causal.spawn.patching import Seam
from agenttrace.model import names
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

_LIMIT = "WorkflowConvergenceException"

_UNNAMED = "WorkflowBuilder-"
"""What the name of a workflow begins with that nobody gave a name."""

_PATTERNS = {
    "HandoffAgentExecutor": "swarm",
    "BaseGroupChatOrchestrator": "supervisor",
    "_DispatchToAllParticipants": "parallel",
    "_InputToConversation": "sequential",
}
"""By the class of an executor that only such a workflow has, what a workflow is."""

_OF_THE_DAY = frozenset({"session_id", "message_id", "response_id", "request_id", "trace_contexts"})
"""What the state of a workflow holds that is another one in every run."""


class Place(NamedTuple):
    """Where the caller acts: in an executor of a workflow."""

    team: Team
    executor: str


place_here: ContextVar[Place | None] = ContextVar("agenttrace_af_place", default=None)
"""Where the caller acts."""


def id_of(name: str) -> str:
    """What an agent is known by: in an executor, it is the same one in every superstep."""
    place = place_here.get()
    return "" if place is None else place.team.id_of(place.executor, name)


def begun(doing: Doing) -> None:
    """Say that an agent has begun to act; the first in an executor begins the executor's work."""
    place = place_here.get()
    if place is None:
        return
    if place.executor not in place.team.acted:
        queued("dequeued", place.executor, queue=place.team.name, span=doing.id)
    place.team.begun(place.executor, doing)


# -- workflows ----------------------------------------------------------------------------------
def _run_core(real: Any) -> Any:
    def start(source: Any, args: Any, _: Any) -> Stepped:
        run = _WorkflowRun(args[0])
        return Stepped(source, run.whole(), run.step)

    return stepped_in_a_run(real, start)


class _WorkflowRun:
    """A workflow that runs."""

    def __init__(self, workflow: Any) -> None:
        self._name = _name_of(workflow)
        self._team = Team(self._name, runner=workflow._runner)
        attributes = {names.ORCHESTRATION_PATTERN: _pattern_of(workflow)}
        self._doing = Doing(
            Opening(
                kind=SpanKind.ORCHESTRATION, name=self._name, step="graph", attributes=attributes
            )
        )

    @contextlib.contextmanager
    def whole(self) -> Iterator[None]:
        """Begin and end its span."""
        with lasting(self._doing, _LIMIT):
            self._team.span = self._doing.id
            yield

    @contextlib.contextmanager
    def step(self) -> Iterator[None]:
        """Stand inside for one step of its events."""
        team, place = team_here.set(self._team), place_here.set(None)
        try:
            with self._doing.step():
                yield
        finally:
            put_back(place_here, place)
            put_back(team_here, team)


def _name_of(workflow: Any) -> str:
    name = str(getattr(workflow, "name", None) or "workflow")
    return "workflow" if name.startswith(_UNNAMED) else name


def _pattern_of(workflow: Any) -> str:
    kinds = {kind.__name__ for one in workflow.executors.values() for kind in type(one).__mro__}
    return next((pattern for kind, pattern in _PATTERNS.items() if kind in kinds), "graph")


# -- supersteps ---------------------------------------------------------------------------------
def _run_iteration(real: Any) -> Any:
    """A superstep is waited for beside the next event, and then in any case."""

    @functools.wraps(real)
    async def run_iteration(self: Any) -> None:
        try:
            await real(self)
        finally:
            waited_for()
        team = team_here.get()
        if team is not None and team.given and current.frame() is not None:
            queued("heartbeat", "", queue=team.name, span=team.span, done=team.given)

    return run_iteration


def _drain_messages(real: Any) -> Any:
    """Hand out what was sent in an order that does not say who was done first."""

    @functools.wraps(real)
    async def drain_messages(self: Any) -> Any:
        messages = await real(self)
        team = team_here.get()
        if team is None or current.frame() is None:
            return messages
        messages = dict(sorted(messages.items()))
        given = sorted(_targets_of(team, messages))
        team.given = len(given)
        for target in given:
            team.acted.pop(target, None)
            queued("enqueued", target, queue=team.name, span=team.span)
        for target in given:
            queued("assigned", target, queue=team.name, worker=target, span=team.span)
        return messages

    return drain_messages


def _targets_of(team: Team, messages: Mapping[str, Any]) -> set[str]:
    """The executors that messages give work to, as far as edges tell: where somebody will act."""
    executors = team.runner._executors
    return {
        edge.target_id
        for source, sent in messages.items()
        for runner in team.runner._edge_runner_map.get(source, ())
        for edge in runner._edge_group.edges
        for message in sent
        if message.target_id in (None, edge.target_id)
        and _acts(executors.get(edge.target_id))
        and getattr(message.data, "should_respond", True)
    }


def _execute(real: Any) -> Any:
    @functools.wraps(real)
    async def execute(self: Any, *args: Any, **options: Any) -> Any:
        team = team_here.get()
        if team is None or current.frame() is None:
            return await real(self, *args, **options)
        token = place_here.set(Place(team, self.id))
        try:
            if not _is_the_users(self):
                return await real(self, *args, **options)
            with Doing(an_agent(self.id, id=id_of(self.id), type="executor")) as doing:
                begun(doing)
                return await real(self, *args, **options)
        finally:
            put_back(place_here, token)

    return execute


def _acts(executor: Any) -> bool:
    """Whether an agent acts in an executor, or it is one itself; others only hand on."""
    kinds = {kind.__name__ for kind in type(executor).__mro__}
    return "AgentExecutor" in kinds or _is_the_users(executor)


def _is_the_users(executor: Any) -> bool:
    """Whether somebody wrote an executor, as a function or as a class; else agents act in it."""
    kinds = {kind.__name__ for kind in type(executor).__mro__}
    if "FunctionExecutor" in kinds:
        return True
    its_own = type(executor).__module__.startswith("agent_framework")
    return not its_own and not kinds & {"AgentExecutor", "WorkflowExecutor"}


def _checkpoint(real: Any) -> Any:
    @functools.wraps(real)
    async def create_checkpoint(self: Any, *args: Any, **options: Any) -> Any:
        made = await real(self, *args, **options)
        if current.frame() is not None and self._ctx.has_checkpointing():
            state = lasting_part(plainly(self._state.export_state()), _is_of_the_day)
            remember(state, step=self._iteration)
        return made

    return create_checkpoint


def _is_of_the_day(_: dict[str, Any], name: str) -> bool:
    return name in _OF_THE_DAY


# -- where they stand ---------------------------------------------------------------------------
def _seams_of_workflow(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [Seam(owner=names.Workflow, name="_run_core", around=_run_core)]


def _seams_of_runner(module: ModuleType) -> list[Seam]:
    names: Any = module
    runner = vars(names).get("RunnerImpl") or names.Runner
    return [
        Seam(owner=runner, name="_run_iteration", around=_run_iteration),
        Seam(owner=runner, name="create_checkpoint_if_enabled", around=_checkpoint),
    ]


def _seams_of_context(module: ModuleType) -> list[Seam]:
    names: Any = module
    owner = names.InProcRunnerContext
    events = ("add_event", "drain_events", "has_events", "next_event")
    return [
        Seam(owner=owner, name="drain_messages", around=_drain_messages),
        *(Seam(owner=owner, name=name, around=aside_awaited) for name in events),
    ]


def _seams_of_executor(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [Seam(owner=names.Executor, name="execute", around=_execute)]


LATE = {
    "agent_framework._workflows._workflow": _seams_of_workflow,
    "agent_framework._workflows._runner": _seams_of_runner,
    "agent_framework._workflows._runner_context": _seams_of_context,
    "agent_framework._workflows._executor": _seams_of_executor,
}
"""What is patched, by the module that has it."""
