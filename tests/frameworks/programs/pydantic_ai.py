"""pydantic-ai."""

from __future__ import annotations

import asyncio
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from pydantic_ai import Agent, RunContext, UsageLimitExceeded, UsageLimits
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_graph import BaseNode, End, GraphBuilder, GraphRunContext

from tests.frameworks import scenes
from tests.frameworks.scenes import ASKED, Found, Stage, Troupe

if find_spec("fastmcp") is not None:
    # pytest parses a module of it, which CPython 3.11 cannot do while a scene's finalizers parse
    import_module("fastmcp.client.transports")


def _agent(
    stage: Stage,
    name: str,
    prompt: str,
    *,
    tools: bool = True,
    responses: bool = False,
    **more: Any,
) -> Agent[None, str]:
    provider = OpenAIProvider(base_url=stage.url, api_key="none")
    speaks = OpenAIResponsesModel if responses else OpenAIChatModel
    agent = Agent(
        speaks("gpt-4o", provider=provider),
        name=name,
        instructions=stage.prompt(prompt),
        output_type=str,
        **more,
    )
    if tools:

        @agent.tool_plain
        def look_up_order(order: str) -> str:
            """Look an order up."""
            return stage.look_up(order)

    return agent


async def _run(agent: Agent[None, str], **options: Any) -> str:
    return (await agent.run(ASKED, **options)).output


def sync(stage: Stage) -> Any:
    """`run_sync`, which makes its own loop."""
    return _agent(stage, "desk", scenes.DESK).run_sync(ASKED).output


def in_a_loop(stage: Stage) -> Any:
    """`run`, in the Responses API's language."""
    return asyncio.run(_run(_agent(stage, "desk", scenes.DESK, responses=True)))


def stream(stage: Stage) -> Any:
    """`run_stream`, read to the end."""

    async def main() -> Any:
        agent = _agent(stage, "desk", scenes.DESK)
        async with agent.run_stream(ASKED) as result:
            return [text async for text in result.stream_text(debounce_by=None)]

    return asyncio.run(main())


def parallel(stage: Stage) -> Any:
    """Three tools in one turn."""
    return asyncio.run(_run(_agent(stage, "gatherer", scenes.GATHERER)))


def delegation(stage: Stage) -> Any:
    """An agent that a tool asks, with the usage of both in one."""
    expert = _agent(stage, "expert", scenes.EXPERT)
    lead = _agent(stage, "lead", scenes.LEAD, tools=False)

    @lead.tool
    async def ask_expert(ctx: RunContext[None], question: str) -> str:
        """Ask the expert."""
        return (await expert.run(question, usage=ctx.usage)).output

    return asyncio.run(_run(lead))


def twins(stage: Stage) -> Any:
    """Three runs at once."""

    async def main() -> Any:
        workers = [_agent(stage, "worker", scenes.WORKER, tools=False) for _ in range(3)]
        return list(await asyncio.gather(*map(_run, workers)))

    return asyncio.run(main())


def limit(stage: Stage) -> Any:
    """A limit of requests."""
    runner = _agent(stage, "runner", scenes.RUNNER)
    return asyncio.run(_run(runner, usage_limits=UsageLimits(request_limit=3)))


def failing(stage: Stage) -> Any:
    """The framework ends the run with what the tool raised."""
    try:
        return asyncio.run(_run(_agent(stage, "clumsy", scenes.CLUMSY)))
    except LookupError as error:
        return str(error)


def typed(stage: Stage) -> Any:
    """The framework writes the object as JSON for the model."""
    agent = _agent(stage, "desk", scenes.DESK, tools=False)

    @agent.tool_plain
    def look_up_order(order: str) -> Found:
        """Look an order up."""
        return stage.find(order)

    said = agent.run_sync(ASKED).all_messages()
    return [str(getattr(part, "content", "")) for message in said for part in message.parts]


def state(stage: Stage) -> Any:
    """The message history, which every run has."""
    return sync(stage)


class _Step(BaseNode[list[str], Stage, str]):
    """A step of a graph, which asks an agent and keeps what it says."""

    prompt = scenes.REFUNDS

    async def run(self, ctx: GraphRunContext[list[str], Stage]) -> End[str]:
        """Ask, and end."""
        ctx.state.append(await _run(_agent(ctx.deps, self.get_node_id(), self.prompt)))
        return End(ctx.state[-1])

    @classmethod
    def get_node_id(cls) -> str:
        """Its name in the graph."""
        return cls.__name__.lower()


class Refunds(_Step):
    """Grants refunds."""


class Shipping(_Step):
    """Sends things."""


class Triage(_Step):
    """Says who is next."""

    async def run(self, ctx: GraphRunContext[list[str], Stage]) -> Refunds | Shipping:  # type: ignore[override]
        """Choose."""
        return Shipping() if ctx.state else Refunds()


def plan(stage: Stage) -> Any:
    """A graph of one's own, whose first node says which of two comes next."""
    built = GraphBuilder(
        name="case", state_type=list[str], deps_type=Stage, input_type=Triage, output_type=str
    )
    nodes = [built.node(node) for node in (Triage, Refunds, Shipping)]
    built.add(*nodes, built.edge_from(built.start_node).to(Triage))
    return asyncio.run(built.build().run(state=[], deps=stage, inputs=Triage()))


def nothing(stage: Stage) -> Any:
    """The framework tells the model so."""
    agent = _agent(stage, "desk", scenes.DESK, tools=False)

    @agent.tool_plain
    def look_up_order(order: str) -> None:
        """Look an order up."""
        stage.visit(order)

    return agent.run_sync(ASKED).output


def opaque(stage: Stage) -> Any:
    """The framework refuses it, too."""
    agent = _agent(stage, "desk", scenes.DESK, tools=False)

    @agent.tool_plain
    def look_up_order(order: str) -> object:
        """Look an order up."""
        return stage.opaque(order)

    return agent.run_sync(ASKED).output


def cancelled(stage: Stage) -> Any:
    """A tool that is a task of the framework's."""
    agent = _agent(stage, "desk", scenes.DESK, tools=False)

    @agent.tool_plain
    async def look_up_order(order: str) -> str:
        """Look an order up."""
        return await stage.hang(order)

    return asyncio.run(scenes.given_up(stage, _run(agent)))


def notebook(stage: Stage) -> Any:
    """`run`."""
    return _run(_agent(stage, "desk", scenes.DESK))


def mcp(stage: Stage) -> Any:
    """An `MCPToolset`, which is a client of fastmcp's."""
    from fastmcp.client.transports import StdioTransport
    from pydantic_ai.mcp import MCPToolset

    assert stage.office is not None
    command, *words = stage.office.command
    to = stage.office.url or StdioTransport(command, words)
    server = MCPToolset(to, init_timeout=60)
    agent = _agent(stage, "desk", scenes.DESK, tools=False, toolsets=[server])

    async def main() -> Any:
        async with agent:
            return await _run(agent)

    return asyncio.run(main())


TROUPE = Troupe(
    framework="pydantic-ai-slim",
    programs={
        "sync": sync,
        "async": in_a_loop,
        "stream": stream,
        "parallel": parallel,
        "delegation": delegation,
        "twins": twins,
        "limit": limit,
        "failing": failing,
        "typed": typed,
        "state": state,
    },
    limit=UsageLimitExceeded,
    more={
        "plan": plan,
        "nothing": nothing,
        "opaque": opaque,
        "cancelled": cancelled,
        "notebook": notebook,
        **scenes.where_there_is("fastmcp", mcp=mcp),
    },
)
