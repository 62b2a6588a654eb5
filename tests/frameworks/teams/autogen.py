"""The teams of AutoGen."""

from __future__ import annotations

import asyncio
import warnings
from typing import Any

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.conditions import MaxMessageTermination, TextMentionTermination
from autogen_agentchat.teams import (
    DiGraphBuilder,
    GraphFlow,
    MagenticOneGroupChat,
    RoundRobinGroupChat,
    SelectorGroupChat,
)
from autogen_agentchat.tools import AgentTool

from tests.frameworks import scenes
from tests.frameworks.programs.autogen import _agent, _client
from tests.frameworks.scenes import ASKED, Stage
from tests.frameworks.teams.model import BOSS, CHAIR, JUDGE, WORKERS


def _workers(stage: Stage) -> list[AssistantAgent]:
    return [_agent(stage, name, scenes.WORKER, tools=[]) for name in WORKERS]


def _said(team: Any) -> list[str]:
    said = asyncio.run(team.run(task=ASKED))
    return [f"{one.source}: {one.to_text()}" for one in said.messages]


def rounds(stage: Stage) -> Any:
    """A round, until a limit of the framework's ends it."""
    return _said(RoundRobinGroupChat(list(_workers(stage)), max_turns=4))


def counted(stage: Stage) -> Any:
    """The same, and a condition counts messages."""
    return _said(
        RoundRobinGroupChat(list(_workers(stage)), termination_condition=MaxMessageTermination(3))
    )


def chat(stage: Stage) -> Any:
    """A chat, in which a model says who is next."""
    over = TextMentionTermination("A word.", sources=["ben"])
    return _said(
        SelectorGroupChat(
            list(_workers(stage)),
            _client(stage),
            termination_condition=over,
            selector_prompt=stage.prompt(CHAIR) + " {roles} {participants} {history}",
        )
    )


def planned(stage: Stage) -> Any:
    """An orchestrator that plans, follows the progress and says who is next."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it logs what pydantic does not like to write down
        return _said(MagenticOneGroupChat(list(_workers(stage)), _client(stage)))


def graph(stage: Stage) -> Any:
    """Three agents at once, then a judge."""
    workers = _workers(stage)
    judge = _agent(stage, "judge", JUDGE, tools=[])
    start = _agent(stage, "start", scenes.WORKER, tools=[])
    builder = DiGraphBuilder()
    for agent in (start, *workers, judge):
        builder.add_node(agent)
    for worker in workers:
        builder.add_edge(start, worker).add_edge(worker, judge)
    return sorted(_said(GraphFlow([start, *workers, judge], builder.build())))


def tool(stage: Stage) -> Any:
    """An agent that another one has as a tool, in a round of one."""
    asks = AgentTool(_agent(stage, "worker", scenes.WORKER, tools=[]))
    boss = _agent(stage, "boss", BOSS, tools=[asks])
    return _said(RoundRobinGroupChat([boss], max_turns=1))


TEAMS = {
    "rounds": rounds,
    "counted": counted,
    "chat": chat,
    "planned": planned,
    "graph": graph,
    "tool": tool,
}
