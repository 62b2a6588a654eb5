"""openai-agents."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import agents
from agents import (
    Agent,
    ModelSettings,
    OpenAIProvider,
    RunConfig,
    Runner,
    SQLiteSession,
    function_tool,
)
from agents.mcp import MCPServerStdio, MCPServerStreamableHttp

from tests.frameworks import scenes
from tests.frameworks.scenes import ASKED, Found, Stage, Troupe


def _config(stage: Stage, *, responses: bool = False) -> RunConfig:
    provider = OpenAIProvider(base_url=stage.url, api_key="none", use_responses=responses)
    return RunConfig(model_provider=provider, tracing_disabled=True)


def _agent(stage: Stage, name: str, prompt: str, **more: Any) -> Agent[Any]:
    def look_up_order(order: str) -> str:
        """Look an order up."""
        return stage.look_up(order)

    return Agent(
        name=name,
        instructions=stage.prompt(prompt),
        model="gpt-4o",
        tools=more.pop("tools", [function_tool(look_up_order)]),
        **more,
    )


async def _run(stage: Stage, agent: Agent[Any], **options: Any) -> Any:
    result = await Runner.run(agent, ASKED, run_config=_config(stage), **options)
    return result.final_output


def sync(stage: Stage) -> Any:
    """`run_sync`, which makes its own loop."""
    agent = _agent(stage, "desk", scenes.DESK)
    return Runner.run_sync(agent, ASKED, run_config=_config(stage)).final_output


def in_a_loop(stage: Stage) -> Any:
    """`run`, in the Responses API's language."""

    async def main() -> Any:
        agent = _agent(stage, "desk", scenes.DESK)
        return await Runner.run(agent, ASKED, run_config=_config(stage, responses=True))

    return asyncio.run(main()).final_output


def stream(stage: Stage) -> Any:
    """`run_streamed`, read to the end."""

    async def main() -> Any:
        agent = _agent(stage, "desk", scenes.DESK)
        counted = ModelSettings(include_usage=True)
        config = dataclasses.replace(_config(stage), model_settings=counted)
        result = Runner.run_streamed(agent, ASKED, run_config=config)
        kinds = [event.type async for event in result.stream_events()]
        return [result.final_output, kinds]

    return asyncio.run(main())


def parallel(stage: Stage) -> Any:
    """Three tools in one turn."""
    return asyncio.run(_run(stage, _agent(stage, "gatherer", scenes.GATHERER)))


def handoff(stage: Stage) -> Any:
    """A handoff."""
    refunds = _agent(stage, "refunds", scenes.REFUNDS)
    triage = _agent(stage, "triage", scenes.TRIAGE, tools=[], handoffs=[refunds])
    return asyncio.run(_run(stage, triage))


def delegation(stage: Stage) -> Any:
    """An agent as a tool."""
    expert = _agent(stage, "expert", scenes.EXPERT)
    config = _config(stage)
    asks = expert.as_tool("ask_expert", "Ask the expert.", run_config=config)
    return asyncio.run(_run(stage, _agent(stage, "lead", scenes.LEAD, tools=[asks])))


def twins(stage: Stage) -> Any:
    """Three runs at once."""

    async def main() -> Any:
        workers = [_agent(stage, "worker", scenes.WORKER, tools=[]) for _ in range(3)]
        return list(await asyncio.gather(*(_run(stage, worker) for worker in workers)))

    return asyncio.run(main())


def limit(stage: Stage) -> Any:
    """`max_turns`."""
    asyncio.run(_run(stage, _agent(stage, "runner", scenes.RUNNER), max_turns=3))


def failing(stage: Stage) -> Any:
    """The framework tells the model what the tool raised."""
    return asyncio.run(_run(stage, _agent(stage, "clumsy", scenes.CLUMSY)))


def typed(stage: Stage) -> Any:
    """The framework writes the object as text for the model."""

    def look_up_order(order: str) -> Found:
        """Look an order up."""
        return stage.find(order)

    agent = _agent(stage, "desk", scenes.DESK, tools=[function_tool(look_up_order)])

    async def main() -> Any:
        result = await Runner.run(agent, ASKED, run_config=_config(stage))
        return [str(getattr(item, "output", "")) for item in result.new_items]

    return asyncio.run(main())


def state(stage: Stage) -> Any:
    """A session."""

    async def main() -> Any:
        session = SQLiteSession("customer 1")
        return await _run(stage, _agent(stage, "desk", scenes.DESK), session=session)

    return asyncio.run(main())


def plan(stage: Stage) -> Any:
    """A handoff to one of two."""
    refunds = _agent(stage, "refunds", scenes.REFUNDS)
    shipping = _agent(stage, "shipping", scenes.REFUNDS)
    triage = _agent(stage, "triage", scenes.TRIAGE, tools=[], handoffs=[refunds, shipping])
    return asyncio.run(_run(stage, triage))


def nothing(stage: Stage) -> Any:
    """The framework tells the model so."""

    def look_up_order(order: str) -> None:
        """Look an order up."""
        stage.visit(order)

    agent = _agent(stage, "desk", scenes.DESK, tools=[function_tool(look_up_order)])
    return asyncio.run(_run(stage, agent))


def opaque(stage: Stage) -> Any:
    """The framework writes anything as text for the model."""

    def look_up_order(order: str) -> object:
        """Look an order up."""
        return stage.opaque(order)

    agent = _agent(stage, "desk", scenes.DESK, tools=[function_tool(look_up_order)])
    return asyncio.run(_run(stage, agent))


def cancelled(stage: Stage) -> Any:
    """A tool that is a task of the framework's."""

    async def look_up_order(order: str) -> str:
        """Look an order up."""
        return await stage.hang(order)

    agent = _agent(stage, "desk", scenes.DESK, tools=[function_tool(look_up_order)])
    return asyncio.run(scenes.given_up(stage, _run(stage, agent)))


def notebook(stage: Stage) -> Any:
    """`run`."""
    return _run(stage, _agent(stage, "desk", scenes.DESK))


def mcp(stage: Stage) -> Any:
    """`MCPServerStdio`, `MCPServerStreamableHttp`."""
    assert stage.office is not None
    words = stage.office.command
    server = (
        MCPServerStreamableHttp({"url": stage.office.url})
        if stage.office.url
        else MCPServerStdio({"command": words[0], "args": [*words[1:]]})
    )

    async def main() -> Any:
        async with server:
            desk = _agent(stage, "desk", scenes.DESK, tools=[], mcp_servers=[server])
            return await _run(stage, desk)

    return asyncio.run(main())


TROUPE = Troupe(
    framework="openai-agents",
    programs={
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
    },
    limit=agents.MaxTurnsExceeded,
    more={
        "plan": plan,
        "nothing": nothing,
        "opaque": opaque,
        "cancelled": cancelled,
        "notebook": notebook,
        "mcp": mcp,
    },
)
