"""CrewAI's tools: the user's function is answered, inside what checks, counts and caches it.

Native tool calls run `Tool.run` or `BaseTool.run`; models that know no tools are read by CrewAI,
which runs `CrewStructuredTool.invoke`. All of them call a function in the end, and that one asks.
"""

from __future__ import annotations

import functools
import inspect
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

from agenttrace.adapters.frameworks.acting import chose
from agenttrace.adapters.frameworks.tools import ToolCall, answered, answered_async
from agenttrace.causal import current
from agenttrace.causal.spawn.everyone import Everyone
from agenttrace.causal.spawn.patching import Seam

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


class _Called(NamedTuple):
    """A tool call as the provider named it: the tool and the call's id."""

    name: str
    id: str | None


_called: ContextVar[_Called | None] = ContextVar("agenttrace_crewai_called", default=None)


# -- tools --------------------------------------------------------------------------------------
def _asking(real: Any) -> Any:
    """Run a tool whose own function asks at the door."""

    @functools.wraps(real)
    def run(self: Any, *args: Any, **options: Any) -> Any:
        if current.frame() is None or isinstance(self, _Asking):
            return real(self, *args, **options)
        return real(_Asking(self), *args, **options)

    return run


class _Asking:
    """A tool of CrewAI's whose function asks; what stands around it is CrewAI's own."""

    def __init__(self, tool: Any) -> None:
        self._tool = tool
        called = _called.get()
        known = called is not None and called.name == _name_for_models(tool)
        self._id = called.id if called is not None and known else None

    @property  # type: ignore[misc] # as `unittest.mock` does
    def __class__(self) -> type:
        return type(self._tool)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tool, name)

    @property
    def func(self) -> Callable[..., Any]:
        return self._around(self._tool.func)

    @property
    def _run(self) -> Callable[..., Any]:
        return self._around(self._tool._run)

    @property
    def _arun(self) -> Callable[..., Any]:
        return self._around(self._tool._arun)

    def _around(self, real: Callable[..., Any]) -> Callable[..., Any]:
        fn = _function_of(self._tool)
        if inspect.iscoroutinefunction(real) or inspect.iscoroutinefunction(fn):

            @functools.wraps(real)
            async def ask_async(*args: Any, **options: Any) -> Any:
                _called.set(None)
                return await answered_async(
                    self._call(args, options, fn), lambda: real(*args, **options)
                )

            return ask_async

        @functools.wraps(real)
        def ask(*args: Any, **options: Any) -> Any:
            _called.set(None)
            return answered(self._call(args, options, fn), lambda: real(*args, **options))

        return ask

    def _call(self, args: Any, options: Any, fn: Any) -> ToolCall:
        names = list(inspect.signature(fn).parameters)
        given = dict(zip(names, args, strict=False)) | options
        return ToolCall(name=_name_for_models(self._tool), arguments=given, id=self._id, fn=fn)


def _function_of(tool: Any) -> Any:
    """The user's function: what was decorated, or the `_run` of a class."""
    tool = getattr(tool, "_original_tool", None) or tool
    return getattr(tool, "func", None) or tool._run


def _name_for_models(tool: Any) -> str:
    """What CrewAI calls a tool when it tells a model of it."""
    name: str = sys.modules["crewai.utilities.string_utils"].sanitize_tool_name(tool.name)
    return name


# -- calls --------------------------------------------------------------------------------------
def _native_call(real: Any) -> Any:
    """One tool call that a model asked for natively, with the provider's id."""

    @functools.wraps(real)
    def execute(*args: Any, **options: Any) -> Any:
        token = _called.set(_called_by(args[-1]))
        try:
            return real(*args, **options)
        finally:
            _called.reset(token)

    return execute


def _called_by(call: Any) -> _Called | None:
    """Read a call as CrewAI does; an id that it made up of an address is none."""
    info = sys.modules["crewai.utilities.agent_utils"].extract_tool_call_info(call)
    if not info:
        return None
    call_id, name, _ = info
    return _Called(name, None if call_id == f"call_{id(call)}" else call_id)


def _native_calls(real: Any) -> Any:
    """The tools of a turn are waited for one after another, until all are done."""

    @functools.wraps(real)
    def execute(self: Any) -> Any:
        everyone = Everyone()
        with everyone.spawned():
            said = real(self)
        everyone.joined()
        return said

    return execute


def _delegate(real: Any) -> Any:
    """An agent asks a coworker, or leaves work to one."""

    @functools.wraps(real)
    def execute(self: Any, agent_name: Any, *args: Any, **options: Any) -> Any:
        wanted = self.sanitize_agent_name(agent_name or "")
        roles = [agent.role.strip() for agent in self.agents]
        chosen = [role for role in roles if self.sanitize_agent_name(role) == wanted]
        chose(chosen[:1] or [str(agent_name)], roles)
        return real(self, agent_name, *args, **options)

    return execute


# -- where they stand ---------------------------------------------------------------------------
def seams_of_tools(module: ModuleType) -> list[Seam]:
    """The tools that agents are given."""
    names: Any = module
    return [
        Seam(owner=owner, name=name, around=_asking)
        for owner in (names.BaseTool, names.Tool)
        for name in ("run", "arun")
    ]


def seams_of_structured(module: ModuleType) -> list[Seam]:
    """The tools as CrewAI runs them for a model that knows none."""
    names: Any = module
    return [
        Seam(owner=names.CrewStructuredTool, name=name, around=_asking)
        for name in ("invoke", "ainvoke")
    ]


def seams_of_calls(module: ModuleType) -> list[Seam]:
    """How an agent calls its tools."""
    names: Any = module
    owner = names.AgentExecutor
    return [
        Seam(owner=owner, name="_execute_single_native_tool_call", around=_native_call),
        Seam(owner=owner, name="execute_native_tool", around=_native_calls),
    ]


def seams_of_steps(module: ModuleType) -> list[Seam]:
    """The steps of an agent's plan."""
    return [Seam(owner=module, name="execute_single_native_tool_call", around=_native_call)]


def seams_of_delegation(module: ModuleType) -> list[Seam]:
    """The tools by which agents ask one another."""
    names: Any = module
    return [Seam(owner=names.BaseAgentTool, name="_execute", around=_delegate)]
