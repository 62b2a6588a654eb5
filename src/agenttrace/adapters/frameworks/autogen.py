"""autogen-agentchat: agents, their tools and handoffs, states, limits; streamed or not.

Teams, and the runtime that carries their messages, are in `autogen_teams.py`.
"""

from __future__ import annotations

import contextlib
import functools
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.frameworks import autogen_teams as teams
from agenttrace.adapters.frameworks.acting import LIMIT, an_agent, chose, remember
from agenttrace.adapters.frameworks.framework import Framework
from agenttrace.adapters.frameworks.teams import team_here
from agenttrace.adapters.frameworks.tools import ToolCall, answered_async, arguments_of, plainly
from agenttrace.adapters.plain.doing import Doing, Opening, begun
from agenttrace.adapters.plain.notes import status
from agenttrace.adapters.plain.steps import Stepped, stepped_in_a_run
from agenttrace.causal import current
from agenttrace.causal.spawn.patching import Seam
from agenttrace.model import names
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator
    from types import ModuleType


class _Acting:
    """One turn of an agent; in a team, at the place that has its name.

    Attributes:
        agent: The framework's own object.
    """

    def __init__(self, agent: Any) -> None:
        self.agent = agent
        self._team = team_here.get()
        known = "" if self._team is None else self._team.id_of(agent.name, agent.name)
        self._doing = Doing(_opening(agent, known))

    @contextlib.contextmanager
    def whole(self) -> Iterator[None]:
        """Begin and end its span."""
        with begun(self._doing):
            if self._team is not None:
                self._team.begun(self.agent.name, self._doing)
            yield

    @contextlib.contextmanager
    def step(self) -> Iterator[None]:
        """Stand inside; a team that it runs in its turn has places of its own."""
        acting, team = _acting.set(self), team_here.set(None)
        try:
            with self._doing.step():
                yield
        finally:
            teams.back(team_here, team)
            teams.back(_acting, acting)

    def hands_over(self, target: str) -> None:
        """Say to whom, and among whom it could have chosen."""
        handoffs = getattr(self.agent, "_handoffs", None) or {}
        chose([target], [handoff.target for handoff in handoffs.values()])
        if self._team is not None:
            self._team.arrivals[target] = self._doing.id


_acting: ContextVar[_Acting | None] = ContextVar("agenttrace_autogen", default=None)
"""Who acts here."""


# -- agents -------------------------------------------------------------------------------------
def _run(real: Any) -> Any:
    @functools.wraps(real)
    async def run(self: Any, *args: Any, **options: Any) -> Any:
        if current.frame() is None:
            return await real(self, *args, **options)
        acting = _Acting(self)
        with acting.whole(), acting.step():
            result = await real(self, *args, **options)
            _look_at(result.messages[-1])
            await _remember(self)
        return result

    return run


def _run_stream(real: Any) -> Any:
    def start(source: Any, args: Any, _: Any) -> Stepped:
        acting = _Acting(args[0])
        return Stepped(_remembering(args[0], source), acting.whole(), acting.step)

    return stepped_in_a_run(real, start)


async def _remembering(agent: Any, source: AsyncGenerator[Any, Any]) -> AsyncGenerator[Any, Any]:
    async with contextlib.aclosing(source):
        async for message in source:
            _look_at(message)
            yield message
    await _remember(agent)


def _on_message(real: Any) -> Any:
    """An agent of a team acts when the team's manager asks it to."""

    @functools.wraps(real)
    async def on_message_impl(self: Any, message: Any, ctx: Any) -> Any:
        agent = getattr(self, "_agent", None)
        asked = type(message).__name__ == "GroupChatRequestPublish"
        team = team_here.get()
        if team is not None and type(self).__name__ == "MagenticOneOrchestrator":
            with teams.managing(self, team):
                return await real(self, message, ctx)
        if current.frame() is None or not asked or not hasattr(agent, "on_messages"):
            return await real(self, message, ctx)
        acting = _Acting(agent)
        with acting.whole(), acting.step():
            done = await real(self, message, ctx)
            await _remember(agent)
        return done

    return on_message_impl


def _log_message(real: Any) -> Any:
    """What an agent of a team says comes through here."""

    @functools.wraps(real)
    async def log_message(self: Any, message: Any) -> Any:
        _look_at(message)
        return await real(self, message)

    return log_message


def _look_at(message: Any) -> None:
    """See whether what an agent says hands over, or tells that a limit has ended its turn."""
    acting, kind = _acting.get(), type(message).__name__
    if acting is None:
        return
    if kind == "HandoffMessage":
        acting.hands_over(message.target)
    elif kind == "ToolCallSummaryMessage" and getattr(acting.agent, "_max_tool_iterations", 1) > 1:
        status(LIMIT, "max_tool_iterations")


