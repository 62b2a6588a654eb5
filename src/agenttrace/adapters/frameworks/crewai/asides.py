"""Asides: what CrewAI does beside the agents' work: its reports of itself, its database.

Reports are made only where somebody has allowed them, and where it is asked for the first time; the
database works in threads that Python does not know. Both are done outside every run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenttrace.adapters.frameworks.acting import aside
from agenttrace.causal.spawn.patching import Seam

if TYPE_CHECKING:
    from types import ModuleType


# -- where they stand ---------------------------------------------------------------------------
def seams_of_telemetry(module: ModuleType) -> list[Seam]:
    """What CrewAI tells its makers of each run."""
    names: Any = module
    return [Seam(owner=names.Telemetry, name="_safe_telemetry_operation", around=aside)]


def seams_of_traces(module: ModuleType) -> list[Seam]:
    """What CrewAI shows of a run to whoever runs it, as spans of OpenTelemetry."""
    return [Seam(owner=module, name="_start_span", around=aside)]


def seams_of_database(module: ModuleType) -> list[Seam]:
    """Where memory is kept."""
    names: Any = module
    return [Seam(owner=names.BackgroundEventLoop, name="run", around=aside)]
