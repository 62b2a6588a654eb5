"""Strategies for property tests with Hypothesis: traces and their parts, carriers, changes.

    from agenttrace.strategies import traces

    @given(traces())
    def test_a_report_names_every_tool(trace): ...

Each is loaded at its first use, and Hypothesis with it.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # as in `agenttrace`: what is not needed is not loaded

if TYPE_CHECKING:
    from agenttrace.explore.carriers import Carrier, carriers
    from agenttrace.explore.scheduling import faults, schedules
    from agenttrace.explore.strategies import (
        agents,
        equivalents,
        links,
        mutations,
        programs,
        spans,
        traces,
        values,
    )

__all__ = [
    "Carrier",
    "agents",
    "carriers",
    "equivalents",
    "faults",
    "links",
    "mutations",
    "programs",
    "schedules",
    "spans",
    "traces",
    "values",
]

_HOMES = {
    "carriers": ("Carrier", "carriers"),
    "scheduling": ("faults", "schedules"),
    "strategies": (
        "agents",
        "equivalents",
        "links",
        "mutations",
        "programs",
        "spans",
        "traces",
        "values",
    ),
}
"""Where each lives, below `agenttrace.explore`."""


def __getattr__(name: str) -> object:
    for home, inside in _HOMES.items():
        if name in inside:
            found = getattr(import_module(f"agenttrace.explore.{home}"), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module 'agenttrace.strategies' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
