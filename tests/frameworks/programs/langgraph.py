"""LangGraph, with LangChain's agents and models."""

from __future__ import annotations

import asyncio
import operator
from typing import Annotated, Any, TypedDict

from langchain.agents import create_agent
from langchain_core.tools import BaseTool, tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphRecursionError
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Command, Send
from pydantic import SecretStr

from tests.frameworks import scenes
from tests.frameworks.scenes import ASKED, Found, Stage, Troupe

GIVEN: Any = {"messages": [("user", ASKED)]}


def _model(stage: Stage, **more: Any) -> ChatOpenAI:
    return ChatOpenAI(
        model="gpt-4o", base_url=stage.url, api_key=SecretStr("none"), max_retries=0, **more
    )


def _looks_up(stage: Stage) -> BaseTool:
    @tool
    def look_up_order(order: str) -> str:
        """Look an order up."""
        return stage.look_up(order)

    return look_up_order


def _agent(stage: Stage, name: str, prompt: str, **more: Any) -> Any:
    model = more.pop("model", None) or _model(stage)
    tools = more.pop("tools", None)
    return create_agent(
        model,
        [_looks_up(stage)] if tools is None else tools,
        system_prompt=stage.prompt(prompt),
        name=name,
        **more,
    )


def _last(state: Any) -> str:
    return str(state["messages"][-1].text)


def sync(stage: Stage) -> Any:
    """`invoke`."""
    return _last(_agent(stage, "desk", scenes.DESK).invoke(GIVEN))


def in_a_loop(stage: Stage) -> Any:
    """`ainvoke`, in the Responses API's language."""
    agent = _agent(stage, "desk", scenes.DESK, model=_model(stage, use_responses_api=True))
    return _last(asyncio.run(agent.ainvoke(GIVEN)))


def stream(stage: Stage) -> Any:
    """`astream`, message by message."""

    async def main() -> Any:
        agent = _agent(stage, "desk", scenes.DESK, model=_model(stage, stream_usage=True))
        found = agent.astream(GIVEN, stream_mode="messages")
        return [piece.text async for piece, _ in found]

    return asyncio.run(main())


def parallel(stage: Stage) -> Any:
    """Three tools in one turn, in threads."""
    return _last(_agent(stage, "gatherer", scenes.GATHERER).invoke(GIVEN))


def handoff(stage: Stage) -> Any:
    """A node that says which node is next."""

    def triage(state: MessagesState) -> Command[Any]:
        model = _model(stage).bind_tools([_transfer])
        said = model.invoke([("system", stage.prompt(scenes.TRIAGE)), *state["messages"]])
        return Command(goto=said.tool_calls[0]["name"].removeprefix("transfer_to_"))

    graph = StateGraph(MessagesState)
    graph.add_node("triage", triage, destinations=("refunds",))
    graph.add_node("refunds", _agent(stage, "refunds", scenes.REFUNDS))
    graph.add_edge(START, "triage")
    graph.add_edge("refunds", END)
    return _last(graph.compile(name="desk").invoke(GIVEN))


@tool("transfer_to_refunds")
def _transfer() -> str:
    """Hand over to refunds."""
    raise NotImplementedError


def delegation(stage: Stage) -> Any:
    """An agent that a tool asks."""
    expert = _agent(stage, "expert", scenes.EXPERT)

    @tool
    def ask_expert(question: str) -> str:
        """Ask the expert."""
        return _last(expert.invoke({"messages": [("user", question)]}))

    return _last(_agent(stage, "lead", scenes.LEAD, tools=[ask_expert]).invoke(GIVEN))


class _Words(TypedDict):
    said: Annotated[list[str], operator.add]


def twins(stage: Stage) -> Any:
    """Three nodes at once, by `Send`."""

    def worker(_: Any) -> Any:
        said = _model(stage).invoke([("system", stage.prompt(scenes.WORKER)), ("user", ASKED)])
        return {"said": [said.text]}

    graph = StateGraph(_Words)
    graph.add_node("worker", worker)
    graph.add_conditional_edges(START, lambda _: [Send("worker", {})] * 3, ["worker"])
    graph.add_edge("worker", END)
    return graph.compile(name="words").invoke({"said": []})["said"]


def limit(stage: Stage) -> Any:
    """The recursion limit."""
    _agent(stage, "runner", scenes.RUNNER).invoke(GIVEN, {"recursion_limit": 5})


def failing(stage: Stage) -> Any:
    """A tool's exception ends the run."""
    try:
        return _last(_agent(stage, "clumsy", scenes.CLUMSY).invoke(GIVEN))
    except LookupError as error:
        return str(error)


def typed(stage: Stage) -> Any:
    """The framework writes the object as text for the model."""

    @tool
    def look_up_order(order: str) -> Found:
        """Look an order up."""
        return stage.find(order)

    agent = _agent(stage, "desk", scenes.DESK, tools=[look_up_order])
    return [message.text for message in agent.invoke(GIVEN)["messages"]]


def state(stage: Stage) -> Any:
    """A checkpointer."""
    agent = _agent(stage, "desk", scenes.DESK, checkpointer=InMemorySaver())
    return _last(agent.invoke(GIVEN, {"configurable": {"thread_id": "1"}}))


def plan(stage: Stage) -> Any:
    """A conditional edge behind an agent, which goes on to one of two."""

    def route(state: MessagesState) -> str:
        called = [
            call["name"] for it in state["messages"] for call in getattr(it, "tool_calls", ())
        ]
        return called[-1].removeprefix("transfer_to_")

    def triage(state: MessagesState) -> Any:
        model = _model(stage).bind_tools([_transfer])
        asked = [("system", stage.prompt(scenes.TRIAGE)), *state["messages"]]
        return {"messages": [model.invoke(asked)]}

    def answer(_: MessagesState) -> Any:
        return {"messages": [("ai", "We grant it.")]}

    graph = StateGraph(MessagesState)
    graph.add_node("triage", triage)
    for name in ("refunds", "shipping"):
        graph.add_node(name, answer)
        graph.add_edge(name, END)
    graph.add_edge(START, "triage")
    graph.add_conditional_edges("triage", route, ["refunds", "shipping"])
    return _last(graph.compile(name="desk").invoke(GIVEN))


def nothing(stage: Stage) -> Any:
    """The framework tells the model so."""

    @tool
    def look_up_order(order: str) -> None:
        """Look an order up."""
        stage.visit(order)

    return _last(_agent(stage, "desk", scenes.DESK, tools=[look_up_order]).invoke(GIVEN))


def opaque(stage: Stage) -> Any:
    """The framework writes anything as text for the model."""

    @tool
    def look_up_order(order: str) -> object:
        """Look an order up."""
        return stage.opaque(order)

    return _last(_agent(stage, "desk", scenes.DESK, tools=[look_up_order]).invoke(GIVEN))


def cancelled(stage: Stage) -> Any:
    """A tool that is a task of the framework's."""

    @tool
    async def look_up_order(order: str) -> str:
        """Look an order up."""
        return await stage.hang(order)

    agent = _agent(stage, "desk", scenes.DESK, tools=[look_up_order])
    return asyncio.run(scenes.given_up(stage, agent.ainvoke(GIVEN)))


async def notebook(stage: Stage) -> Any:
    """`ainvoke`."""
    return _last(await _agent(stage, "desk", scenes.DESK).ainvoke(GIVEN))


TROUPE = Troupe(
    framework="langgraph",
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
    limit=GraphRecursionError,
    more={
        "plan": plan,
        "tasks": twins,
        "nothing": nothing,
        "opaque": opaque,
        "cancelled": cancelled,
        "notebook": notebook,
    },
)
