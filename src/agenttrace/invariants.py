"""Invariants: laws of every trace, and of every program that passes causes on.

    from agenttrace import invariants

    invariants.check(trace)          # fails, and names the spans

    @invariants.holds                # a property test
    def test_the_gateway_passes_causes_on(wire): ...

Each is loaded at its first use; Hypothesis with `holds` and `wires` alone.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # as in `agenttrace`: what is not needed is not loaded

if TYPE_CHECKING:
    from agenttrace.check.invariants import Violation
    from agenttrace.check.propagating import LAWS, breaches, check
    from agenttrace.explore.holding import holds, wires
    from agenttrace.explore.wire import Incoming, Sent, Wire

__all__ = [
    "LAWS",
    "Incoming",
    "Sent",
    "Violation",
    "Wire",
    "breaches",
    "check",
    "holds",
    "wires",
]

_HOMES = {
    "check.invariants": ("Violation",),
    "check.propagating": ("LAWS", "breaches", "check"),
    "explore.holding": ("holds", "wires"),
    "explore.wire": ("Incoming", "Sent", "Wire"),
}
"""Where each lives, below `agenttrace`."""


def __getattr__(name: str) -> object:
    for home, inside in _HOMES.items():
        if name in inside:
            found = getattr(import_module(f"agenttrace.{home}"), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module 'agenttrace.invariants' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
