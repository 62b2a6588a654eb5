"""strands-agents, in OpenAI's language."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from mcp import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from strands import Agent, ToolContext, tool
from strands.models.openai import OpenAIModel
from strands.multiagent import GraphBuilder, Swarm
from strands.tools.mcp import MCPClient

from tests.frameworks import scenes
from tests.frameworks.scenes import ASKED, Found, Stage, Troupe


def _agent(stage: Stage, name: str, prompt: str, **more: Any) -> Agent:
    @tool
    def look_up_order(order: str) -> str:
        """Look an order up."""
        return stage.look_up(order)

    return Agent(
        name=name,
        model=OpenAIModel(
            client_args={"base_url": stage.url, "api_key": "none", "max_retries": 0},
            model_id="gpt-4o",
        ),
        system_prompt=stage.prompt(prompt),
        tools=more.pop("tools", [look_up_order]),
        callback_handler=None,
        **more,
    )


async def _run(agent: Agent, **options: Any) -> str:
    return str(await agent.invoke_async(ASKED, **options)).strip()


def sync(stage: Stage) -> Any:
    """A call, whose loop is in a thread."""
    return str(_agent(stage, "desk", scenes.DESK)(ASKED)).strip()


def in_a_loop(stage: Stage) -> Any:
    """`invoke_async`."""
    return asyncio.run(_run(_agent(stage, "desk", scenes.DESK)))


def stream(stage: Stage) -> Any:
    """`stream_async`, read to the end."""

    async def main() -> Any:
        events = _agent(stage, "desk", scenes.DESK).stream_async(ASKED)
        return [event["data"] async for event in events if "data" in event]

    return asyncio.run(main())


def parallel(stage: Stage) -> Any:
    """Three tools in one turn."""
    return asyncio.run(_run(_agent(stage, "gatherer", scenes.GATHERER)))


def handoff(stage: Stage) -> Any:
    """A swarm of two."""
    triage = _agent(stage, "triage", scenes.TRIAGE, tools=[])
    refunds = _agent(stage, "refunds", scenes.REFUNDS)
    result = Swarm([triage, refunds], entry_point=triage, id="desks")(ASKED)
    return [node.node_id for node in result.node_history]


def delegation(stage: Stage) -> Any:
    """An agent as a tool."""
    expert = _agent(stage, "expert", scenes.EXPERT)
    asks = expert.as_tool(name="ask_expert", description="Ask the expert.")
    return asyncio.run(_run(_agent(stage, "lead", scenes.LEAD, tools=[asks])))


def twins(stage: Stage) -> Any:
    """Three runs at once."""

    async def main() -> Any:
        workers = [_agent(stage, "worker", scenes.WORKER, tools=[]) for _ in range(3)]
        return list(await asyncio.gather(*map(_run, workers)))

    return asyncio.run(main())


def limit(stage: Stage) -> Any:
    """A limit of turns, which ends the run without an exception."""
    runner = _agent(stage, "runner", scenes.RUNNER)
    return runner(ASKED, limits={"turns": 3}).stop_reason


def failing(stage: Stage) -> Any:
    """The framework tells the model what the tool raised."""
    return asyncio.run(_run(_agent(stage, "clumsy", scenes.CLUMSY)))


def typed(stage: Stage) -> Any:
    """The framework writes the object as text for the model."""

    @tool
    def look_up_order(order: str) -> Found:
        """Look an order up."""
        return stage.find(order)

    desk = _agent(stage, "desk", scenes.DESK, tools=[look_up_order])
    desk(ASKED)
    return [repr(message["content"]) for message in desk.messages]


def state(stage: Stage) -> Any:
    """A tool writes what it found into the agent's state."""

    @tool(context=True)
    def look_up_order(order: str, tool_context: ToolContext) -> str:
        """Look an order up."""
        tool_context.agent.state.set("found", stage.look_up(order))
        tool_context.agent.state.delete("case")
        return str(tool_context.agent.state.get("found"))

    desk = _agent(stage, "desk", scenes.DESK, tools=[look_up_order], state={"case": 1})
    desk(ASKED)
    return desk.state.get()


