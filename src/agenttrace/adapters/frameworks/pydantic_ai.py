"""pydantic-ai: agents, function tools, agents that tools ask, usage limits, message histories."""

from __future__ import annotations

import functools
import json
import sys
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.frameworks.acting import Relay, an_agent, limit_of, reflect, remember
from agenttrace.adapters.frameworks.framework import Framework
from agenttrace.adapters.frameworks.own_loop import on_own_loop
from agenttrace.adapters.frameworks.pydantic_graphs import OF_THE_DAY, seams_of_graphs
from agenttrace.adapters.frameworks.tools import ToolCall, answered_async, lasting_part
from agenttrace.causal import current
from agenttrace.causal.spawn.everyone import Everyone
from agenttrace.causal.spawn.patching import Seam

if TYPE_CHECKING:
    from types import ModuleType, TracebackType

    from agenttrace.adapters.plain.doing import Opening

_LIMITS = ("UsageLimitExceeded", "ConcurrencyLimitExceeded")


# -- agents -------------------------------------------------------------------------------------
def _iter(real: Any) -> Any:
    @functools.wraps(real)
    def iter(self: Any, *args: Any, **options: Any) -> Any:  # noqa: A001 - it stands for theirs
        if current.frame() is None:
            return real(self, *args, **options)
        if options.get("infer_name", True) and self.name is None:
            self._infer_name(sys._getframe())  # by the caller's variable, which is one frame away
        return _Running(real(self, *args, **options), self, _opening(self, options))

    return iter


class _Running:
    """A run of an agent: what is done while it is open is done by the agent."""

    def __init__(self, running: Any, agent: Any, opening: Opening) -> None:
        self._running, self._agent, self._opening = running, agent, opening
        self._relay = Relay()
        self._everyone = Everyone()
        self._run: Any = None

    async def __aenter__(self) -> Any:
        self._relay.begin(self._agent, self._opening)
        try:
            with self._everyone.spawned():
                self._run = await self._running.__aenter__()
        except BaseException as error:
            self._end(error)
            raise
        return self._run

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Any:
        try:
            handled = await self._running.__aexit__(kind, error, trace)
        except BaseException as other:
            self._end(other)
            raise
        self._everyone.joined()
        self._end(error)
        return handled

    def _end(self, error: BaseException | None) -> None:
        if self._run is not None and not isinstance(error, GeneratorExit):
            remember(lasting_part(json.loads(self._run.all_messages_json()), _is_of_the_day))
        self._relay.end(error, limit=limit_of(error, *_LIMITS))


def _opening(agent: Any, options: dict[str, Any]) -> Opening:
    settings: dict[str, object] = {}
    for given in (getattr(agent, "model_settings", None), options.get("model_settings")):
        if isinstance(given, dict):
            settings.update(given)
    model = options.get("model") or getattr(agent, "model", None)
    settings["model"] = model if isinstance(model, str) else getattr(model, "model_name", None)
    return an_agent(agent.name or "agent", model=settings)


def _is_of_the_day(_: dict[str, Any], name: str) -> bool:
    return name in OF_THE_DAY


# -- tools --------------------------------------------------------------------------------------
def _call_tool(real: Any) -> Any:
    @functools.wraps(real)
    async def call_tool(self: Any, name: str, tool_args: Any, ctx: Any, tool: Any) -> Any:
        held = self.tools.get(getattr(tool, "original_name", None) or name)
        call = ToolCall(
            name=name,
            arguments=tool_args,
            id=getattr(ctx, "tool_call_id", None),
            fn=getattr(held, "function", None),
        )
        try:
            return await answered_async(call, lambda: real(self, name, tool_args, ctx, tool))
        except Exception as error:
            if type(error).__name__ == "ModelRetry":
                reflect(f"{name}: {error}")
            raise

    return call_tool


def _call_mcp_tool(real: Any) -> Any:
    """A server's tool: its client asks at the door, and is told what the call is called."""

    @functools.wraps(real)
    async def call_tool(self: Any, name: str, tool_args: Any, ctx: Any, tool: Any) -> Any:
        call_id = getattr(ctx, "tool_call_id", None)
        call = ToolCall(name=name, arguments=tool_args, id=call_id, mcp=True)
        return await answered_async(call, lambda: real(self, name, tool_args, ctx, tool))

    return call_tool


def _iter_completed(real: Any) -> Any:
    """The tools of a step are waited for one after another, until all are done."""

    @functools.wraps(real)
    async def iter_completed(tasks: Any, *args: Any) -> Any:
        everyone = Everyone(tasks)
        async for done in real(tasks, *args):
            yield done
        everyone.joined()

    return iter_completed


# -- where they stand ---------------------------------------------------------------------------
def _seams_of_agent(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [
        Seam(owner=names.Agent, name="iter", around=_iter),
        Seam(owner=names.AbstractAgent, name="run_sync", around=on_own_loop),
    ]


def _seams_of_execution(module: ModuleType) -> list[Seam]:
    return [Seam(owner=module, name="_iter_completed_or_buffered", around=_iter_completed)]


def _seams_of_toolset(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [Seam(owner=names.FunctionToolset, name="call_tool", around=_call_tool)]


def _seams_of_mcp(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [Seam(owner=names.MCPToolset, name="call_tool", around=_call_mcp_tool)]


FRAMEWORK = Framework(
    name="pydantic-ai-slim",
    oldest="2.59.0",
    newest="2.68.0",
    late={
        "pydantic_ai.agent": _seams_of_agent,
        "pydantic_graph.graph_builder": seams_of_graphs,
        "pydantic_ai._tool_execution": _seams_of_execution,
        "pydantic_ai.toolsets.function": _seams_of_toolset,
        "pydantic_ai.mcp": _seams_of_mcp,
    },
)
