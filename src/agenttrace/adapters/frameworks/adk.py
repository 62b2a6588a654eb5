"""Google ADK: agents, transfers, agents as tools, workflow agents, the session's state.

An agent is a generator of events, and what it does is done in the steps of that. Events tell what
it chose and what it wrote into the session's state.
"""

from __future__ import annotations

import contextlib
import functools
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

from agenttrace.adapters.frameworks.acting import an_agent, chose, lasting, remember
from agenttrace.adapters.frameworks.adk_actions import ACTIONS, acted, with_actions
from agenttrace.adapters.frameworks.effects import effective_shape
from agenttrace.adapters.frameworks.framework import Framework
from agenttrace.adapters.frameworks.tools import ToolCall, answered_async, plainly
from agenttrace.adapters.plain.doing import Doing, Opening
from agenttrace.adapters.plain.steps import Stepped, stepped_in_a_run
from agenttrace.boundary import here
from agenttrace.causal import current
from agenttrace.causal.spawn.patching import Seam
from agenttrace.model import names
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator
    from types import ModuleType

_LIMIT = "LlmCallsLimitExceededError"

_PATTERNS = {
    "SequentialAgent": "sequential",
    "ParallelAgent": "parallel",
    "LoopAgent": "loop",
}
"""By class of a workflow agent, how it puts its sub-agents together."""

_OURS = "google.adk."
"""In modules that begin so, a tool steers the framework, or is a part of it."""

_HANDOFFS = "adk.handoffs"
"""Under this key the door keeps who transferred, by invocation and by who was transferred to."""


# -- agents -------------------------------------------------------------------------------------
def _run_async(real: Any) -> Any:
    def start(source: Any, args: Any, options: Any) -> Stepped:
        acting = _Acting(args[0], options.get("parent_context", args[-1]))
        return Stepped(acting.events(source), acting.whole(), acting.doing.step)

    return stepped_in_a_run(real, start)


class _Acting:
    """One turn of an agent, or of what its sub-agents are put together by."""

    def __init__(self, agent: Any, context: Any) -> None:
        self._agent, self._context = agent, context
        self._state = dict(context.session.state)
        self.doing = Doing(_opening(agent))

    @contextlib.contextmanager
    def whole(self) -> Iterator[None]:
        """Begin and end the span."""
        with lasting(self.doing, _LIMIT):
            before = self._handoffs().pop(self._key(self._agent.name), None)
            if before is not None:
                self.doing.link(before, "handoff")
            yield

    async def events(self, source: Any) -> AsyncGenerator[Any, None]:
        """Pass events on; note what the agent says in its own."""
        async with contextlib.aclosing(source):
            async for event in source:
                if event.author == self._agent.name and not event.partial:
                    self._note(event.actions)
                yield event

    def _note(self, actions: Any) -> None:
        if actions.transfer_to_agent:
            chose([actions.transfer_to_agent], _candidates(self._agent))
            self._handoffs()[self._key(actions.transfer_to_agent)] = self.doing.id
        kept = {
            name: value
            for name, value in actions.state_delta.items()
            if not name.startswith("temp:")
        }
        if kept:
            self._state |= kept
            remember(plainly(self._state))

    def _handoffs(self) -> dict[tuple[str, str], str]:
        door = here()
        found: dict[tuple[str, str], str] = (
            {} if door is None else door.kept.setdefault(_HANDOFFS, {})
        )
        return found

    def _key(self, name: str) -> tuple[str, str]:
        return self._context.invocation_id, name


def _opening(agent: Any) -> Opening:
    kinds = {one.__name__ for one in type(agent).__mro__}
    pattern = next((_PATTERNS[name] for name in _PATTERNS if name in kinds), None)
    if pattern is not None:
        return Opening(
            kind=SpanKind.ORCHESTRATION,
            name=agent.name,
            step="agent",
            attributes={names.ORCHESTRATION_PATTERN: pattern},
        )
    is_model = "LlmAgent" in kinds
    return an_agent(
        agent.name,
        type="llm" if is_model else "custom",
        model=_model_of(agent) if is_model else {},
    )


def _model_of(agent: Any) -> dict[str, object]:
    """What the agent says of its model; its name may be that of the agent above."""
    config = agent.generate_content_config
    model: dict[str, object] = {} if config is None else dict(vars(config))
    named, above = agent.model, agent.parent_agent
    while not named and above is not None:
        named, above = getattr(above, "model", None), above.parent_agent
    model["model"] = named if isinstance(named, str) else getattr(named, "model", None)
    return model


def _candidates(agent: Any) -> list[str]:
    """To whom an agent may transfer: below it, above it, beside it."""
    found = [one.name for one in agent.sub_agents]
    above = agent.parent_agent
    if above is not None and hasattr(above, "disallow_transfer_to_parent"):
        if not agent.disallow_transfer_to_parent:
            found.append(above.name)
        if not agent.disallow_transfer_to_peers:
            found += [one.name for one in above.sub_agents if one is not agent]
    return found


