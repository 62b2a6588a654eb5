"""agent-framework's workflows: executors, supersteps, handoffs, group chats, plans, checkpoints.

A workflow is orchestration, and its agents stand side by side below it. Executors that are no
agents of the framework's are functions and classes of the user's, and act as agents do.
"""

from __future__ import annotations

import contextlib
import functools
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from agenttrace.adapters.frameworks.acting import (
    LIMIT,
    an_agent,
    chose,
    limit_of,
    queued,
    remember,
)
from agenttrace.adapters.frameworks.tools import plainly
from agenttrace.adapters.plain.doing import Doing, Opening
from agenttrace.adapters.plain.notes import status
from agenttrace.adapters.plain.standing import standing
from agenttrace.adapters.plain.steps import Stepped, async_generator
from agenttrace.causal import current
from agenttrace.causal.spawn.everyone import Everyone
from agenttrace.causal.spawn.patching import Seam
from agenttrace.model import names
from agenttrace.model.span import SpanKind, Status

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


@dataclass
class Journey:
    """One run of a workflow.

    Attributes:
        name: What the workflow is called.
        runner: What runs it; it knows the edges.
        span: The workflow's span.
        arrivals: Who handed over to an executor, by its id: a span.
        acted: The span of who acted last in an executor, by its id.
    """

    name: str
    runner: Any
    span: str = ""
    arrivals: dict[str, str] = field(default_factory=dict)
    acted: dict[str, str] = field(default_factory=dict)


class Place(NamedTuple):
    """Where the caller acts: in an executor of a workflow."""

    journey: Journey
    executor: str


_journey: ContextVar[Journey | None] = ContextVar("agenttrace_af_journey", default=None)
_place: ContextVar[Place | None] = ContextVar("agenttrace_af_place", default=None)


def begun(doing: Doing) -> None:
    """Say that an agent has begun to act: in an executor, it is the executor's work that begins."""
    place = _place.get()
    if place is None or not doing.id:
        return
    journey, executor = place
    if executor not in journey.acted:
        queued("dequeued", executor, queue=journey.name, span=doing.id)
    journey.acted[executor] = doing.id
    before = journey.arrivals.pop(executor, None)
    if before is not None:
        doing.link(before, "handoff")


# -- workflows ----------------------------------------------------------------------------------
def _run_core(real: Any) -> Any:
    def start(args: Any, options: Any) -> Stepped:
        source = real(*args, **options)
        if current.frame() is None:
            return Stepped(source, contextlib.nullcontext(), contextlib.nullcontext)
        run = _WorkflowRun(args[0])
        return Stepped(source, run.whole(), run.step)

    return async_generator(real, start)


class _WorkflowRun:
    """A workflow that runs."""

    def __init__(self, workflow: Any) -> None:
        self._name = _name_of(workflow)
        self._journey = Journey(self._name, workflow._runner)
        attributes = {names.ORCHESTRATION_PATTERN: _pattern_of(workflow)}
        self._doing = Doing(
            Opening(
                kind=SpanKind.ORCHESTRATION, name=self._name, step="graph", attributes=attributes
            )
        )

    @contextlib.contextmanager
    def whole(self) -> Iterator[None]:
        """Begin and end its span."""
        doing = self._doing
        doing.begin()
        self._journey.span = doing.id
        try:
            yield
        except BaseException as error:
            if limit := limit_of(error, _LIMIT):
                with doing.step():
                    status(LIMIT, limit)
            doing.end(error)
            raise
        doing.end()

    @contextlib.contextmanager
    def step(self) -> Iterator[None]:
        """Stand inside for one step of its events."""
        journey, place = _journey.set(self._journey), _place.set(None)
        try:
            with self._doing.step():
                yield
        finally:
            _back(_place, place)
            _back(_journey, journey)


def _back(variable: ContextVar[Any], token: Any) -> None:
    with contextlib.suppress(ValueError):  # closed in another context
        variable.reset(token)


def _name_of(workflow: Any) -> str:
    name = str(getattr(workflow, "name", None) or "workflow")
    return "workflow" if name.startswith(_UNNAMED) else name


