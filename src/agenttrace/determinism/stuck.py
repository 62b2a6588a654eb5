"""Stuck: what to say when nothing can happen any more, naming who waits on whom."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

from agenttrace.causal.delivery.box import MISSING
from agenttrace.causal.spawn.steps import kept_in
from agenttrace.errors import Deadlock, MessageNeverCame, NeverAnswered, RunNeverEnds
from agenttrace.model.amounts import counted
from agenttrace.model.lane import label_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from agenttrace.errors import RunStopped


class Wait(NamedTuple):
    """Somebody who waits.

    Attributes:
        who: A task by its coroutine or lane, a thread by its lane or name.
        on: What it waits for.
        site: The file and line of the user's code that waits, where it is known.
        unanswered: Whether it is an answer that, when recorded, never came.
        present: For a message that was recorded: what its queue holds instead.
    """

    who: str
    on: str
    site: str = ""
    unanswered: bool = False
    present: str = ""


def stopped(waits: Iterable[Wait]) -> RunStopped:
    """The error for a run in which everybody waits."""
    everybody = sorted(waits)
    messages = [wait for wait in everybody if wait.present]
    if messages:
        return MessageNeverCame(
            f"{messages[0].who} waits for {messages[0].on}, and nobody is left to send it",
            detail=f"{_table(everybody)}\n\n  in the queue  {messages[0].present}\n\n{_SENT}",
            waits=tuple(everybody),
        )
    unanswered = [wait for wait in everybody if wait.unanswered]
    if not unanswered:
        detail = f"{_table(everybody)}\n\n{_WAY_OUT}"
        return Deadlock(
            f"nothing can happen any more: {_headline(everybody)}",
            detail=detail,
            waits=tuple(everybody),
        )
    headline = (
        f"{unanswered[0].who} waits for {unanswered[0].on}, which never came when it was recorded"
    )
    return NeverAnswered(
        headline, detail=f"{_table(everybody)}\n\n{_RECORD_AGAIN}", waits=tuple(everybody)
    )


def endless(steps: int, now_ns: int, waits: Iterable[Wait], last: Sequence[str]) -> RunNeverEnds:
    """The error for a run that goes on and on."""
    everybody = sorted(waits)
    blocks = [_table(everybody)] if everybody else []
    if last:
        blocks.append("\n".join(("  what it did last", *(f"    {line}" for line in last))))
    virtual = _spoken(now_ns)
    return RunNeverEnds(
        f"the run has taken {counted(steps, 'step')} and {virtual} of virtual time, and has not "
        "ended",
        detail="\n\n".join((*blocks, _MORE)),
        waits=tuple(everybody),
    )


def _spoken(ns: int) -> str:
    seconds = ns / 1_000_000_000
    if seconds >= 2 * 86_400:
        return f"{seconds / 86_400:,.1f} days"
    return f"{seconds:,.1f} s"


_MORE = (
    "  End whoever goes on, or let it run longer:\n"
    "      @pytest.mark.agent_trace(limit_steps=5_000_000, limit_virtual_s=30 * 86_400)\n"
    "  More: agenttrace explain run-never-ends"
)
_WAY_OUT = (
    "  No timer is set, no answer is on its way, and no thread runs.\n"
    "  Give one of them a timeout, or let whoever fails say so to the others.\n"
    "  More: agenttrace explain deadlock"
)
_RECORD_AGAIN = (
    "  When it was recorded, the call was cancelled or the run ended first;"
    " now nobody ends the wait.\n"
    "  The agent is right, and the recording is old: record again, with --agenttrace=rewrite\n"
    "  More: agenttrace explain never-answered"
)

_SENT = (
    "  When it was recorded, that message came; now its sender sends less, or elsewhere.\n"
    "  The agent is right, and the recording is old: record again, with --agenttrace=rewrite\n"
    "  More: agenttrace explain message-never-came"
)


def _headline(waits: Sequence[Wait]) -> str:
    if len(waits) == 1:
        return f"{waits[0].who} waits for {waits[0].on}, and nobody is left to end that"
    return f"{len(waits)} wait for each other"


def _table(waits: Sequence[Wait]) -> str:
    rows = Counter(waits)
    names = {
        wait: wait.who if times == 1 else f"{times} x {wait.who}" for wait, times in rows.items()
    }
    who = max(map(len, names.values()), default=0)
    on = max((len(wait.on) for wait in rows), default=0)
    lines = (
        f"    {names[wait]:<{who}}  waits for  {wait.on:<{on}}  {wait.site}".rstrip()
        for wait in rows
    )
    return "\n".join(lines)


def waits_of(
    loop: asyncio.AbstractEventLoop, unanswered: Iterable[tuple[asyncio.Task[Any] | None, str]]
) -> list[Wait]:
    """Who of a loop's tasks waits on what; of some it is known which answer never comes."""
    known = {task: what for task, what in unanswered if task is not None}
    return [_wait(task, known.get(task)) for task in asyncio.all_tasks(loop) if not task.done()]


