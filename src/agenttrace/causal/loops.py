"""Loops: event loops that a run cannot follow, and what to say of them.

Tasks of a loop made in C get no lanes and no virtual time; a plugin may have changed the class of
every loop. Both are named, while recording as well, with what to do.
"""

from __future__ import annotations

import asyncio

from agenttrace.causal import current

_FOLLOWED = frozenset({"asyncio", "agenttrace"})


def advice(loop: asyncio.AbstractEventLoop | None) -> str:
    """What a person should know of a loop; empty: it is followed."""
    module = "asyncio" if loop is None else type(loop).__module__.partition(".")[0]
    if module in _FOLLOWED:
        return ""
    if module == "uvloop":
        return (
            "the event loop is uvloop's, made in C: its tasks are not told apart, and its time is "
            "not held. Let tests run on asyncio's own: no uvloop.install(), policy or factory"
        )
    return (
        f"the event loop is {module}'s: its time is not held in a replay. Leave it out of tests "
        f"that take agent_trace (-p no:{module}, where it is a plugin)"
    )


def running() -> asyncio.AbstractEventLoop | None:
    """The loop that runs in this thread; None: none does."""
    return asyncio._get_running_loop()  # noqa: SLF001 - the public one costs an exception


def warn_here() -> None:
    """Warn, once a run, where the calling task's loop is not followed."""
    said = advice(running())
    if said:
        _warn(said)


def warn_of_older(loop: asyncio.AbstractEventLoop) -> None:
    """Warn, once a run, of a loop that is older than the replay."""
    if not advice(loop):
        _warn(
            f"the event loop ({type(loop).__qualname__}) is older than the run: its sleeps and "
            "timeouts take real time. Make it in the test, or in a fixture of the test's own"
        )


def _warn(said: str) -> None:
    frame = current.carried()
    if frame is not None and said not in frame.lane.run.warnings:
        frame.lane.run.warnings.append(said)
