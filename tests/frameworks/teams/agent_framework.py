"""The workflows of Microsoft Agent Framework, and what its orchestrations make of them."""

from __future__ import annotations

import asyncio
from typing import Any

from agent_framework import (
    Agent,
    Executor,
    InMemoryCheckpointStorage,
    Workflow,
    WorkflowBuilder,
    WorkflowContext,
    handler,
)
from agent_framework.exceptions import WorkflowConvergenceException
from agent_framework.orchestrations import ConcurrentBuilder, GroupChatBuilder, MagenticBuilder

from tests.frameworks import scenes
from tests.frameworks.programs.agent_framework import _agent
from tests.frameworks.scenes import ASKED, Stage
from tests.frameworks.teams.model import CHAIR, JUDGE, MANAGER, WORKERS


def _workers(stage: Stage) -> list[Agent[Any]]:
    return [_agent(stage, name, scenes.WORKER, tools=[]) for name in WORKERS]


def _said(flow: Workflow) -> list[str]:
    async def main() -> list[str]:
        outputs = (await flow.run(ASKED)).get_outputs()
        return [str(getattr(one, "text", one)) for one in outputs]

    return asyncio.run(main())


def concurrent(stage: Stage) -> Any:
    """Three agents at once, and all that they say."""
    return _said(ConcurrentBuilder(participants=_workers(stage)).build())


def chat(stage: Stage) -> Any:
    """A group chat, in which a chair says who is next, and why."""
    chair = _agent(stage, "chair", CHAIR, tools=[])
    built = GroupChatBuilder(participants=_workers(stage), orchestrator_agent=chair).build()
    return _said(built)


def rounds(stage: Stage) -> Any:
    """A group chat that goes round, until a limit of the framework's ends it."""

    def next_one(state: Any) -> str:
        return WORKERS[state.current_round % len(WORKERS)]

    built = GroupChatBuilder(
        participants=_workers(stage), selection_func=next_one, max_rounds=4
    ).build()
    return _said(built)


def planned(stage: Stage) -> Any:
    """A manager that plans, follows the progress and says who is next."""
    manager = _agent(stage, "manager", MANAGER, tools=[])
    return _said(MagenticBuilder(participants=_workers(stage), manager_agent=manager).build())


class _Asks(Executor):
    """An executor of the user's, which asks an agent."""

    def __init__(self, name: str, agent: Agent[Any]) -> None:
        super().__init__(id=name)
        self._agent = agent

    @handler
    async def ask(self, words: str, ctx: WorkflowContext[str, str]) -> None:
        """Ask, and hand the answer on."""
        said = (await self._agent.run(words)).text
        await ctx.send_message(said)
        await ctx.yield_output(f"{self.id}: {said}")


class _Starts(Executor):
    @handler
    async def start(self, words: str, ctx: WorkflowContext[str]) -> None:
        """Hand the question to everybody."""
        ctx.set_state("asked", words)
        await ctx.send_message(words)


class _Judges(_Asks):
    @handler
    async def judge(self, words: list[str], ctx: WorkflowContext[str, str]) -> None:
        """Ask about all answers at once."""
        await self.ask(" ".join(words), ctx)


def graph(stage: Stage) -> Any:
    """Three executors at once, each followed by one of its own, then a judge; with checkpoints."""
    start = _Starts(id="start")
    workers = _workers(stage)
    first = [_Asks(f"ask_{worker.name}", worker) for worker in workers]
    second = [_Asks(f"ask_{worker.name}_again", worker) for worker in workers]
    judge = _Judges("judge", _agent(stage, "arbiter", JUDGE, tools=[]))
    storage = InMemoryCheckpointStorage()
    builder = WorkflowBuilder(start_executor=start, checkpoint_storage=storage, output_from="all")
    builder.add_fan_out_edges(start, first)
    for one, other in zip(first, second, strict=True):
        builder.add_edge(one, other)
    builder.add_fan_in_edges(second, judge)
    return sorted(_said(builder.build()))


def endless(stage: Stage) -> Any:
    """A workflow that never ends by itself."""
    ping, pong = (_Asks(f"ask_{one.name}", one) for one in _workers(stage)[:2])
    builder = WorkflowBuilder(start_executor=ping, max_iterations=5, output_from="all")
    try:
        return _said(builder.add_edge(ping, pong).add_edge(pong, ping).build())
    except WorkflowConvergenceException as error:
        return type(error).__name__


TEAMS = {
    "concurrent": concurrent,
    "chat": chat,
    "rounds": rounds,
    "planned": planned,
    "graph": graph,
    "endless": endless,
}
