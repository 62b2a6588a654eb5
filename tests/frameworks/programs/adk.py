"""google-adk, in Gemini's own language."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

from google.adk.agents import BaseAgent, LlmAgent, LoopAgent, ParallelAgent, SequentialAgent
from google.adk.agents.invocation_context import LlmCallsLimitExceededError
from google.adk.agents.run_config import RunConfig, StreamingMode
from google.adk.models.google_llm import Gemini
from google.adk.runners import InMemoryRunner
from google.adk.tools import ToolContext, exit_loop
from google.adk.tools.agent_tool import AgentTool
from google.adk.tools.mcp_tool import (
    McpToolset,
    StdioConnectionParams,
    StreamableHTTPConnectionParams,
)
from google.genai import types
from mcp import StdioServerParameters

from tests.frameworks import scenes
from tests.frameworks.scenes import ASKED, Found, Program, Stage, Troupe
from tests.frameworks.theatre import loading


def _model(stage: Stage) -> Gemini:
    options = types.HttpOptions(base_url=stage.url.removesuffix("/v1"))
    return Gemini(model="gpt-4o", client_kwargs={"api_key": "none", "http_options": options})


def _agent(stage: Stage, name: str, prompt: str, **more: Any) -> LlmAgent:
    def look_up_order(order: str) -> str:
        """Look an order up."""
        return stage.look_up(order)

    return LlmAgent(
        name=name,
        model=_model(stage),
        instruction=stage.prompt(prompt),
        tools=more.pop("tools", [look_up_order]),
        **more,
    )


def _words(events: list[Any]) -> str:
    """What was said last that is no piece of a stream."""
    said = [
        part.text
        for event in events
        if event.content and not event.partial
        for part in event.content.parts or ()
        if part.text
    ]
    return str(said[-1])


async def _events(agent: BaseAgent, state: Any = None, **options: Any) -> list[Any]:
    runner = InMemoryRunner(agent=agent, app_name="desk")
    session = await runner.session_service.create_session(
        app_name="desk", user_id="customer", state=state
    )
    asked = types.UserContent(ASKED)
    events = runner.run_async(
        user_id="customer", session_id=session.id, new_message=asked, **options
    )
    return [event async for event in events]


async def _run(agent: BaseAgent, **options: Any) -> str:
    return _words(await _events(agent, **options))


def sync(stage: Stage) -> Any:
    """`Runner.run`, whose loop is in a thread."""
    runner = InMemoryRunner(agent=_agent(stage, "desk", scenes.DESK), app_name="desk")
    runner.auto_create_session = True
    asked = types.UserContent(ASKED)
    return _words(list(runner.run(user_id="customer", session_id="1", new_message=asked)))


def in_a_loop(stage: Stage) -> Any:
    """`run_async`."""
    return asyncio.run(_run(_agent(stage, "desk", scenes.DESK)))


def stream(stage: Stage) -> Any:
    """`StreamingMode.SSE`."""
    config = RunConfig(streaming_mode=StreamingMode.SSE)
    desk = _agent(stage, "desk", scenes.DESK)
    events = asyncio.run(_events(desk, run_config=config))
    return [_words(events), [bool(event.partial) for event in events]]


def parallel(stage: Stage) -> Any:
    """Three tools in one turn."""
    return asyncio.run(_run(_agent(stage, "gatherer", scenes.GATHERER)))


def handoff(stage: Stage) -> Any:
    """A sub-agent, to which the model transfers."""
    refunds = _agent(stage, "refunds", scenes.REFUNDS, description="Grants refunds.")
    triage = _agent(stage, "triage", scenes.TRIAGE, tools=[], sub_agents=[refunds])
    return asyncio.run(_run(triage))


def delegation(stage: Stage) -> Any:
    """An agent as a tool."""
    expert = _agent(stage, "expert", scenes.EXPERT, description="Knows refunds.")
    lead = _agent(stage, "lead", scenes.LEAD, tools=[AgentTool(expert)])
    return asyncio.run(_run(lead))


def twins(stage: Stage) -> Any:
    """Three runs at once."""

    async def main() -> Any:
        workers = [_agent(stage, "worker", scenes.WORKER, tools=[]) for _ in range(3)]
        return list(await asyncio.gather(*map(_run, workers)))

    return asyncio.run(main())


def limit(stage: Stage) -> Any:
    """`max_llm_calls`."""
    runner = _agent(stage, "runner", scenes.RUNNER)
    return asyncio.run(_run(runner, run_config=RunConfig(max_llm_calls=3)))


def failing(stage: Stage) -> Any:
    """The framework ends the run with what the tool raised."""
    try:
        return asyncio.run(_run(_agent(stage, "clumsy", scenes.CLUMSY)))
    except LookupError as error:
        return str(error)


def typed(stage: Stage) -> Any:
    """The framework writes the object as JSON for the model."""

    def look_up_order(order: str) -> Found:
        """Look an order up."""
        return stage.find(order)

    desk = _agent(stage, "desk", scenes.DESK, tools=[look_up_order])
    events = asyncio.run(_events(desk))
    return [repr(part.response) for event in events for part in event.get_function_responses()]


def state(stage: Stage) -> Any:
    """A tool writes what it found into the session's state, and the prompt reads it there."""

    def look_up_order(order: str, tool_context: ToolContext) -> str:
        """Look an order up."""
        tool_context.state["found"] = stage.look_up(order)
        return str(tool_context.state["found"])

    prompt = scenes.DESK + " Found so far: {found}. The customer asks: {asked}"
    desk = _agent(stage, "desk", prompt, tools=[look_up_order], output_key="answer")
    return asyncio.run(_run(desk, state={"asked": ASKED, "found": "nothing"}))


