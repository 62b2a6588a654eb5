"""Strands: agents, agents as tools, the limits of a run, the agent's state, swarms and graphs.

An agent is a generator of events, whichever way it is called, and what it does is done in the steps
of that.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import functools
import inspect
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.frameworks.acting import LIMIT, an_agent, lasting, remember
from agenttrace.adapters.frameworks.effects import effective_shape
from agenttrace.adapters.frameworks.framework import Framework
from agenttrace.adapters.frameworks.strands_state import STATE, noted, noting, written
from agenttrace.adapters.frameworks.strands_teams import entered, team_seams
from agenttrace.adapters.frameworks.tools import (
    ToolCall,
    answered_async,
    answered_each,
    plainly,
)
from agenttrace.adapters.plain.doing import Doing, Opening
from agenttrace.adapters.plain.notes import status
from agenttrace.adapters.plain.steps import Stepped, as_it_is, async_generator, stepped_in_a_run
from agenttrace.boundary import Crossing, Packed, Way
from agenttrace.causal.delivery.content import BY_PLACE
from agenttrace.causal.spawn.everyone import Everyone
from agenttrace.causal.spawn.patching import Seam

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator
    from types import ModuleType

    from agenttrace.model.values import Value

_LIMITS = "limit_"
"""What the reason begins with for which a run has stopped at a limit of its own."""

_NOBODY = "default"
"""The id of an agent that nobody gave one."""

_OURS = "strands."
"""In modules that begin so, a tool steers the framework."""


# -- agents -------------------------------------------------------------------------------------
def _stream_async(real: Any) -> Any:
    def start(source: Any, args: Any, _: Any) -> Stepped:
        acting = _Acting(args[0])
        return Stepped(acting.events(source), acting.whole(), acting.doing.step)

    return stepped_in_a_run(real, start)


class _Acting:
    """One invocation of an agent."""

    def __init__(self, agent: Any) -> None:
        self._agent = agent
        self.doing = Doing(_opening(agent))

    @contextlib.contextmanager
    def whole(self) -> Iterator[None]:
        """Begin and end the span."""
        with lasting(self.doing):
            entered(self._agent, self.doing)
            yield

    async def events(self, source: Any) -> AsyncGenerator[Any, None]:
        """Pass events on; the last one has the result."""
        async with contextlib.aclosing(source):
            async for event in source:
                result = event.get("result")
                if hasattr(result, "stop_reason"):
                    self._end(result.stop_reason)
                yield event

    def _end(self, why: str) -> None:
        agent = self._agent
        said: list[Value] = [
            {"role": one["role"], "content": plainly(one["content"])} for one in agent.messages
        ]
        remember(said, state=plainly(agent.state.get()))
        if why.startswith(_LIMITS):
            status(LIMIT, why)


def _opening(agent: Any) -> Opening:
    given = getattr(agent, "agent_id", _NOBODY)
    return an_agent(agent.name, id="" if given == _NOBODY else given, model=_model_of(agent))


def _model_of(agent: Any) -> dict[str, object]:
    config = dict(agent.model.get_config() or {})
    model: dict[str, object] = {"model": config.pop("model_id", None)}
    return {**model, **(config.pop("params", None) or {}), **config}


# -- tools --------------------------------------------------------------------------------------
def _stream_function(real: Any) -> Any:
    """A decorated function asks, inside what turns its exceptions into words for the model."""

    @functools.wraps(real)
    async def stream(self: Any, tool_use: Any, invocation_state: Any, **options: Any) -> Any:
        tool = _asking(self, tool_use, invocation_state)
        async with contextlib.aclosing(real(tool, tool_use, invocation_state, **options)) as events:
            async for event in events:
                yield event

    return stream


def _asking(tool: Any, tool_use: Any, invocation_state: Any) -> Any:
    fn = tool._tool_func
    call = _call(tool, tool_use, fn)
    if call.door is None or getattr(fn, "__module__", "").startswith(_OURS):
        return tool
    asks = copy.copy(tool)
    asks._tool_func = _asker(fn, call, getattr(invocation_state.get("agent"), "state", None))
    return asks


def _asker(fn: Callable[..., Any], call: ToolCall, state: Any) -> Callable[..., Any]:
    if inspect.isasyncgenfunction(fn):

        @functools.wraps(fn)
        async def each(*args: Any, **given: Any) -> AsyncGenerator[Any, None]:
            async for value in answered_each(call, lambda: fn(*args, **given)):
                yield value

        return each

    @functools.wraps(fn)
    async def once(*args: Any, **given: Any) -> Any:
        live = functools.partial(_live, fn, *args, **given)
        return written(await answered_async(call, lambda: noting(state, live)), state)

    return once


async def _live(fn: Callable[..., Any], *args: Any, **given: Any) -> Any:
    """Run a function as the framework does: one that is no coroutine in a thread."""
    if inspect.iscoroutinefunction(fn):
        return await fn(*args, **given)
    return await asyncio.to_thread(fn, *args, **given)


def _stream_agent(real: Any) -> Any:
    """An agent that is a tool tells how far it is; its last word is the result."""

    def start(args: Any, options: Any) -> Stepped:
        call = _call(args[0], options.get("tool_use", args[1]), None)
        source = real(*args, **options)
        door = call.door
        if door is None:
            return as_it_is(source)
        way = call.way(door)
        crossing = door.ask(way.question)
        if crossing.recalled is not None:
            return as_it_is(_again(crossing, way))
        last: list[Any] = []
        return Stepped(_heard(source, last), _closing(crossing, way, last), crossing.inside)

    return async_generator(real, start)


async def _heard(source: Any, last: list[Any]) -> AsyncGenerator[Any, None]:
    async with contextlib.aclosing(source):
        async for event in source:
            last[:] = [event]
            yield event


@contextlib.contextmanager
def _closing(crossing: Crossing, way: Way[Any], last: list[Any]) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        crossing.fail(error)
        raise
    told = [getattr(event, "tool_result", None) for event in last]
    crossing.complete(way.shape.pack(told[0] if told else None))


async def _again(crossing: Crossing, way: Way[Any]) -> AsyncGenerator[Any, None]:
    """Give the recorded result, where the agent is not to run."""
    recalled = crossing.recalled
    if recalled is not None:
        await crossing.door.pace.arrive(recalled, None)
        answer = recalled.answer
        crossing.close(answer)
        yield way.shape.unpack(Packed(head=answer.head, data=answer.body))


def _call_mcp_tool(real: Any) -> Any:
    """A server's tool is asked for by the MCP client, in a thread of its own."""

    @functools.wraps(real)
    async def call_tool_async(
        self: Any, tool_use_id: str, name: str, *args: Any, **more: Any
    ) -> Any:
        call = ToolCall(name=name, arguments={}, id=tool_use_id, mcp=True)
        return await answered_async(call, lambda: real(self, tool_use_id, name, *args, **more))

    return call_tool_async


