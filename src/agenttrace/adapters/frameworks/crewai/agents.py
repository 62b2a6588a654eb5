"""The agents of CrewAI: who works at a task, by which plan, and what each has in mind.

An agent's span is one execution of it: of a task of a crew's, of work that a coworker has left to
it, or of a message (`Agent.kickoff`). CrewAI may try it again by itself; that is the same one.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.frameworks.acting import LIMIT, an_agent, reflect, remember
from agenttrace.adapters.frameworks.tools import plainly
from agenttrace.adapters.plain.doing import Doing, Opening
from agenttrace.adapters.plain.notes import event, status
from agenttrace.causal import current
from agenttrace.causal.agents import provisional
from agenttrace.causal.spawn.patching import Seam
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from agenttrace.model.lane import Position

_SETTINGS = ("model", "temperature", "top_p", "max_tokens", "max_completion_tokens", "seed")

crew_lane: ContextVar[Position | None] = ContextVar("agenttrace_crewai_lane", default=None)
"""Where the innermost crew began: an agent is one in all of its tasks, in whichever thread."""

_working: ContextVar[Any] = ContextVar("agenttrace_crewai_working", default=None)
"""The task that the innermost agent works at; a second try at it is no other agent."""


# -- executions ---------------------------------------------------------------------------------
def _execute_task(real: Any) -> Any:
    @functools.wraps(real)
    def execute_task(self: Any, task: Any, *args: Any, **options: Any) -> Any:
        if current.frame() is None or _working.get() is task:
            return real(self, task, *args, **options)
        with _agent(self, task):
            return real(self, task, *args, **options)

    return execute_task


def _aexecute_task(real: Any) -> Any:
    @functools.wraps(real)
    async def aexecute_task(self: Any, task: Any, *args: Any, **options: Any) -> Any:
        if current.frame() is None or _working.get() is task:
            return await real(self, task, *args, **options)
        with _agent(self, task):
            return await real(self, task, *args, **options)

    return aexecute_task


def _agent_kickoff(real: Any) -> Any:
    @functools.wraps(real)
    def kickoff(self: Any, *args: Any, **options: Any) -> Any:
        if current.frame() is None or asyncio._get_running_loop() is not None:
            return real(self, *args, **options)
        with _agent(self):
            return real(self, *args, **options)

    return kickoff


def _agent_kickoff_async(real: Any) -> Any:
    @functools.wraps(real)
    async def kickoff_async(self: Any, *args: Any, **options: Any) -> Any:
        if current.frame() is None:
            return await real(self, *args, **options)
        with _agent(self):
            return await real(self, *args, **options)

    return kickoff_async


@contextlib.contextmanager
def _agent(agent: Any, task: Any = None) -> Iterator[None]:
    token = _working.set(task)
    try:
        with Doing(opening_of(agent, task)):
            try:
                yield
            except TimeoutError:
                if agent.max_execution_time is not None:
                    status(LIMIT, "max_execution_time")
                raise
    finally:
        _working.reset(token)


def opening_of(agent: Any, task: Any = None) -> Opening:
    """Say who works, and at which task."""
    role = agent.role.strip()
    llm = getattr(agent, "llm", None)
    lane = crew_lane.get()
    return an_agent(
        role,
        id="" if lane is None else provisional(role, lane),
        role=role,
        model={name: getattr(llm, name, None) for name in _SETTINGS},
        task=getattr(task, "name", None),
    )


def _invoke(real: Any) -> Any:
    @functools.wraps(real)
    def invoke(self: Any, inputs: Any) -> Any:
        if current.frame() is None or asyncio._get_running_loop() is not None:
            return real(self, inputs)
        try:
            return real(self, inputs)
        finally:
            _remember(self)

    return invoke


def _invoke_async(real: Any) -> Any:
    @functools.wraps(real)
    async def invoke_async(self: Any, inputs: Any) -> Any:
        if current.frame() is None:
            return await real(self, inputs)
        try:
            return await real(self, inputs)
        finally:
            _remember(self)

    return invoke_async


def _remember(executor: Any) -> None:
    remember(plainly(executor.state.messages), goal=executor.agent.goal)


def _generate_plan(real: Any) -> Any:
    @functools.wraps(real)
    def generate_plan(self: Any) -> Any:
        if current.frame() is None or not getattr(self.agent, "planning_enabled", False):
            return real(self)
        with Doing(Opening(kind=SpanKind.PLAN, name="plan", step="plan")):
            nothing = real(self)
            steps = [todo.description for todo in self.state.todos.items]
            event("planning", chosen=steps or self.state.plan)
        return nothing

    return generate_plan


def _replan(real: Any) -> Any:
    @functools.wraps(real)
    def trigger_replan(self: Any, reason: str) -> Any:
        reflect(reason)
        return real(self, reason)

    return trigger_replan


def _parser_error(real: Any) -> Any:
    @functools.wraps(real)
    def recover(self: Any) -> Any:
        reflect(str(self._last_parser_error))
        return real(self)

    return recover


def _force_final_answer(real: Any) -> Any:
    """The limit of steps is reached: the agent is made to answer, and nothing is raised."""

    @functools.wraps(real)
    def ensure_force_final_answer(self: Any) -> Any:
        if not self.state.is_finished:
            status(LIMIT, "max_iter")
        return real(self)

    return ensure_force_final_answer


# -- where they stand ---------------------------------------------------------------------------
def seams_of_agents(module: ModuleType) -> list[Seam]:
    """The agents, as crews and users run them."""
    names: Any = module
    return [
        Seam(owner=names.Agent, name="execute_task", around=_execute_task),
        Seam(owner=names.Agent, name="aexecute_task", around=_aexecute_task),
        Seam(owner=names.Agent, name="kickoff", around=_agent_kickoff),
        Seam(owner=names.Agent, name="kickoff_async", around=_agent_kickoff_async),
    ]


def seams_of_loop(module: ModuleType) -> list[Seam]:
    """What an agent does in one execution."""
    names: Any = module
    owner = names.AgentExecutor
    return [
        Seam(owner=owner, name="invoke", around=_invoke),
        Seam(owner=owner, name="invoke_async", around=_invoke_async),
        Seam(owner=owner, name="generate_plan", around=_generate_plan),
        Seam(owner=owner, name="_trigger_replan", around=_replan),
        Seam(owner=owner, name="recover_from_parser_error", around=_parser_error),
        Seam(owner=owner, name="ensure_force_final_answer", around=_force_final_answer),
    ]
