"""Microsoft Agent Framework."""

from __future__ import annotations

import asyncio
import warnings
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # older releases warn of parts of their own
    from agent_framework import Agent, InMemoryHistoryProvider
    from agent_framework.openai import OpenAIChatClient, OpenAIChatCompletionClient
    from agent_framework.orchestrations import ConcurrentBuilder, HandoffBuilder

from tests.frameworks import scenes
from tests.frameworks.scenes import ASKED, Found, Stage, Troupe


def _agent(
    stage: Stage, name: str, prompt: str, *, responses: bool = False, **more: Any
) -> Agent[Any]:
    def look_up_order(order: str) -> str:
        """Look an order up."""
        return stage.look_up(order)

    speaks: Any = OpenAIChatClient if responses else OpenAIChatCompletionClient
    client = speaks(model="gpt-4o", base_url=stage.url, api_key="none")
    client.function_invocation_configuration["max_iterations"] = more.pop("limit", 40)
    if responses:
        more["default_options"] = {"store": False}  # else older releases send no history along
    return Agent(
        client=client,
        name=name,
        instructions=stage.prompt(prompt),
        tools=more.pop("tools", [look_up_order]),
        **more,
    )


async def _run(agent: Agent[Any], **options: Any) -> str:
    return str((await agent.run(ASKED, **options)).text)


def sync(stage: Stage) -> Any:
    """The framework has no way without a loop: `asyncio.run` makes one."""
    return asyncio.run(_run(_agent(stage, "desk", scenes.DESK)))


def in_a_loop(stage: Stage) -> Any:
    """`run`, in the Responses API's language."""
    return asyncio.run(_run(_agent(stage, "desk", scenes.DESK, responses=True)))


def stream(stage: Stage) -> Any:
    """`run(stream=True)`, read to the end."""

    async def main() -> Any:
        answer = _agent(stage, "desk", scenes.DESK).run(ASKED, stream=True)
        pieces = [update.text async for update in answer]
        return [pieces, (await answer.get_final_response()).text]

    return asyncio.run(main())


def parallel(stage: Stage) -> Any:
    """Three tools in one turn, in threads."""
    return asyncio.run(_run(_agent(stage, "gatherer", scenes.GATHERER)))


def handoff(stage: Stage) -> Any:
    """A handoff."""

    async def main() -> Any:
        more = {"require_per_service_call_history_persistence": True}
        refunds = _agent(stage, "refunds", scenes.REFUNDS, **more)
        triage = _agent(stage, "triage", scenes.TRIAGE, tools=[], **more)
        flow = HandoffBuilder(participants=[triage, refunds]).with_start_agent(triage).build()
        return [one.text for one in (await flow.run(ASKED)).get_outputs()]

    return asyncio.run(main())


def delegation(stage: Stage) -> Any:
    """An agent as a tool."""
    expert = _agent(stage, "expert", scenes.EXPERT)
    asks = expert.as_tool(name="ask_expert", description="Ask the expert.", arg_name="question")
    return asyncio.run(_run(_agent(stage, "lead", scenes.LEAD, tools=[asks])))


def twins(stage: Stage) -> Any:
    """Three runs at once."""

    async def main() -> Any:
        workers = [_agent(stage, "worker", scenes.WORKER, tools=[]) for _ in range(3)]
        return list(await asyncio.gather(*map(_run, workers)))

    return asyncio.run(main())


def limit(stage: Stage) -> Any:
    """`max_iterations`; the framework has the model say something without tools."""
    return asyncio.run(_run(_agent(stage, "runner", scenes.RUNNER, limit=3)))


def failing(stage: Stage) -> Any:
    """The framework tells the model that the tool failed."""
    return asyncio.run(_run(_agent(stage, "clumsy", scenes.CLUMSY)))


def typed(stage: Stage) -> Any:
    """The framework writes the object as text for the model."""

    def look_up_order(order: str) -> Found:
        """Look an order up."""
        return stage.find(order)

    async def main() -> Any:
        said = await _agent(stage, "desk", scenes.DESK, tools=[look_up_order]).run(ASKED)
        return [str(part.result) for message in said.messages for part in message.contents]

    return asyncio.run(main())


def state(stage: Stage) -> Any:
    """A session."""

    async def main() -> Any:
        agent = _agent(stage, "desk", scenes.DESK, context_providers=[InMemoryHistoryProvider()])
        return await _run(agent, session=agent.create_session())

    return asyncio.run(main())


def plan(stage: Stage) -> Any:
    """A handoff to one of two."""

    async def main() -> Any:
        more = {"require_per_service_call_history_persistence": True}
        refunds = _agent(stage, "refunds", scenes.REFUNDS, **more)
        shipping = _agent(stage, "shipping", scenes.REFUNDS, **more)
        triage = _agent(stage, "triage", scenes.TRIAGE, tools=[], **more)
        builder = HandoffBuilder(participants=[triage, refunds, shipping])
        flow = builder.with_start_agent(triage).build()
        return [one.text for one in (await flow.run(ASKED)).get_outputs()]

    return asyncio.run(main())


def tasks(stage: Stage) -> Any:
    """Three agents at once, by a workflow."""
    workers = [_agent(stage, f"worker_{number}", scenes.WORKER, tools=[]) for number in range(3)]

    async def main() -> Any:
        said = await ConcurrentBuilder(participants=workers).build().run(ASKED)
        return [one.text for one in said.get_outputs()]

    return asyncio.run(main())


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


def notebook(stage: Stage) -> Any:
    """`run`."""
    return _run(_agent(stage, "desk", scenes.DESK))


def mcp(stage: Stage) -> Any:
    """`MCPStdioTool` and `MCPStreamableHTTPTool`, whose session has a task of its own."""
    from agent_framework import MCPStdioTool, MCPStreamableHTTPTool

    assert stage.office is not None
    command, *words = stage.office.command

    async def main() -> Any:
        server: Any = (
            MCPStreamableHTTPTool("orders", stage.office.url)
            if stage.office.url
            else MCPStdioTool("orders", command, args=words)
        )
        async with server:
            return await _run(_agent(stage, "desk", scenes.DESK, tools=[server]))

    return asyncio.run(main())


TROUPE = Troupe(
    framework="agent-framework-core",
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
    more={
        "plan": plan,
        "tasks": tasks,
        "nothing": nothing,
        "opaque": opaque,
        "cancelled": cancelled,
        "notebook": notebook,
        "mcp": mcp,
    },
)
