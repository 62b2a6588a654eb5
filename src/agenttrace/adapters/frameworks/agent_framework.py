"""agent-framework (Microsoft): agents, function tools, sessions, their limits; streamed or not.

Workflows are in `agent_framework_workflows.py`; handoffs, group chats and plans, which are made of
them, in `agent_framework_orchestrations.py`.
"""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.frameworks import agent_framework_orchestrations as orchestrations
from agenttrace.adapters.frameworks import agent_framework_workflows as workflows
from agenttrace.adapters.frameworks.acting import LIMIT, an_agent, remember
from agenttrace.adapters.frameworks.framework import Framework
from agenttrace.adapters.frameworks.tools import ToolCall, answered_async, lasting_part, plainly
from agenttrace.adapters.plain.doing import Doing
from agenttrace.adapters.plain.notes import status
from agenttrace.causal import current
from agenttrace.causal.spawn.patching import Seam

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from types import ModuleType

    from agenttrace.adapters.plain.doing import Opening

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ITS_OWN = ("instructions", "tools")
"""The options of an agent that are no configuration of its model."""

_ACTS = "_agenttrace_acts"
"""Under this name a stream keeps who acts while it is read."""


class _Acting:
    """One run of an agent.

    Attributes:
        chosen: Which tools the model might choose when it was asked first.
        asked: How often it was asked.
    """

    def __init__(self, agent: Any, options: Mapping[str, Any]) -> None:
        self._agent, self._options = agent, options
        self._doing = Doing(_opening(agent, options))
        self._deep = 0
        self._over = False
        self.chosen: object = None
        self.asked = 0

    async def whole(self, answer: Awaitable[Any]) -> Any:
        """Wait for the answer of an agent that does not stream."""
        return await self.step(lambda: answer, last=True)

    async def step(self, step: Callable[[], Awaitable[Any]], *, last: bool = False) -> Any:
        """Do one step of what the agent does: begin before the first, end after the last.

        A step may take others inside it; it is the outermost one that ends the agent's span.
        """
        if self._over or self._deep:
            return await step()
        if not self._doing.id:
            self._doing.begin()
            workflows.begun(self._doing)
        try:
            with self._inside():
                value = await step()
        except StopAsyncIteration:
            self._end()
            raise
        except BaseException as error:
            self._end(error)
            raise
        if last:
            self._end()
        return value

    @contextlib.contextmanager
    def _inside(self) -> Iterator[None]:
        token = _acting.set(self)
        self._deep += 1
        try:
            with self._doing.step():
                yield
        finally:
            self._deep -= 1
            with contextlib.suppress(ValueError):  # closed in another context
                _acting.reset(token)

    def _end(self, error: BaseException | None = None) -> None:
        self._over = True
        session = self._options.get("session")
        if session is not None and error is None:
            with self._doing.step():
                remember(lasting_part(plainly(session.to_dict()), _is_of_the_day))
        self._doing.end(error)


_acting: ContextVar[_Acting | None] = ContextVar("agenttrace_agent_framework", default=None)
"""Who acts here."""


# -- agents -------------------------------------------------------------------------------------
def _run(real: Any) -> Any:
    @functools.wraps(real)
    def run(self: Any, *args: Any, **options: Any) -> Any:
        answer = real(self, *args, **options)
        if current.frame() is None:
            return answer
        acting = _Acting(self, options)
        if not hasattr(answer, "__anext__"):
            return acting.whole(answer)
        answer.__class__ = _stepped(answer.__class__)
        setattr(answer, _ACTS, acting)
        return answer

    return run


def _run_of_any(agent: type) -> Callable[[Any], Any]:
    """The agents with all layers come through here, too: they have been seen by then."""

    def around(real: Any) -> Any:
        seen = _run(real)

        @functools.wraps(real)
        def run(self: Any, *args: Any, **options: Any) -> Any:
            return (real if isinstance(self, agent) else seen)(self, *args, **options)

        return run

    return around


@functools.cache
def _stepped(kind: Any) -> Any:
    """A class of streams that is like another one, and each step is the agent's."""

    class Stepped(kind):  # type: ignore[misc]
        __doc__ = kind.__doc__

        async def __anext__(self) -> Any:
            return await getattr(self, _ACTS).step(super().__anext__)

        async def get_final_response(self) -> Any:
            return await getattr(self, _ACTS).step(super().get_final_response, last=True)

        async def close(self, *args: Any) -> Any:
            closing = functools.partial(super().close, *args)
            return await getattr(self, _ACTS).step(closing, last=True)

    Stepped.__module__, Stepped.__qualname__ = kind.__module__, kind.__qualname__
    Stepped.__name__ = kind.__name__
    return Stepped