def _call(tool: Any, tool_use: Any, fn: Callable[..., Any] | None) -> ToolCall:
    return ToolCall(
        name=tool.tool_name,
        arguments=tool_use.get("input", {}),
        id=tool_use.get("toolUseId"),
        fn=fn,
        shape=effective_shape(tool.tool_name, fn, STATE),
    )


def _execute(real: Any) -> Any:
    """The tools of a turn are waited for until all are done, though by a queue of their events."""

    def start(args: Any, options: Any) -> Stepped:
        everyone = Everyone()
        return Stepped(real(*args, **options), _joining(everyone), everyone.spawned)

    return async_generator(real, start)


@contextlib.contextmanager
def _joining(everyone: Everyone) -> Iterator[None]:
    yield
    everyone.joined()


# -- where they stand ---------------------------------------------------------------------------
def _seams_of_agent(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [Seam(owner=names.Agent, name="stream_async", around=_stream_async)]


def _seams_of_functions(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [Seam(owner=names.DecoratedFunctionTool, name="stream", around=_stream_function)]


def _seams_of_agents_as_tools(module: ModuleType) -> list[Seam]:
    owner = vars(module)["_AgentAsTool"]
    return [Seam(owner=owner, name="stream", around=_stream_agent)]


def _seams_of_modules_as_tools(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [Seam(owner=names.PythonAgentTool, name="stream", around=_stream_function)]


def _seams_of_mcp(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [Seam(owner=names.MCPClient, name="call_tool_async", around=_call_mcp_tool)]


def _seams_of_executor(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [Seam(owner=names.ConcurrentToolExecutor, name="_execute", around=_execute)]


def _seams_of_events(module: ModuleType) -> list[Seam]:
    """Events go from task to task, and say how long a model took: they are known by their place."""
    setattr(vars(module)["TypedEvent"], BY_PLACE, True)
    return []


def _seams_of_state(module: ModuleType) -> list[Seam]:
    owner = vars(module)["JSONSerializableDict"]
    return [Seam(owner=owner, name=name, around=noted) for name in ("set", "delete")]


FRAMEWORK = Framework(
    name="strands-agents",
    oldest="1.50.0",
    newest="1.62.0",
    late={
        "strands.agent.agent": _seams_of_agent,
        "strands.tools.decorator": _seams_of_functions,
        "strands.agent._agent_as_tool": _seams_of_agents_as_tools,
        "strands.tools.tools": _seams_of_modules_as_tools,
        "strands.tools.mcp.mcp_client": _seams_of_mcp,
        "strands.tools.executors.concurrent": _seams_of_executor,
        "strands.types._events": _seams_of_events,
        "strands.types.json_dict": _seams_of_state,
        **team_seams,
    },
)
