"""The crews of CrewAI and their tasks: what waits, whose turn it is, who is to do it.

A crew is orchestration, and so is a task: what checks or converts its output belongs to the agent
that it is assigned to. A task whose output another one was given is linked to it.
"""

from __future__ import annotations

import contextlib
import functools
import re
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.frameworks.acting import queued, reflect
from agenttrace.adapters.frameworks.crewai.agents import crew_lane, opening_of
from agenttrace.adapters.plain.doing import Doing, Opening
from agenttrace.adapters.plain.notes import event
from agenttrace.causal import current
from agenttrace.causal.spawn.everyone import Everyone
from agenttrace.causal.spawn.patching import Seam
from agenttrace.model import names
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_PATTERNS = {"sequential": "sequential", "hierarchical": "hierarchy"}


@dataclass(eq=False)
class _Kickoff:
    """One run of a crew.

    Attributes:
        everyone: The tasks that run beside the crew.
        outputs: By the identity of a task's output, the output and the span of the task.
        sources: By the identity of a task, the spans of the tasks whose outputs it was given.
    """

    everyone: Everyone = field(default_factory=Everyone)
    outputs: dict[int, tuple[Any, str]] = field(default_factory=dict)
    sources: dict[int, list[str]] = field(default_factory=dict)


_kickoff: ContextVar[_Kickoff | None] = ContextVar("agenttrace_crewai_kickoff", default=None)


# -- crews --------------------------------------------------------------------------------------
def _crew_kickoff(real: Any) -> Any:
    @functools.wraps(real)
    def kickoff(self: Any, *args: Any, **options: Any) -> Any:
        if not _runs(self, options):
            return real(self, *args, **options)
        with _crew(self):
            return real(self, *args, **options)

    return kickoff


def _crew_akickoff(real: Any) -> Any:
    @functools.wraps(real)
    async def akickoff(self: Any, *args: Any, **options: Any) -> Any:
        if not _runs(self, options):
            return await real(self, *args, **options)
        with _crew(self):
            return await real(self, *args, **options)

    return akickoff


def _runs(crew: Any, options: dict[str, Any]) -> bool:
    """Whether the crew itself runs here: one that streams, or is restored, starts another run."""
    restored = getattr(options.get("from_checkpoint"), "restore_from", None)
    return current.frame() is not None and not crew.stream and restored is None


@contextlib.contextmanager
def _crew(crew: Any) -> Iterator[None]:
    frame = current.frame()
    pattern = getattr(crew.process, "value", crew.process)
    opening = Opening(
        kind=SpanKind.ORCHESTRATION,
        name=_queue_of(crew),
        step="crew",
        attributes={names.ORCHESTRATION_PATTERN: _PATTERNS.get(pattern, pattern)},
    )
    run, lane = _kickoff.set(_Kickoff()), crew_lane.set(None if frame is None else frame.lane.path)
    try:
        with Doing(opening):
            yield
    finally:
        crew_lane.reset(lane)
        _kickoff.reset(run)


def _execute_tasks(real: Any) -> Any:
    @functools.wraps(real)
    def execute_tasks(self: Any, tasks: Any, *args: Any, **options: Any) -> Any:
        _enqueue(self, tasks)
        output = real(self, tasks, *args, **options)
        queued("heartbeat", "", queue=_queue_of(self), done=len(tasks))
        return output

    return execute_tasks


def _aexecute_tasks(real: Any) -> Any:
    @functools.wraps(real)
    async def aexecute_tasks(self: Any, tasks: Any, *args: Any, **options: Any) -> Any:
        _enqueue(self, tasks)
        output = await real(self, tasks, *args, **options)
        queued("heartbeat", "", queue=_queue_of(self), done=len(tasks))
        return output

    return aexecute_tasks


def _enqueue(crew: Any, tasks: Any) -> None:
    for task in tasks:
        queued("enqueued", _name_of(task), queue=_queue_of(crew))


def _prepare_task(real: Any) -> Any:
    """A task's turn has come: it is given to an agent, who takes it."""

    @functools.wraps(real)
    def prepare_task_execution(crew: Any, task: Any, *args: Any, **options: Any) -> Any:
        prepared = real(crew, task, *args, **options)
        agent = prepared[0].agent
        if agent is not None:
            worker = agent.role.strip()
            queued("assigned", _name_of(task), queue=_queue_of(crew), worker=worker)
            queued("dequeued", _name_of(task), queue=_queue_of(crew))
        return prepared

    return prepare_task_execution


def _queue_of(crew: Any) -> str:
    return crew.name or "crew"


def _get_context(real: Any) -> Any:
    """Which outputs a task is given: those of the tasks that it names, or of all before it."""

    @functools.wraps(real)
    def get_context(*given: Any) -> Any:
        task, task_outputs = given[-2:]  # a static method, asked by way of a crew
        run = _kickoff.get()
        if run is not None and task.context:
            named = task.context if isinstance(task.context, list) else None
            outputs = task_outputs if named is None else [each.output for each in named]
            known = [run.outputs[id(each)][1] for each in outputs if id(each) in run.outputs]
            run.sources[id(task)] = known
        return real(task, task_outputs)

    return get_context


