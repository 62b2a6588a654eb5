"""CrewAI."""

from __future__ import annotations

import asyncio
import os
import tempfile
from typing import Any

_KEPT = tempfile.TemporaryDirectory(prefix="crewai-", ignore_cleanup_errors=True)
os.environ["CREWAI_STORAGE_DIR"] = _KEPT.name  # each release reads what another has written there
os.environ["CREWAI_TRACING_ENABLED"] = "false"  # else the first run in a place asks a question
os.environ["CREWAI_DISABLE_TELEMETRY"] = "true"

from crewai import LLM, Agent, Crew, Task  # noqa: E402 - it reads the environment
from crewai.tools import tool  # noqa: E402 - likewise

from tests.frameworks import scenes  # noqa: E402 - likewise
from tests.frameworks.scenes import ASKED, Found, Stage, Troupe  # noqa: E402 - likewise


def _llm(stage: Stage, **more: Any) -> LLM:
    return LLM(model="openai/gpt-4o", base_url=stage.url, api_key="none", **more)


def _agent(stage: Stage, name: str, prompt: str, **more: Any) -> Agent:
    @tool("look_up_order")
    def look_up_order(order: str) -> str:
        """Look an order up."""
        return stage.look_up(order)

    return Agent(
        role=name,
        goal="Help the customer.",
        backstory=stage.prompt(prompt),
        tools=more.pop("tools", [look_up_order]),
        llm=more.pop("llm", None) or _llm(stage),
        **more,
    )


def _crew(agent: Agent, *others: Agent, **more: Any) -> Crew:
    task = Task(name="answer", description=ASKED, expected_output="An answer.", agent=agent)
    return Crew(agents=[agent, *others], tasks=[task], name="shop", **more)


def _ask(stage: Stage, name: str, prompt: str, **more: Any) -> str:
    return str(_crew(_agent(stage, name, prompt, **more)).kickoff().raw)


def sync(stage: Stage) -> Any:
    """`kickoff`."""
    return _ask(stage, "desk", scenes.DESK)


def in_a_loop(stage: Stage) -> Any:
    """`akickoff`, in the Responses API's language."""
    desk = _agent(stage, "desk", scenes.DESK, llm=_llm(stage, api="responses"))
    return asyncio.run(_crew(desk).akickoff()).raw


def stream(stage: Stage) -> Any:
    """A crew that streams, read to the end; it runs in a thread."""
    streamed = _crew(_agent(stage, "desk", scenes.DESK), stream=True).kickoff()
    return [chunk.content for chunk in streamed]


def parallel(stage: Stage) -> Any:
    """Three tools in one turn, in threads."""
    return _ask(stage, "gatherer", scenes.GATHERER)


def delegation(stage: Stage) -> Any:
    """An agent that a tool asks."""
    expert = _agent(stage, "expert", scenes.EXPERT)

    @tool("ask_expert")
    def ask_expert(question: str) -> str:
        """Ask the expert."""
        return str(expert.kickoff(question).raw)

    return _ask(stage, "lead", scenes.LEAD, tools=[ask_expert])


def twins(stage: Stage) -> Any:
    """Three crews at once, in threads."""

    async def main() -> Any:
        crews = [_crew(_agent(stage, "worker", scenes.WORKER, tools=[])) for _ in range(3)]
        return [one.raw for one in await asyncio.gather(*(crew.kickoff_async() for crew in crews))]

    return asyncio.run(main())


def limit(stage: Stage) -> Any:
    """`max_iter`: the agent is made to answer."""
    return _ask(stage, "runner", scenes.RUNNER, max_iter=3)


def failing(stage: Stage) -> Any:
    """The framework tells the model what the tool raised."""
    return _ask(stage, "clumsy", scenes.CLUMSY)


def typed(stage: Stage) -> Any:
    """The framework writes the object as text for the model."""

    @tool("look_up_order")
    def look_up_order(order: str) -> Found:
        """Look an order up."""
        return stage.find(order)

    desk = _agent(stage, "desk", scenes.DESK, tools=[look_up_order])
    done = _crew(desk).kickoff()
    return [str(message.get("content")) for message in done.tasks_output[0].messages]


def state(stage: Stage) -> Any:
    """The conversation, which every agent has."""
    return sync(stage)


# -- more ---------------------------------------------------------------------------------------
def plan(stage: Stage) -> Any:
    """An agent that leaves work to one of its coworkers."""
    others = [
        _agent(stage, name, prompt, tools=[])
        for name, prompt in (("refunds", scenes.WORKER), ("shipping", scenes.WORKER))
    ]
    triage = _agent(stage, "triage", scenes.TRIAGE, tools=[], allow_delegation=True)
    return _crew(triage, *others).kickoff().raw


def tasks(stage: Stage) -> Any:
    """Three tasks, one after another."""
    worker = _agent(stage, "worker", scenes.WORKER, tools=[])
    words = [
        Task(name=name, description=ASKED, expected_output="A word.", agent=worker)
        for name in ("first", "second", "third")
    ]
    done = Crew(agents=[worker], tasks=words, name="words").kickoff()
    return [output.raw for output in done.tasks_output]


def nothing(stage: Stage) -> Any:
    """A tool that returns None."""

    @tool("look_up_order")
    def look_up_order(order: str) -> None:
        """Look an order up."""
        stage.visit(order)

    return _ask(stage, "desk", scenes.DESK, tools=[look_up_order])


def opaque(stage: Stage) -> Any:
    """A tool that returns what is no data."""

    @tool("look_up_order")
    def look_up_order(order: str) -> object:
        """Look an order up."""
        return stage.opaque(order)

    return _ask(stage, "desk", scenes.DESK, tools=[look_up_order])


async def notebook(stage: Stage) -> Any:
    """`akickoff`, awaited in a cell."""
    return (await _crew(_agent(stage, "desk", scenes.DESK)).akickoff()).raw


TROUPE = Troupe(
    framework="crewai",
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
    more={
        "plan": plan,
        "tasks": tasks,
        "nothing": nothing,
        "opaque": opaque,
        "notebook": notebook,
    },
    warns=(DeprecationWarning,),
)
