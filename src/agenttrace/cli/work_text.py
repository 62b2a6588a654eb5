"""Work as text: how tasks were placed, how they reached workers, and who waited for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.analysis import Analysis
from agenttrace.cli import words
from agenttrace.model import amounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.analysis.conformance import Violation
    from agenttrace.analysis.deadlock import Deadlock
    from agenttrace.analysis.delegation import Delegation
    from agenttrace.analysis.loops import Loop
    from agenttrace.analysis.orchestration import Orchestration
    from agenttrace.analysis.queues import Item
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
        ("led", _led(led)),
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
        one.outcome or "no outcome",
        *took,
    ]
    return words.line(", ".join(said))


def _broken(one: Violation) -> str:
    return f"{one.rule}: {words.line(one.why)}"


def _led(found: Orchestration) -> Iterator[str]:
    for queue in found.queues:
        left = ", ".join(one.task for one in queue.waiting) or "nothing"
        most = "nobody says how many" if queue.peak is None else f"at most {queue.peak}"
        yield words.line(f"queue {queue.name}: {most} at once, {left} left".replace(" :", ":"))
    for given in found.assignments:
        out_of = "" if given.candidates is None else f" out of {len(given.candidates)}"
        yield words.line(
            f"{given.task} to {given.worker or 'nobody'}{out_of}, {given.outcome or 'no outcome'}"
        )
    for broken_up in found.decompositions:
        took = "" if broken_up.took_ns is None else f" in {amounts.duration(broken_up.took_ns)}"
        tasks = amounts.counted(len(broken_up.tasks), "task")
        yield words.line(f"{broken_up.agent} named {tasks}{took}")
    for pulse in found.pulses:
        if pulse.longest_silence_ns is not None:
            silence = amounts.duration(pulse.longest_silence_ns)
            yield words.line(f"{pulse.agent} was silent for {silence} at most")


def _deadlock(group: Deadlock) -> str:
    return words.line(f"deadlock, a {group.kind}: {', '.join(group.agents)}")


def _loop(loop: Loop) -> str:
    where = "at the end" if loop.at_end else "and went on"
    return words.line(f"{', '.join(loop.agents)} {loop.rule} {amounts.times(loop.times)}, {where}")


def _starved(item: Item) -> str:
    return words.line(f"{item.task} starved: {item.overtaken} overtook it")