def _opening(agent: Any, options: Mapping[str, Any]) -> Opening:
    model: dict[str, Any] = {"model": getattr(getattr(agent, "client", None), "model", None)}
    for given in (getattr(agent, "default_options", None), options.get("options")):
        if isinstance(given, Mapping):
            model.update({name: value for name, value in given.items() if name not in _ITS_OWN})
    name = _name_of(agent)
    return an_agent(name, id=workflows.id_of(name), model=model)


def _name_of(agent: Any) -> str:
    """What the agent is called; one that nobody gave a name or an id is called by its class."""
    given = getattr(agent, "id", None)
    made_up = not isinstance(given, str) or _UUID.fullmatch(given)
    return str(agent.name or (type(agent).__name__ if made_up else given))


def _is_of_the_day(inside: dict[str, Any], name: str) -> bool:
    """The session's id is, and those of calls."""
    one = inside[name]
    is_calls = name == "id" and isinstance(one, str) and one.startswith("af-call-")
    return name == "session_id" or is_calls


# -- limits -------------------------------------------------------------------------------------
def _get_response(real: Any) -> Any:
    """A model that may not choose a tool any more: a limit has ended what the agent would do."""

    @functools.wraps(real)
    def get_response(self: Any, *args: Any, **options: Any) -> Any:
        acting = _acting.get()
        if acting is not None and current.frame() is not None:
            given = options.get("options") or {}
            choice = given.get("tool_choice") if isinstance(given, Mapping) else None
            if not acting.asked:
                acting.chosen = choice
            elif choice == "none" != acting.chosen:
                status(LIMIT, _limit_of(self, acting.asked))
            acting.asked += 1
        return real(self, *args, **options)

    return get_response


def _limit_of(client: Any, asked: int) -> str:
    """Name the limit; it is one of several, of which the framework says only that there is one."""
    limits = getattr(client, "function_invocation_configuration", None) or {}
    if asked >= limits.get("max_iterations", asked + 1):
        return "max_iterations"
    others = ("max_function_calls", "max_duration_seconds", "max_consecutive_errors_per_request")
    return " or ".join(name for name in others if limits.get(name) is not None)


# -- tools --------------------------------------------------------------------------------------
_call_id: ContextVar[str | None] = ContextVar("agenttrace_agent_framework_call", default=None)
"""What the provider calls the call that is made here."""


_ASKS = "_call_tool_with_runtime_kwargs"
"""What the function of a tool is called that an MCP server has."""

_LOADS = ("_load_progressive_mcp_tool", "_unload_progressive_mcp_tool")
"""What functions are called that give an agent tools of a server, and take them: they run."""


def _invoke(real: Any) -> Any:
    @functools.wraps(real)
    async def invoke(self: Any, *args: Any, **options: Any) -> Any:
        token = _call_id.set(options.get("tool_call_id"))
        try:
            return await real(self, *args, **options)
        finally:
            _call_id.reset(token)

    return invoke


def _invoke_function(real: Any) -> Any:
    """Inside what counts and validates, and around the thread that a plain function runs in."""

    @functools.wraps(real)
    async def invoke_function(self: Any, call_kwargs: Mapping[str, Any]) -> Any:
        fn = _function_of(self)
        known = getattr(fn, "__name__", "")
        if known in _LOADS:
            return await real(self, call_kwargs)
        context = getattr(self, "_context_parameter_name", None)
        call = ToolCall(
            name=self.name,
            arguments={name: value for name, value in call_kwargs.items() if name != context},
            id=_call_id.get(),
            fn=fn,
            mcp=known == _ASKS,
        )
        return await answered_async(call, lambda: real(self, call_kwargs))

    return invoke_function


def _function_of(tool: Any) -> Any:
    """The user's function; a tool may be made of a tool."""
    found = tool.func
    while hasattr(found, "func") and hasattr(found, "invoke"):
        found = found.func
    return found


# -- where they stand ---------------------------------------------------------------------------
def _seams_of_agents(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [
        Seam(owner=names.Agent, name="run", around=_run),
        Seam(owner=names.RawAgent, name="run", around=_run_of_any(names.Agent)),
    ]


def _seams_of_tools(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [
        Seam(owner=names.FunctionTool, name="invoke", around=_invoke),
        Seam(owner=names.FunctionTool, name="_invoke_function", around=_invoke_function),
    ]


def _seams_of_clients(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [Seam(owner=names.BaseChatClient, name="get_response", around=_get_response)]


FRAMEWORK = Framework(
    name="agent-framework-core",
    oldest="1.10.0",
    newest="1.23.0",
    late={
        "agent_framework._agents": _seams_of_agents,
        "agent_framework._tools": _seams_of_tools,
        "agent_framework._clients": _seams_of_clients,
        **workflows.LATE,
        **orchestrations.LATE,
    },
)
