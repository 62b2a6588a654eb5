"""smolagents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_type_hints

from rich.console import Console
from smolagents import (
    AgentLogger,
    CodeAgent,
    LogLevel,
    MultiStepAgent,
    OpenAIModel,
    Tool,
    ToolCallingAgent,
    tool,
)

from tests.frameworks import scenes
from tests.frameworks.scenes import ASKED, Stage, Troupe


def looking(look_up: Callable[[str], Any], type_: str = "string") -> Tool:
    """A tool that looks an order up."""

    class LookUpOrder(Tool):
        name = "look_up_order"
        description = "Look an order up."
        inputs = {"order": {"type": "string", "description": "Which one."}}  # noqa: RUF012 - theirs
        output_type = type_

        def forward(self, order: str) -> Any:
            return look_up(order)

    LookUpOrder.forward.__annotations__["return"] = get_type_hints(look_up)["return"]
    return LookUpOrder()


def agent(
    stage: Stage,
    name: str,
    prompt: str,
    *,
    tools: list[Tool] | None = None,
    kind: type[MultiStepAgent] = ToolCallingAgent,
    **more: Any,
) -> Any:
    """An agent that looks orders up."""
    return kind(
        tools=[looking(stage.look_up)] if tools is None else tools,
        model=OpenAIModel(model_id="gpt-4o", api_base=stage.url, api_key="none"),
        name=name,
        description="Knows refunds.",
        instructions=stage.prompt(prompt),
        logger=AgentLogger(
            level=LogLevel.OFF, console=Console(quiet=True)
        ),  # what streams is shown
        **more,
    )


async def _in_a_thread(one: Any) -> Any:
    return await asyncio.to_thread(one.run, ASKED)


def sync(stage: Stage) -> Any:
    """`run`."""
    return agent(stage, "desk", scenes.DESK).run(ASKED)


def in_a_loop(stage: Stage) -> Any:
    """`run` in a thread, as its documentation says: it has no other way."""
    return asyncio.run(_in_a_thread(agent(stage, "desk", scenes.DESK)))


def stream(stage: Stage) -> Any:
    """`run(stream=True)` of an agent whose model streams, read to the end."""
    desk = agent(stage, "desk", scenes.DESK, stream_outputs=True)
    return [type(step).__name__ for step in desk.run(ASKED, stream=True)]


def parallel(stage: Stage) -> Any:
    """Three tools in one turn, in threads."""
    return agent(stage, "gatherer", scenes.GATHERER).run(ASKED)


def delegation(stage: Stage) -> Any:
    """A managed agent."""
    expert = agent(stage, "expert", scenes.EXPERT)
    return agent(stage, "lead", scenes.LEAD, tools=[], managed_agents=[expert]).run(ASKED)


def twins(stage: Stage) -> Any:
    """Three runs at once; what each model said beside its answer."""

    async def main() -> Any:
        workers = [agent(stage, "worker", scenes.WORKER, tools=[]) for _ in range(3)]
        await asyncio.gather(*map(_in_a_thread, workers))
        return [one.memory.steps[-1].model_output for one in workers]

    return asyncio.run(main())


def limit(stage: Stage) -> Any:
    """`max_steps`: the agent is made to answer."""
    runner = agent(stage, "runner", scenes.RUNNER, max_steps=3)
    runner.prompt_templates["final_answer"]["pre_messages"] = stage.prompt(scenes.RUNNER)
    return runner.run(ASKED)


def failing(stage: Stage) -> Any:
    """The framework tells the model what the tool raised."""
    return agent(stage, "clumsy", scenes.CLUMSY).run(ASKED)


def typed(stage: Stage) -> Any:
    """The framework writes the object as text for the model."""
    desk = agent(stage, "desk", scenes.DESK, tools=[looking(stage.find, "object")])
    desk.run(ASKED)
    return [str(message.content) for message in desk.write_memory_to_messages()]


def state(stage: Stage) -> Any:
    """The conversation, which every agent has."""
    return sync(stage)


# -- more ---------------------------------------------------------------------------------------
def nothing(stage: Stage) -> Any:
    """A tool that returns None."""
    return agent(stage, "desk", scenes.DESK, tools=[looking(stage.visit, "null")]).run(ASKED)


def opaque(stage: Stage) -> Any:
    """A tool that returns what is no data."""
    return agent(stage, "desk", scenes.DESK, tools=[looking(stage.opaque, "any")]).run(ASKED)


def notebook(stage: Stage) -> Any:
    """`run` in a thread, awaited in a cell."""
    return _in_a_thread(agent(stage, "desk", scenes.DESK))


# -- agents that write code ---------------------------------------------------------------------
def code(stage: Stage) -> Any:
    """A `CodeAgent`."""
    return agent(stage, "desk", scenes.DESK, kind=CodeAgent).run(ASKED)


def code_of_a_variable(stage: Stage) -> Any:
    """A `CodeAgent` whose code finds a variable, which is what was changed."""
    desk = agent(replace(stage, aside=""), "desk", scenes.DESK, kind=CodeAgent)
    desk.state["order"] = "A-17" + stage.aside
    return desk.run(ASKED)


def code_delegation(stage: Stage) -> Any:
    """A managed agent that another one's code calls."""
    expert = agent(stage, "expert", scenes.EXPERT)
    lead = agent(stage, "lead", scenes.LEAD, tools=[], managed_agents=[expert], kind=CodeAgent)
    return lead.run(ASKED)


# -- what only smolagents has -------------------------------------------------------------------
def planned(stage: Stage) -> Any:
    """An agent that plans before its first step."""
    return agent(stage, "desk", scenes.DESK, planning_interval=5).run(ASKED)


def given(stage: Stage) -> Any:
    """An agent that is given more than a task, and whose tool is a function."""

    @tool
    def look_up_order(order: str) -> str:
        """Look an order up.

        Args:
            order: Which one.
        """
        return stage.look_up(order)

    desk = agent(stage, "desk", scenes.DESK, tools=[look_up_order])
    return desk.run(ASKED, additional_args={"customer": "K-1"})


def set_up(stage: Stage) -> Any:
    """A tool that is set up at its first call."""
    looks_up = looking(stage.look_up)
    looks_up.is_initialized = False
    looks_up.setup = lambda: stage.visits.append("set up")
    return agent(stage, "desk", scenes.DESK, tools=[looks_up]).run(ASKED)


OWN = {
    "code": code,
    "code of a variable": code_of_a_variable,
    "code delegation": code_delegation,
    "planned": planned,
    "given": given,
    "set up": set_up,
}
"""What only smolagents plays, by name."""


TROUPE = Troupe(
    framework="smolagents",
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
    more={"nothing": nothing, "opaque": opaque, "notebook": notebook},
)