def _wait(task: asyncio.Task[Any], unanswered: str | None) -> Wait:
    steps = _steps(task)
    site = next((_site(step) for step in reversed(steps) if _is_the_users(step)), "")
    if unanswered is not None:
        return Wait(name_of(task), unanswered, site, unanswered=True)
    missing = getattr(getattr(task, "_fut_waiter", None), MISSING, None)
    if missing is not None:
        return message_wait(name_of(task), missing, site)
    return Wait(name_of(task), _awaited(task, steps), site)


def message_wait(who: str, missing: tuple[str, Callable[[], str], str], site: str = "") -> Wait:
    """Somebody who waits for a message: for which, what is there, whose fault it is."""
    what, present, fault = missing
    there = present() if fault == "message" else ""
    return Wait(who, what, site, unanswered=fault == "answer", present=there)


def name_of(task: asyncio.Task[Any]) -> str:
    """Name a task for people: by its lane where it has one, else by its coroutine."""
    path = getattr(getattr(task, "_lane", None), "path", None)
    return label_of(path) if path else _last_name(task.get_coro())


def _awaited(task: asyncio.Task[Any], steps: Sequence[Any]) -> str:
    waiter = getattr(task, "_fut_waiter", None)
    children = getattr(waiter, "_children", None)
    if isinstance(waiter, asyncio.Task):
        return f"task {name_of(waiter)}"
    if children is not None:
        left = sorted(
            name_of(child) if isinstance(child, asyncio.Task) else "a future"
            for child in children
            if not child.done()
        )
        return f"tasks {', '.join(left)}"
    return "a future" if not steps or _is_the_users(steps[-1]) else _qualified(steps[-1])


def _steps(task: asyncio.Task[Any]) -> list[Any]:
    """The coroutines that a task is inside of, the innermost last."""
    steps: list[Any] = []
    inner: Any = task.get_coro()
    while inner is not None:
        if _frame(inner) is not None and _frame(inner).f_globals["__name__"] != kept_in.__module__:
            steps.append(inner)
        inner = (
            kept_in(inner)
            or getattr(inner, "cr_await", None)
            or getattr(inner, "gi_yieldfrom", None)
            or getattr(inner, "ag_await", None)
        )
    return steps


def _frame(step: Any) -> Any:
    return next(
        (
            frame
            for name in ("cr_frame", "gi_frame", "ag_frame")
            if (frame := getattr(step, name, None)) is not None
        ),
        None,
    )


def _is_the_users(step: Any) -> bool:
    module = str(_frame(step).f_globals.get("__name__", ""))
    return module.partition(".")[0] not in ("asyncio", "anyio", "agenttrace")


def _site(step: Any) -> str:
    frame = _frame(step)
    return f"{PurePath(frame.f_code.co_filename).name}:{frame.f_lineno}"


def _qualified(step: Any) -> str:
    return str(getattr(step, "__qualname__", type(step).__name__))


def _last_name(step: Any) -> str:
    return _qualified(step).rpartition(".")[2]
