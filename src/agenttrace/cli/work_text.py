"""Work as text: how tasks were placed, how they reached workers, and who waited for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.analysis import Analysis
from agenttrace.cli import words
from agenttrace.model import amounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agenttrace.analysis.assigning import Assignment
    from agenttrace.analysis.conformance import Violation
    from agenttrace.analysis.deadlock import Deadlock
    from agenttrace.analysis.delegation import Delegation
    from agenttrace.analysis.leading import Decomposition
    from agenttrace.analysis.loops import Loop
    from agenttrace.analysis.orchestration import Pulse
    from agenttrace.analysis.queues import Item, Queue
    from agenttrace.model.trace import Trace

MOST = 30
"""How many lines of one sort are printed; of more, the first, and how many there are.

What is wrong is a sort of its own: a long run hides none of it.
"""


def told(trace: Trace) -> Iterator[str]:
    """The lines of `agenttrace show --view work`; what nobody told is said last."""
    analysis = Analysis(trace)
    placed, led, held = analysis.delegations, analysis.orchestration, analysis.waiting
    for head, lines in (
        ("placed", map(_placing, placed.rounds)),
        ("placed", map(_broken, placed.violations)),
        ("queue", map(_queue, led.queues)),
        ("led", map(_assigned, led.assignments)),
        ("led", map(_named, led.decompositions)),
        ("silent", _silent(led.pulses)),
        ("waited", (words.line(str(one)) for one in held.waits)),
        ("waited", map(_deadlock, held.deadlocks)),
        ("waited", map(_loop, held.loops)),
        ("waited", map(_starved, held.starved)),
    ):
        found = list(lines)
        yield from (f"{head:8}{line}" for line in found[:MOST])
        if len(found) > MOST:
            yield f"{head:8}and {len(found) - MOST} more"
    for name, why in {**placed.unknown, **led.unknown, **held.unknown}.items():
        yield f"{name}: {words.line(why)}"


def _placing(one: Delegation) -> str:
    whom = ", ".join(one.awarded) or "nobody"
    took = [
        f"{name} {amounts.duration(ns)}"
        for name, ns in (("awarded after", one.award_latency_ns), ("in", one.aggregated_ns))
        if ns is not None
    ]
    asked = "handed over" if one.is_handoff else amounts.counted(len(one.bids), "bid")
    said = [
        f"{one.task} by {one.manager or 'nobody'} to {whom}",
        asked,
        "no outcome" if one.outcome is None else f"{one.outcome} as reported",
        *took,
    ]
    return words.line(", ".join(said))


def _broken(one: Violation) -> str:
    return f"{one.rule}: {words.line(one.why)}"


def _queue(queue: Queue) -> str:
    name = f"{queue.name}: " if queue.name else ""
    left = ", ".join(one.task for one in queue.waiting) or "nothing"
    most = "nobody says how many" if queue.peak is None else f"at most {queue.peak}"
    return words.line(f"{name}{most} at once, {left} left")


def _assigned(given: Assignment) -> str:
    out_of = "" if given.candidates is None else f" out of {len(given.candidates)}"
    ended = "no outcome" if given.outcome is None else f"{given.outcome} as its span ended"
    return words.line(f"{given.task} to {given.worker or 'nobody'}{out_of}, {ended}")


def _named(broken_up: Decomposition) -> str:
    took = "" if broken_up.took_ns is None else f" in {amounts.duration(broken_up.took_ns)}"
    tasks = amounts.counted(len(broken_up.tasks), "task")
    return words.line(f"{broken_up.agent} named {tasks}{took}")


def _silent(pulses: Iterable[Pulse]) -> Iterator[str]:
    for pulse in pulses:
        if pulse.longest_silence_ns is not None:
            silence = amounts.duration(pulse.longest_silence_ns)
            yield words.line(f"{pulse.agent} for {silence} at most")


def _deadlock(group: Deadlock) -> str:
    return words.line(f"deadlock, a {group.kind}: {', '.join(group.agents)}")


def _loop(loop: Loop) -> str:
    where = "at the end" if loop.at_end else "and went on"
    return words.line(f"{', '.join(loop.agents)} {loop.rule} {amounts.times(loop.times)}, {where}")


def _starved(item: Item) -> str:
    return words.line(f"{item.task} starved: {item.overtaken} overtook it")
