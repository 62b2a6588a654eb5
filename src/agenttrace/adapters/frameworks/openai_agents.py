"""openai-agents: agents, handoffs, function tools, agents as tools, sessions; streamed or not."""

from __future__ import annotations

import copy
import functools
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.frameworks.acting import Relay, an_agent, limit_of, remember
from agenttrace.adapters.frameworks.framework import Framework
from agenttrace.adapters.frameworks.own_loop import on_own_loop
from agenttrace.adapters.frameworks.tools import ToolCall, answered_async, plainly
from agenttrace.boundary import here
from agenttrace.causal import current
from agenttrace.causal.spawn.everyone import Everyone
from agenttrace.causal.spawn.patching import Seam

if TYPE_CHECKING:
    from types import ModuleType

    from agenttrace.adapters.plain.doing import Opening

_LIMIT = "MaxTurnsExceeded"

_relay: ContextVar[Relay | None] = ContextVar("agenttrace_openai_agents", default=None)
"""Who acts in the innermost run of the framework."""


# -- agents -------------------------------------------------------------------------------------
def _run(real: Any) -> Any:
    @functools.wraps(real)
    async def run(self: Any, starting_agent: Any, *args: Any, **options: Any) -> Any:
        if current.frame() is None:
            return await real(self, starting_agent, *args, **options)
        relay = Relay()
        token = _relay.set(relay)
        relay.begin(starting_agent, _opening(starting_agent))
        try:
            result = await real(self, starting_agent, *args, **options)
            await _remember(options.get("session"))
        except BaseException as error:
            relay.end(error, limit=limit_of(error, _LIMIT))
            raise
        finally:
            _relay.reset(token)
        relay.end()
        return result

    return run


def _start_streaming(real: Any) -> Any:
    @functools.wraps(real)
    async def start_streaming(*args: Any, **options: Any) -> None:
        if current.frame() is None:
            await real(*args, **options)
            return
        agent = options["starting_agent"]
        relay = Relay()
        _relay.set(relay)  # the task of the stream is its own context
        relay.begin(agent, _opening(agent))
        result = options["streamed_result"]
        try:
            await real(*args, **options)
            await _remember(options.get("session"))
        except BaseException as error:
            relay.end(error, limit=limit_of(error, _LIMIT))
            raise
        kept = getattr(result, "_stored_exception", None)
        relay.end(kept, limit=limit_of(kept, _LIMIT))

    return start_streaming


def _turn(real: Any) -> Any:
    @functools.wraps(real)
    async def run_single_turn(*args: Any, **options: Any) -> Any:
        relay = _relay.get()
        bindings = options.get("bindings", args[1] if len(args) > 1 else None)
        if relay is not None and bindings is not None:
            agent = bindings.public_agent
            relay.turn(agent, _opening(agent), _handoffs_of(relay.who))
        return await real(*args, **options)

    return run_single_turn


def _handoffs_of(agent: Any) -> list[str]:
    """To whom an agent may hand over; a handoff names its agent, an agent itself."""
    handoffs = getattr(agent, "handoffs", ())
    return [str(getattr(it, "agent_name", None) or getattr(it, "name", it)) for it in handoffs]


def _opening(agent: Any) -> Opening:
    settings = getattr(agent, "model_settings", None)
    model: dict[str, Any] = {} if settings is None else dict(vars(settings))
    named = getattr(agent, "model", None)
    model["model"] = named if isinstance(named, str) else getattr(named, "model", None)
    return an_agent(agent.name, model=model)


async def _remember(session: Any) -> None:
    if session is not None and here() is not None:
        remember(
            plainly(await session.get_items()),
            session=plainly(getattr(session, "session_id", None)),
        )


# -- tools --------------------------------------------------------------------------------------
def _get_all_tools(real: Any) -> Any:
    @functools.wraps(real)
    async def get_all_tools(self: Any, run_context: Any) -> Any:
        tools = await real(self, run_context)
        door = here() if current.entered else None
        if door is None:
            return tools
        known: dict[int, tuple[Any, Any]] = door.kept.setdefault("openai_agents.tools", {})
        return [_asking(tool, known) for tool in tools]

    return get_all_tools


def _asking(tool: Any, known: dict[int, tuple[Any, Any]]) -> Any:
    """Give a tool that asks at the door; for one tool always the same."""
    if not hasattr(tool, "on_invoke_tool") or not hasattr(tool, "params_json_schema"):
        return tool
    before = known.get(id(tool))
    if before is None or before[0] is not tool:
        asks = copy.copy(tool)
        asks.on_invoke_tool = _invoker(tool, asks)
        before = known[id(tool)] = (tool, asks)
    return before[1]


def _invoker(tool: Any, asks: Any) -> Any:
    """Stand inside what turns a tool's exceptions into words for the model, where that is."""
    invoker = tool.on_invoke_tool
    inner = getattr(invoker, "_invoke_tool_impl", None)
    if inner is None:
        return _invoke(tool, invoker, invoker)
    ours = copy.copy(invoker)
    ours._invoke_tool_impl = _invoke(tool, inner, invoker)
    ours._function_tool = asks
    return ours


def _invoke(tool: Any, real: Any, named: Any) -> Any:
    fn = _function_of(tool, real)

    @functools.wraps(real if hasattr(real, "__name__") else named)
    async def invoke(context: Any, arguments: str) -> Any:
        call = ToolCall(
            name=tool.name,
            arguments=arguments,
            id=getattr(context, "tool_call_id", None),
            fn=fn,
            mcp=_is_mcp(real),
        )
        return await answered_async(call, lambda: real(context, arguments))

    return invoke


def _is_mcp(real: Any) -> bool:
    """Whether the function is what the framework calls tools of MCP servers by."""
    return getattr(getattr(real, "func", real), "__name__", "") == "invoke_mcp_tool"


def _function_of(tool: Any, real: Any) -> Any:
    """The user's function; older releases hold it in a closure alone."""
    found = getattr(tool, "__wrapped__", None)
    names = getattr(getattr(real, "__code__", None), "co_freevars", ())
    if found is None and "the_func" in names:
        found = real.__closure__[names.index("the_func")].cell_contents
    return found


def _execute(real: Any) -> Any:
    """The tools of a turn are waited for one after another, until all are done."""

    @functools.wraps(real)
    async def execute(self: Any) -> Any:
        everyone = Everyone()
        with everyone.spawned():
            results = await real(self)
        everyone.joined()
        return results

    return execute


# -- where they stand ---------------------------------------------------------------------------
def _seams_of_run(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [
        Seam(owner=names.AgentRunner, name="run", around=_run),
        Seam(owner=names.AgentRunner, name="run_sync", around=on_own_loop),
        Seam(owner=names, name="run_single_turn", around=_turn),
        Seam(owner=names, name="start_streaming", around=_start_streaming),
    ]


def _seams_of_loop(module: ModuleType) -> list[Seam]:
    return [Seam(owner=module, name="run_single_turn_streamed", around=_turn)]


def _seams_of_tools(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [Seam(owner=names._FunctionToolBatchExecutor, name="execute", around=_execute)]


def _seams_of_agent(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [Seam(owner=names.AgentBase, name="get_all_tools", around=_get_all_tools)]


FRAMEWORK = Framework(
    name="openai-agents",
    oldest="0.20.0",
    newest="0.24.0",
    late={
        "agents.run": _seams_of_run,
        "agents.run_internal.run_loop": _seams_of_loop,
        "agents.run_internal.tool_execution": _seams_of_tools,
        "agents.agent": _seams_of_agent,
    },
)