def workflow(stage: Stage) -> Any:
    """Agents in a loop, until one of them leaves it; then two at once, of three tools each."""
    desk = _agent(stage, "desk", scenes.DESK)
    judge = _agent(stage, "judge", scenes.TRIAGE, tools=[exit_loop])
    loop = LoopAgent(name="until_done", sub_agents=[desk, judge])
    gatherers = [_agent(stage, name, scenes.GATHERER) for name in ("first", "second")]
    both = ParallelAgent(name="both", sub_agents=gatherers)
    events = asyncio.run(_events(SequentialAgent(name="all", sub_agents=[loop, both])))
    said = [(event.author, event.content) for event in events if event.is_final_response()]
    return sorted(
        [author, part.text]
        for author, content in said
        for part in (content.parts if content else ())
        if part.text
    )


def judging(stage: Stage) -> Any:
    """Two at once, then one whose prompt holds what they said, in the order in which they did."""
    workers = [_agent(stage, name, scenes.WORKER, tools=[]) for name in ("first", "second")]
    both = ParallelAgent(name="both", sub_agents=workers)
    judge = _agent(stage, "judge", scenes.DESK)
    return asyncio.run(_run(SequentialAgent(name="all", sub_agents=[both, judge])))


def plan(stage: Stage) -> Any:
    """A transfer to one of two."""
    others = [_agent(stage, name, scenes.REFUNDS) for name in ("refunds", "shipping")]
    return asyncio.run(_run(_agent(stage, "triage", scenes.TRIAGE, tools=[], sub_agents=others)))


def nothing(stage: Stage) -> Any:
    """The framework tells the model so."""

    def look_up_order(order: str) -> None:
        """Look an order up."""
        stage.visit(order)

    return asyncio.run(_run(_agent(stage, "desk", scenes.DESK, tools=[look_up_order])))


def opaque(stage: Stage) -> Any:
    """The framework writes anything as text for the model."""

    def look_up_order(order: str) -> object:
        """Look an order up."""
        return stage.opaque(order)

    return asyncio.run(_run(_agent(stage, "desk", scenes.DESK, tools=[look_up_order])))


def cancelled(stage: Stage) -> Any:
    """A tool that is a task of the framework's."""

    async def look_up_order(order: str) -> str:
        """Look an order up."""
        return await stage.hang(order)

    desk = _agent(stage, "desk", scenes.DESK, tools=[look_up_order])
    return asyncio.run(scenes.given_up(stage, _run(desk)))


async def notebook(stage: Stage) -> Any:
    """`run_async`."""
    with loading():
        return await _run(_agent(stage, "desk", scenes.DESK))


def mcp(stage: Stage) -> Any:
    """`McpToolset`, by pipes and by HTTP."""
    assert stage.office is not None
    command, *words = stage.office.command
    way = (
        StreamableHTTPConnectionParams(url=stage.office.url)
        if stage.office.url
        else StdioConnectionParams(
            server_params=StdioServerParameters(command=command, args=words), timeout=60
        )
    )

    async def main() -> Any:
        tools = McpToolset(connection_params=way)
        try:
            return await _run(_agent(stage, "desk", scenes.DESK, tools=[tools]))
        finally:
            await tools.close()

    return asyncio.run(main())


def _quietly(program: Program) -> Program:
    """Let the framework warn: some of it is loaded when it is used first."""

    @functools.wraps(program)
    def quietly(stage: Stage) -> Any:
        with loading():
            return program(stage)

    return quietly


PROGRAMS: dict[str, Program] = {
    "sync": sync,
    "async": in_a_loop,
    "stream": stream,
    "parallel": parallel,
    "handoff": handoff,
    "delegation": delegation,
    "twins": twins,
    "limit": limit,
    "failing": failing,
    "typed": typed,
    "state": state,
    "workflow": workflow,
}
MORE: dict[str, Program] = {
    "plan": plan,
    "nothing": nothing,
    "opaque": opaque,
    "cancelled": cancelled,
    "mcp": mcp,
}

TROUPE = Troupe(
    framework="google-adk",
    programs={scene: _quietly(program) for scene, program in PROGRAMS.items()},
    limit=LlmCallsLimitExceededError,
    more={
        **{scene: _quietly(program) for scene, program in MORE.items()},
        "notebook": notebook,
    },
)