def _pattern_of(workflow: Any) -> str:
    kinds = {kind.__name__ for one in workflow.executors.values() for kind in type(one).__mro__}
    return next((pattern for kind, pattern in _PATTERNS.items() if kind in kinds), "graph")


# -- supersteps ---------------------------------------------------------------------------------
def _until_convergence(real: Any) -> Any:
    """A superstep waits for whatever comes first, until all of its executors are done."""

    def start(args: Any, options: Any) -> Stepped:
        return Stepped(real(*args, **options), contextlib.nullcontext(), _Superstep().step)

    return async_generator(real, start)


class _Superstep:
    """What a runner has spawned since its last superstep ended."""

    def __init__(self) -> None:
        self._everyone = Everyone()

    @contextlib.contextmanager
    def step(self) -> Iterator[None]:
        """Stand around one step of the runner; it is told of what has ended by then."""
        with self._everyone.spawned():
            yield
        self._everyone.joined()


def _aside(real: Any) -> Any:
    """Events are for who looks on; their queue carries nothing from one agent to another."""

    @functools.wraps(real)
    async def unseen(*args: Any, **options: Any) -> Any:
        with current.aside():
            return await real(*args, **options)

    return unseen


def _drain_messages(real: Any) -> Any:
    """Hand out what was sent in an order that does not say who was done first."""

    @functools.wraps(real)
    async def drain_messages(self: Any) -> Any:
        messages = await real(self)
        journey = _journey.get()
        if journey is None or current.frame() is None:
            return messages
        messages = dict(sorted(messages.items()))
        for target in sorted(_targets_of(journey, messages)):
            journey.acted.pop(target, None)
            queued("enqueued", target, queue=journey.name, span=journey.span)
        return messages

    return drain_messages


def _targets_of(journey: Journey, messages: Mapping[str, Any]) -> set[str]:
    """The executors that messages are for, as far as edges and types tell."""
    return {
        edge.target_id
        for source, sent in messages.items()
        for runner in journey.runner._edge_runner_map.get(source, ())
        for edge in runner._edge_group.edges
        for message in sent
        if message.target_id in (None, edge.target_id)
    }


def _execute(real: Any) -> Any:
    @functools.wraps(real)
    async def execute(self: Any, *args: Any, **options: Any) -> Any:
        journey = _journey.get()
        if journey is None or current.frame() is None:
            return await real(self, *args, **options)
        token = _place.set(Place(journey, self.id))
        try:
            if not _is_the_users(self):
                return await real(self, *args, **options)
            with Doing(an_agent(self.id, type="executor")) as doing:
                begun(doing)
                return await real(self, *args, **options)
        finally:
            _back(_place, token)

    return execute


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
            state = _without_the_day(plainly(self._state.export_state()))
            remember(state, step=self._iteration)
        return made

    return create_checkpoint


def _without_the_day(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_the_day(one) for one in value]
    if isinstance(value, dict):
        return {
            name: _without_the_day(one) for name, one in value.items() if name not in _OF_THE_DAY
        }
    return value


# -- handoffs, group chats, plans ---------------------------------------------------------------
def _handoff_tools(real: Any) -> Any:
    """The tools of handoffs stand in a set, so another hash seed would be another request."""

    @functools.wraps(real)
    def apply(self: Any, agent: Any, targets: Any) -> Any:
        return real(self, agent, sorted(targets, key=lambda target: str(target.target_id)))

    return apply


def _handed_over(real: Any) -> Any:
    @functools.wraps(real)
    def is_handoff_requested(self: Any, response: Any) -> Any:
        found = real(self, response)
        place = _place.get()
        span = None if place is None else place.journey.acted.get(place.executor)
        if found and place is not None and span is not None:
            chose([found[0]], sorted(self._handoff_targets), span=span)
            place.journey.arrivals[found[0]] = span
        return found

    return is_handoff_requested