def _process_async_tasks(real: Any) -> Any:
    @functools.wraps(real)
    def process_async_tasks(self: Any, *args: Any, **options: Any) -> Any:
        outputs = real(self, *args, **options)
        run = _kickoff.get()
        if run is not None:
            run.everyone.joined()
        return outputs

    return process_async_tasks


def _plan_crew(real: Any) -> Any:
    @functools.wraps(real)
    def plan(self: Any) -> Any:
        if current.frame() is None:
            return real(self)
        with Doing(Opening(kind=SpanKind.PLAN, name="plan", step="plan")):
            planned = real(self)
            steps = {str(each.task_number): each.plan for each in planned.list_of_plans_per_task}
            event("planning", chosen=steps)
        return planned

    return plan


def _summarize(real: Any) -> Any:
    """Let the planner's prompt be the same in every process: it shows where functions lie."""

    @functools.wraps(real)
    def create_tasks_summary(self: Any) -> Any:
        summary = real(self)
        return summary if current.frame() is None else re.sub(r" at 0x[0-9a-f]+", "", summary)

    return create_tasks_summary


# -- tasks --------------------------------------------------------------------------------------
def _execute_core(real: Any) -> Any:
    @functools.wraps(real)
    def execute_core(self: Any, agent: Any, *args: Any) -> Any:
        if current.frame() is None:
            return real(self, agent, *args)
        with _task(self, agent) as doing:
            output = real(self, agent, *args)
            _put_out(output, doing)
        return output

    return execute_core


def _aexecute_core(real: Any) -> Any:
    @functools.wraps(real)
    async def aexecute_core(self: Any, agent: Any, *args: Any) -> Any:
        if current.frame() is None:
            return await real(self, agent, *args)
        with _task(self, agent) as doing:
            output = await real(self, agent, *args)
            _put_out(output, doing)
        return output

    return aexecute_core


def _execute_async(real: Any) -> Any:
    @functools.wraps(real)
    def execute_async(self: Any, *args: Any, **options: Any) -> Any:
        run = _kickoff.get()
        if run is None:
            return real(self, *args, **options)
        with run.everyone.spawned():
            return real(self, *args, **options)

    return execute_async


@contextlib.contextmanager
def _task(task: Any, agent: Any) -> Iterator[Doing]:
    agent = agent or task.agent
    opening = Opening(
        kind=SpanKind.ORCHESTRATION,
        name=_name_of(task),
        step="task",
        agent=None if agent is None else opening_of(agent).agent,
        task=task.name,
    )
    run = _kickoff.get()
    with Doing(opening) as doing:
        for source in [] if run is None else run.sources.get(id(task), []):
            doing.link(source, "triggered_by")
        yield doing


def _put_out(output: Any, doing: Doing) -> None:
    run = _kickoff.get()
    if run is not None:
        run.outputs[id(output)] = output, doing.id


def _name_of(task: Any) -> str:
    """A task's name; a description is a prompt, and no name."""
    return task.name or "task"


def _guard(real: Any) -> Any:
    @functools.wraps(real)
    def process_guardrail(*args: Any, **options: Any) -> Any:
        result = real(*args, **options)
        if not result.success:
            reflect(str(result.error))
        return result

    return process_guardrail


# -- where they stand ---------------------------------------------------------------------------
def seams_of_crews(module: ModuleType) -> list[Seam]:
    """The crews."""
    names: Any = module
    return [
        Seam(owner=names.Crew, name="kickoff", around=_crew_kickoff),
        Seam(owner=names.Crew, name="akickoff", around=_crew_akickoff),
        Seam(owner=names.Crew, name="_execute_tasks", around=_execute_tasks),
        Seam(owner=names.Crew, name="_aexecute_tasks", around=_aexecute_tasks),
        Seam(owner=names.Crew, name="_get_context", around=_get_context),
        Seam(owner=names.Crew, name="_process_async_tasks", around=_process_async_tasks),
        Seam(owner=names, name="prepare_task_execution", around=_prepare_task),
    ]


def seams_of_planner(module: ModuleType) -> list[Seam]:
    """Who plans the tasks of a crew."""
    names: Any = module
    return [
        Seam(owner=names.CrewPlanner, name="_handle_crew_planning", around=_plan_crew),
        Seam(owner=names.CrewPlanner, name="_create_tasks_summary", around=_summarize),
    ]


def seams_of_tasks(module: ModuleType) -> list[Seam]:
    """The tasks."""
    names: Any = module
    return [
        Seam(owner=names.Task, name="_execute_core", around=_execute_core),
        Seam(owner=names.Task, name="_aexecute_core", around=_aexecute_core),
        Seam(owner=names.Task, name="execute_async", around=_execute_async),
        Seam(owner=names, name="process_guardrail", around=_guard),
    ]