async def _remember(agent: Any) -> None:
    remember(plainly(await agent.save_state()))


def _opening(agent: Any, known: str) -> Opening:
    client = getattr(agent, "_model_client", None)
    return an_agent(
        agent.name,
        id=known,
        type="llm" if client is not None else type(agent).__name__,
        model=teams.configuration_of(client),
    )


# -- tools --------------------------------------------------------------------------------------
_call_id: ContextVar[str | None] = ContextVar("agenttrace_autogen_call", default=None)
"""What the provider calls the call that is made here."""


def _run_json(real: Any) -> Any:
    """A tool of the user's that is a class of its own is asked here; one that runs a team, runs."""

    @functools.wraps(real)
    async def run_json(self: Any, args: Any, *more: Any, **options: Any) -> Any:
        given = more[1] if len(more) > 1 else options.get("call_id")
        token = _call_id.set(given)
        try:
            if current.frame() is None or hasattr(self, "_func") or _hands_over(self):
                return await real(self, args, *more, **options)
            if hasattr(self, "_task_runner"):
                with Doing(_as_tool(self, args, given)):
                    return await real(self, args, *more, **options)
            call = ToolCall(name=self.name, arguments=args, id=given, fn=self.run)
            return await answered_async(call, lambda: real(self, args, *more, **options))
        finally:
            _call_id.reset(token)

    return run_json


def _run_json_stream(real: Any) -> Any:
    def start(source: Any, args: Any, options: Any) -> Stepped:
        given = args[3] if len(args) > 3 else options.get("call_id")  # noqa: PLR2004 - the last
        doing = Doing(_as_tool(args[0], args[1], given))
        return Stepped(source, begun(doing), doing.step)

    return stepped_in_a_run(real, start)


def _as_tool(tool: Any, args: Any, call_id: str | None) -> Opening:
    """A tool that is agent code: it runs in a replay, too, and its agents are answered."""
    attributes: dict[str, object] = {
        names.TOOL_NAME: tool.name,
        names.TOOL_ARGUMENTS: arguments_of(args),
    }
    if call_id:
        attributes[names.TOOL_CALL_ID] = call_id
    return Opening(kind=SpanKind.TOOL, name=tool.name, step="tool", attributes=attributes)


def _hands_over(tool: Any) -> bool:
    """Whether it is a handoff, which does nothing but say so."""
    acting = _acting.get()
    return any(one is tool for one in getattr(getattr(acting, "agent", None), "_handoff_tools", ()))


def _run_function(real: Any) -> Any:
    @functools.wraps(real)
    async def run(self: Any, args: Any, cancellation_token: Any) -> Any:
        if current.frame() is None or _hands_over(self):
            return await real(self, args, cancellation_token)
        given = {name: getattr(args, name) for name in type(args).model_fields}
        call = ToolCall(name=self.name, arguments=given, id=_call_id.get(), fn=self._func)
        return await answered_async(call, lambda: real(self, args, cancellation_token))

    return run


# -- where they stand ---------------------------------------------------------------------------
def _seams_of_agents(module: ModuleType) -> list[Seam]:
    owner = module.BaseChatAgent
    return [
        Seam(owner=owner, name="run", around=_run),
        Seam(owner=owner, name="run_stream", around=_run_stream),
    ]


def _seams_of_places(module: ModuleType) -> list[Seam]:
    owner = module.ChatAgentContainer
    return [Seam(owner=owner, name="_log_message", around=_log_message)]


def _seams_of_turns(module: ModuleType) -> list[Seam]:
    owner = module.SequentialRoutedAgent
    return [
        Seam(owner=owner, name="on_message_impl", around=_on_message),
        *teams.seams_of_locks(module),
    ]


def _seams_of_tools(module: ModuleType) -> list[Seam]:
    return [
        Seam(owner=module.BaseTool, name="run_json", around=_run_json),
        Seam(owner=module.BaseStreamTool, name="run_json_stream", around=_run_json_stream),
    ]


def _seams_of_functions(module: ModuleType) -> list[Seam]:
    return [Seam(owner=module.FunctionTool, name="run", around=_run_function)]


_CHAT = "autogen_agentchat.teams._group_chat."

FRAMEWORK = Framework(
    name="autogen-agentchat",
    oldest="0.7.1",
    newest="0.7.5",
    late={
        "autogen_agentchat.agents._base_chat_agent": _seams_of_agents,
        f"{_CHAT}_chat_agent_container": _seams_of_places,
        f"{_CHAT}_sequential_routed_agent": _seams_of_turns,
        "autogen_core.tools._base": _seams_of_tools,
        "autogen_core.tools._function_tool": _seams_of_functions,
        **teams.LATE,
    },
)