def workflow(stage: Stage) -> Any:
    """A graph: three nodes at once, and one that reads what they said."""
    builder = GraphBuilder()
    builder.set_graph_id("office")
    judge = builder.add_node(_agent(stage, "judge", scenes.WORKER, tools=[]), "judge")
    for name in ("first", "second", "third"):
        worker = builder.add_node(_agent(stage, name, scenes.GATHERER), name)
        builder.add_edge(worker, judge)
    builder.set_execution_timeout(600)
    result = builder.build()(ASKED)
    return [str(result.results["judge"].result).strip(), len(result.execution_order)]


def plan(stage: Stage) -> Any:
    """A swarm of three."""
    triage = _agent(stage, "triage", scenes.TRIAGE, tools=[])
    others = [_agent(stage, name, scenes.REFUNDS) for name in ("refunds", "shipping")]
    result = Swarm([triage, *others], entry_point=triage, id="desks")(ASKED)
    return [node.node_id for node in result.node_history]


def nothing(stage: Stage) -> Any:
    """The framework tells the model so."""

    @tool
    def look_up_order(order: str) -> None:
        """Look an order up."""
        stage.visit(order)

    return asyncio.run(_run(_agent(stage, "desk", scenes.DESK, tools=[look_up_order])))


def opaque(stage: Stage) -> Any:
    """The framework writes anything as text for the model."""

    @tool
    def look_up_order(order: str) -> object:
        """Look an order up."""
        return stage.opaque(order)

    return asyncio.run(_run(_agent(stage, "desk", scenes.DESK, tools=[look_up_order])))


def cancelled(stage: Stage) -> Any:
    """A tool that is a task of the framework's."""

    @tool
    async def look_up_order(order: str) -> str:
        """Look an order up."""
        return await stage.hang(order)

    desk = _agent(stage, "desk", scenes.DESK, tools=[look_up_order])
    return asyncio.run(scenes.given_up(stage, _run(desk)))


def notebook(stage: Stage) -> Any:
    """`invoke_async`."""
    return _run(_agent(stage, "desk", scenes.DESK))


def mcp(stage: Stage) -> Any:
    """`MCPClient`, whose session is in a thread of its own."""
    office = stage.office
    assert office is not None

    def wire() -> Any:
        if office.url:
            return streamable_http_client(office.url)
        command, *words = office.command
        return stdio_client(StdioServerParameters(command=command, args=words))

    with MCPClient(wire) as client:
        desk = _agent(stage, "desk", scenes.DESK, tools=[*client.list_tools_sync()])
        return str(desk(ASKED)).strip()


def sharing(stage: Stage) -> Any:
    """Tools at once that write into one state."""

    @tool(context=True)
    def look_up_order(order: str, tool_context: ToolContext) -> str:
        """Look an order up."""
        tool_context.agent.state.set(order, stage.look_up(order))
        return "done"

    gatherer = _agent(stage, "gatherer", scenes.GATHERER, tools=[look_up_order])
    gatherer(ASKED)
    return gatherer.state.get()


def telling(stage: Stage) -> Any:
    """A tool that tells how far it is."""

    @tool
    async def look_up_order(order: str) -> AsyncIterator[str]:
        """Look an order up."""
        yield "looking"
        yield stage.look_up(order)

    async def main() -> Any:
        desk = _agent(stage, "desk", scenes.DESK, tools=[look_up_order])
        told = [event.get("tool_stream_event") async for event in desk.stream_async(ASKED)]
        return [one["data"] for one in told if one is not None]

    return asyncio.run(main())


TROUPE = Troupe(
    framework="strands-agents",
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
        "workflow": workflow,
    },
    more={
        "plan": plan,
        "nothing": nothing,
        "opaque": opaque,
        "cancelled": cancelled,
        "notebook": notebook,
        "mcp": mcp,
    },
)