def _request(real: Any) -> Any:
    @functools.wraps(real)
    async def send_request(self: Any, target: str, *args: Any, **options: Any) -> Any:
        journey = _journey.get()
        if journey is not None:
            chose([target], self._participant_registry.participants, span=journey.span)
            queued("assigned", target, queue=journey.name, worker=target, span=journey.span)
        return await real(self, target, *args, **options)

    return send_request


def _round_limit(real: Any) -> Any:
    @functools.wraps(real)
    def check_round_limit(self: Any) -> Any:
        reached = real(self)
        if reached:
            _limited("max_rounds")
        return reached

    return check_round_limit


def _within_limits(real: Any) -> Any:
    @functools.wraps(real)
    async def check_within_limits(self: Any, *args: Any, **options: Any) -> Any:
        within = await real(self, *args, **options)
        if not within:
            rounds = self._max_rounds is not None and self._round_index >= self._max_rounds
            _limited("max_rounds" if rounds else "max_reset_count")
        return within

    return check_within_limits


def _limited(limit: str) -> None:
    """A workflow that a limit has ended goes on to its end without an exception."""
    at, journey = standing(), _journey.get()
    if at is not None and journey is not None:
        at.note(Status(code=LIMIT, message=limit), span=journey.span)


def _planning(real: Any) -> Any:
    """What a manager plans and what it makes of the progress, with what its model was asked."""
    opening = Opening(kind=SpanKind.PLAN, name=real.__name__)

    @functools.wraps(real)
    async def plan(*args: Any, **options: Any) -> Any:
        if current.frame() is None:
            return await real(*args, **options)
        with Doing(opening):
            return await real(*args, **options)

    return plan


# -- where they stand ---------------------------------------------------------------------------
def _seams_of_workflow(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [Seam(owner=names.Workflow, name="_run_core", around=_run_core)]


def _seams_of_runner(module: ModuleType) -> list[Seam]:
    names: Any = module
    runner = vars(names).get("RunnerImpl") or names.Runner
    return [
        Seam(owner=runner, name="run_until_convergence", around=_until_convergence),
        Seam(owner=runner, name="create_checkpoint_if_enabled", around=_checkpoint),
    ]


def _seams_of_context(module: ModuleType) -> list[Seam]:
    names: Any = module
    owner = names.InProcRunnerContext
    events = ("add_event", "drain_events", "has_events", "next_event")
    return [
        Seam(owner=owner, name="drain_messages", around=_drain_messages),
        *(Seam(owner=owner, name=name, around=_aside) for name in events),
    ]


def _seams_of_executor(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [Seam(owner=names.Executor, name="execute", around=_execute)]


def _seams_of_handoff(module: ModuleType) -> list[Seam]:
    names: Any = module
    owner = names.HandoffAgentExecutor
    return [
        Seam(owner=owner, name="_apply_auto_tools", around=_handoff_tools),
        Seam(owner=owner, name="_is_handoff_requested", around=_handed_over),
    ]


def _seams_of_group_chat(module: ModuleType) -> list[Seam]:
    names: Any = module
    owner = names.BaseGroupChatOrchestrator
    return [
        Seam(owner=owner, name="_send_request_to_participant", around=_request),
        Seam(owner=owner, name="_check_round_limit", around=_round_limit),
    ]


def _seams_of_magentic(module: ModuleType) -> list[Seam]:
    names: Any = module
    manager, orchestrator = names.StandardMagenticManager, names.MagenticOrchestrator
    plans = ("plan", "replan", "create_progress_ledger")
    return [
        *(Seam(owner=manager, name=name, around=_planning) for name in plans),
        Seam(owner=orchestrator, name="_check_within_limits_or_complete", around=_within_limits),
    ]


LATE = {
    "agent_framework._workflows._workflow": _seams_of_workflow,
    "agent_framework._workflows._runner": _seams_of_runner,
    "agent_framework._workflows._runner_context": _seams_of_context,
    "agent_framework._workflows._executor": _seams_of_executor,
    "agent_framework_orchestrations._handoff": _seams_of_handoff,
    "agent_framework_orchestrations._base_group_chat_orchestrator": _seams_of_group_chat,
    "agent_framework_orchestrations._magentic": _seams_of_magentic,
}