# -- events -------------------------------------------------------------------------------------
class _Waited:
    """A queue of which every message is waited for, whether it has come already or not.

    The framework takes what has come by itself, and waits for the rest in a task for each. Which of
    the two it does is chance, and who receives must not be.
    """

    def __init__(self, queue: Any, context: Any) -> None:
        self._queue, self._context = queue, context

    def empty(self) -> bool:
        """Whether nothing can be taken without waiting; once all is broken off, the truth."""
        return not self._context.is_aborted or bool(self._queue.empty())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queue, name)


def _consume_event_queue(real: Any) -> Any:
    @functools.wraps(real)
    def consume_event_queue(self: Any, ic: Any, done_sentinel: Any) -> Any:
        queue = ic._event_queue
        if queue is not None and hasattr(ic, "is_aborted") and current.frame() is not None:
            ic._event_queue = _Waited(queue, ic)
        return real(self, ic, done_sentinel)

    return consume_event_queue


# -- tools --------------------------------------------------------------------------------------
class _Asked(NamedTuple):
    """What a model asked a function tool for."""

    tool: Any
    arguments: Any
    context: Any


_asked: ContextVar[_Asked | None] = ContextVar("agenttrace_adk_tool", default=None)


def _run_function(real: Any) -> Any:
    @functools.wraps(real)
    async def run_async(self: Any, *, args: Any, tool_context: Any) -> Any:
        token = _asked.set(_Asked(self, args, tool_context))
        try:
            return await real(self, args=args, tool_context=tool_context)
        finally:
            _asked.reset(token)

    return run_async


def _invoke_callable(real: Any) -> Any:
    """The function itself is asked, inside checks of arguments and confirmations."""

    @functools.wraps(real)
    async def invoke_callable(self: Any, target: Any, args_to_call: Any) -> Any:
        asked = _asked.get()
        if asked is None or asked.tool is not self or target is not self.func:
            return await real(self, target, args_to_call)
        if getattr(target, "__module__", "").startswith(_OURS):
            return await real(self, target, args_to_call)
        return await _answered(asked, target, lambda: real(self, target, args_to_call))

    return invoke_callable


def _call_tool(real: Any) -> Any:
    """Tools that are no functions: the user's own classes, agents; a server's are MCP's to ask."""

    @functools.wraps(real)
    async def call_tool_async(tool: Any, args: Any, tool_context: Any) -> Any:
        live = functools.partial(real, tool, args=args, tool_context=tool_context)
        if "McpTool" in {kind.__name__ for kind in type(tool).__mro__}:
            ident = tool_context.function_call_id
            call = ToolCall(name=tool.name, arguments=args, id=ident, mcp=True)
            return await answered_async(call, live)
        if hasattr(tool, "func") or _steers(tool):
            return await live()
        return await _answered(_Asked(tool, args, tool_context), None, live)

    return call_tool_async


def _steers(tool: Any) -> bool:
    is_agent = hasattr(tool, "agent") and not getattr(tool, "_defers_response", False)
    return type(tool).__module__.startswith(_OURS) and not is_agent


async def _answered(asked: _Asked, fn: Any, live: Any) -> Any:
    tool, context = asked.tool, asked.context
    call = ToolCall(
        name=tool.name,
        arguments=asked.arguments,
        id=getattr(context, "function_call_id", None),
        fn=fn,
        shape=effective_shape(tool.name, fn, ACTIONS),
    )
    if call.door is None:
        return await live()
    return acted(await answered_async(call, lambda: with_actions(context, live)), context)


# -- where they stand ---------------------------------------------------------------------------
def _seams_of_agent(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [Seam(owner=names.BaseAgent, name="run_async", around=_run_async)]


def _seams_of_runner(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [Seam(owner=names.Runner, name="_consume_event_queue", around=_consume_event_queue)]


def _seams_of_function(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [
        Seam(owner=names.FunctionTool, name="run_async", around=_run_function),
        Seam(owner=names.FunctionTool, name="_invoke_callable", around=_invoke_callable),
    ]


def _seams_of_caller(module: ModuleType) -> list[Seam]:
    return [Seam(owner=module, name="_call_tool_async", around=_call_tool)]


def _seams_of_older_caller(module: ModuleType) -> list[Seam]:
    """In older releases the caller stands in this module, under a name that is private twice."""
    name = "__call_tool_async"
    return [Seam(owner=module, name=name, around=_call_tool)] if hasattr(module, name) else []


FRAMEWORK = Framework(
    name="google-adk",
    oldest="2.8.0",
    newest="2.13.0",
    late={
        "google.adk.agents.base_agent": _seams_of_agent,
        "google.adk.runners": _seams_of_runner,
        "google.adk.tools.function_tool": _seams_of_function,
        "google.adk.flows.llm_flows.tools._caller": _seams_of_caller,
        "google.adk.flows.llm_flows.functions": _seams_of_older_caller,
    },
)
