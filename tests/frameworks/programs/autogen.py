"""AutoGen: autogen-agentchat, with autogen-ext's model client."""

from __future__ import annotations

import asyncio
from typing import Any

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.conditions import TextMentionTermination
from autogen_agentchat.teams import Swarm
from autogen_ext.models.openai import OpenAIChatCompletionClient

from tests.frameworks import scenes
from tests.frameworks.scenes import ASKED, Found, Stage, Troupe


def _client(stage: Stage, **more: Any) -> OpenAIChatCompletionClient:
    client = OpenAIChatCompletionClient(model="gpt-4o", base_url=stage.url, api_key="none", **more)
    client._resolved_model = "gpt-4o"  # else it warns of a model that says its name without a day
    return client


def _agent(stage: Stage, name: str, prompt: str, **more: Any) -> AssistantAgent:
    def look_up_order(order: str) -> str:
        """Look an order up."""
        return stage.look_up(order)

    return AssistantAgent(
        name,
        model_client=more.pop("client", None) or _client(stage),
        system_message=stage.prompt(prompt),
        tools=more.pop("tools", [look_up_order]),
        max_tool_iterations=more.pop("limit", 5),
        **more,
    )


async def _run(agent: AssistantAgent) -> str:
    return str((await agent.run(task=ASKED)).messages[-1].to_text())


def sync(stage: Stage) -> Any:
    """The framework has no way without a loop: `asyncio.run` makes one."""
    return asyncio.run(_run(_agent(stage, "desk", scenes.DESK)))


def in_a_loop(stage: Stage) -> Any:
    """`run`, and the agent thinks once more of what the tool said."""
    return asyncio.run(_run(_agent(stage, "desk", scenes.DESK, reflect_on_tool_use=True)))


def stream(stage: Stage) -> Any:
    """`run_stream` with a streaming model, read to the end."""

    async def main() -> Any:
        client = _client(stage, stream_options={"include_usage": True})
        agent = _agent(stage, "desk", scenes.DESK, client=client, model_client_stream=True)
        said = agent.run_stream(task=ASKED)
        return [[type(one).__name__, str(getattr(one, "content", ""))] async for one in said]

    return asyncio.run(main())


def parallel(stage: Stage) -> Any:
    """Three tools in one turn, in threads."""
    return asyncio.run(_run(_agent(stage, "gatherer", scenes.GATHERER)))


def handoff(stage: Stage) -> Any:
    """A swarm."""

    async def main() -> Any:
        refunds = _agent(stage, "refunds", scenes.REFUNDS)
        triage = _agent(stage, "triage", scenes.TRIAGE, tools=[], handoffs=["refunds"])
        over = TextMentionTermination("twice", sources=["refunds"])
        said = await Swarm([triage, refunds], termination_condition=over).run(task=ASKED)
        return [one.to_text() for one in said.messages if one.source != "user"]

    return asyncio.run(main())


def delegation(stage: Stage) -> Any:
    """An agent that a tool asks."""
    expert = _agent(stage, "expert", scenes.EXPERT)

    async def ask_expert(question: str) -> str:
        """Ask the expert."""
        return str((await expert.run(task=question)).messages[-1].to_text())

    return asyncio.run(_run(_agent(stage, "lead", scenes.LEAD, tools=[ask_expert])))


def twins(stage: Stage) -> Any:
    """Three runs at once."""

    async def main() -> Any:
        workers = [_agent(stage, "worker", scenes.WORKER, tools=[]) for _ in range(3)]
        return list(await asyncio.gather(*map(_run, workers)))

    return asyncio.run(main())


def limit(stage: Stage) -> Any:
    """`max_tool_iterations`; the framework gives what the tools said last."""
    return asyncio.run(_run(_agent(stage, "runner", scenes.RUNNER, limit=3)))


def failing(stage: Stage) -> Any:
    """The framework tells the model what the tool raised."""
    return asyncio.run(_run(_agent(stage, "clumsy", scenes.CLUMSY)))


def typed(stage: Stage) -> Any:
    """The framework writes the object as text for the model."""

    def look_up_order(order: str) -> Found:
        """Look an order up."""
        return stage.find(order)

    async def main() -> Any:
        said = await _agent(stage, "desk", scenes.DESK, tools=[look_up_order]).run(task=ASKED)
        return [one.to_text() for one in said.messages]

    return asyncio.run(main())


def state(stage: Stage) -> Any:
    """What `save_state` gives, which every agent has."""
    return in_a_loop(stage)


def plan(stage: Stage) -> Any:
    """A handoff to one of two."""
    refunds = _agent(stage, "refunds", scenes.REFUNDS)
    shipping = _agent(stage, "shipping", scenes.REFUNDS)
    triage = _agent(stage, "triage", scenes.TRIAGE, tools=[], handoffs=["refunds", "shipping"])
    over = TextMentionTermination("twice", sources=["refunds"])

    async def main() -> Any:
        team = Swarm([triage, refunds, shipping], termination_condition=over)
        return [one.to_text() for one in (await team.run(task=ASKED)).messages]

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


TROUPE = Troupe(
    framework="autogen-agentchat",
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
        "nothing": nothing,
        "opaque": opaque,
        "cancelled": cancelled,
        "notebook": notebook,
    },
)
