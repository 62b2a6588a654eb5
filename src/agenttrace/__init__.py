"""Agenttrace: record what the world answered to your agents, replay it, assert on the trace.

These are the verbs for the code under test. All are optional, and do nothing where nothing records;
each is loaded at its first use.
"""

from __future__ import annotations

from os import environ as _environ

TYPE_CHECKING = False  # loading `typing` for it would take longer than all else here

if TYPE_CHECKING:
    from agenttrace.adapters.plain.agents import agent as agent
    from agenttrace.adapters.plain.agents import turn as turn
    from agenttrace.adapters.plain.boards import blackboard as blackboard
    from agenttrace.adapters.plain.carriers import extract as extract
    from agenttrace.adapters.plain.carriers import inject as inject
    from agenttrace.adapters.plain.delegating import delegation as delegation
    from agenttrace.adapters.plain.messages import publish as publish
    from agenttrace.adapters.plain.messages import receive as receive
    from agenttrace.adapters.plain.messages import send as send
    from agenttrace.adapters.plain.messages import subscribe as subscribe
    from agenttrace.adapters.plain.notes import event as event
    from agenttrace.adapters.plain.notes import link as link
    from agenttrace.adapters.plain.notes import status as status
    from agenttrace.adapters.plain.runs import run as run
    from agenttrace.adapters.plain.shared import TracedState as TracedState
    from agenttrace.adapters.plain.spans import orchestration as orchestration
    from agenttrace.adapters.plain.spans import span as span
    from agenttrace.adapters.plain.states import snapshot as snapshot
    from agenttrace.adapters.plain.tools import tool as tool
    from agenttrace.session.journals import Limits as Limits
    from agenttrace.session.production import install as install
    from agenttrace.session.span_processor import SpanProcessor as SpanProcessor

    __version__: str

__all__ = [
    "Limits",
    "SpanProcessor",
    "TracedState",
    "__version__",
    "agent",
    "blackboard",
    "delegation",
    "event",
    "extract",
    "inject",
    "install",
    "join",
    "link",
    "orchestration",
    "publish",
    "receive",
    "run",
    "send",
    "snapshot",
    "span",
    "status",
    "subscribe",
    "tool",
    "turn",
]

_ROOMS = {
    "agents": ("agent", "turn"),
    "boards": ("blackboard",),
    "carriers": ("extract", "inject"),
    "delegating": ("delegation",),
    "messages": ("publish", "receive", "send", "subscribe"),
    "notes": ("event", "link", "status"),
    "runs": ("run",),
    "shared": ("TracedState",),
    "spans": ("orchestration", "span"),
    "states": ("snapshot",),
    "tools": ("tool",),
}
"""Where each verb lives, below `agenttrace.adapters.plain`."""

_ELSEWHERE = {
    "Limits": "session.journals",
    "SpanProcessor": "session.span_processor",
    "install": "session.production",
}
"""What production has beside the verbs, and where it lives."""

_MODULES = ("invariants", "strategies")
"""What tests of the user's own have beside the verbs; each is a module."""


def join(parent: str | None = None) -> bool:
    """Make this process a part of the run that started it, or of another; outside one do nothing.

    A process that a run starts joins when it imports agenttrace. Call this before the first request
    where that happens too late, or to join by hand: in a container that passes no environment on.

    Args:
        parent: What the run said: the value of `AGENTTRACE_PARENT`; by default the environment's.

    Returns:
        Whether there was anything to join.

    Raises:
        UsageError: It is not what a run says.
    """
    from importlib import import_module

    said = parent if parent is not None else _environ.pop("AGENTTRACE_PARENT", None)
    if said:
        import_module("agenttrace.session.child").join(said)
    return bool(said)


def __getattr__(name: str) -> object:
    if name == "__version__":
        return _version()
    if name in _MODULES:
        from importlib import import_module

        return import_module(f"agenttrace.{name}")
    if name in _ELSEWHERE:
        from importlib import import_module

        return getattr(import_module(f"agenttrace.{_ELSEWHERE[name]}"), name)
    for room, verbs in _ROOMS.items():
        if name in verbs:
            from importlib import import_module

            verb = getattr(import_module(f"agenttrace.adapters.plain.{room}"), name)
            globals()[name] = verb
            return verb
    raise AttributeError(f"module 'agenttrace' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("pytest-agenttrace")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "0+unknown"


if "AGENTTRACE_PARENT" in _environ:
    join()
