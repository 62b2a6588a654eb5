"""CrewAI: crews, tasks, agents and their tools; delegation, planning, limits; flows with state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.adapters.frameworks.crewai.agents import seams_of_agents, seams_of_loop
from agenttrace.adapters.frameworks.crewai.asides import (
    seams_of_database,
    seams_of_telemetry,
    seams_of_traces,
)
from agenttrace.adapters.frameworks.crewai.crews import (
    seams_of_crews,
    seams_of_planner,
    seams_of_tasks,
)
from agenttrace.adapters.frameworks.crewai.flows import seams_of_flows
from agenttrace.adapters.frameworks.crewai.tools import (
    seams_of_calls,
    seams_of_delegation,
    seams_of_steps,
    seams_of_structured,
    seams_of_tools,
)
from agenttrace.adapters.frameworks.framework import Framework

if TYPE_CHECKING:
    from types import ModuleType

    from agenttrace.causal.spawn.patching import Seam


def _seams_of_loop(module: ModuleType) -> list[Seam]:
    return [*seams_of_loop(module), *seams_of_calls(module)]


FRAMEWORK = Framework(
    name="crewai",
    oldest="1.15.0",
    newest="1.15.30",
    late={
        "crewai.crew": seams_of_crews,
        "crewai.task": seams_of_tasks,
        "crewai.utilities.planning_handler": seams_of_planner,
        "crewai.agent.core": seams_of_agents,
        "crewai.agents.agent_executor": _seams_of_loop,
        "crewai.experimental.agent_executor": _seams_of_loop,  # where older releases have it
        "crewai.agents.step_executor": seams_of_steps,
        "crewai.tools.base_tool": seams_of_tools,
        "crewai.tools.structured_tool": seams_of_structured,
        "crewai.tools.agent_tools.base_agent_tools": seams_of_delegation,
        "crewai.flow.runtime": seams_of_flows,
        "crewai.telemetry.telemetry": seams_of_telemetry,
        "crewai.telemetry.tracing.handlers": seams_of_traces,
        "lancedb.background_loop": seams_of_database,
    },
)
