"""Queues, assignments, heartbeats and leaders, from the words of `docs/reference/teams.md`."""

from __future__ import annotations

from typing import Any, NamedTuple

from agenttrace.model.span import Event, Span, SpanKind
from agenttrace.model.trace import Trace


class Told(NamedTuple):
    """An event, and the span inside which it occurred."""

    event: Event
    span: Span


def told(trace: Trace, *names: str) -> list[Told]:
    """The events of some names, by time, and of one instant as the trace has them."""
    found = [Told(event, span) for span in trace.spans for event in span.events]
    return sorted(
        (one for one in found if one.event.name in names), key=lambda one: one.event.at_ns
    )


def queues(trace: Trace) -> dict[str, dict[str, Any]]:
    """By name: what was in each queue, how deep it was, and what it held at most."""
    events = told(trace, "enqueued", "dequeued")
    found: dict[str, dict[str, Any]] = {}
    for name in {_said(one, "queue.name") for one in events}:
        own = [one for one in events if _said(one, "queue.name") == name]
        pairs = []
        for task in dict.fromkeys(_said(one, "queue.task") for one in own):
            ins = [(n, one) for n, one in enumerate(own) if _is(one, "enqueued", task)]
            outs = [one.event.at_ns for one in own if _is(one, "dequeued", task)]
            for nth in range(max(len(ins), len(outs))):
                place, into = ins[nth] if nth < len(ins) else (None, None)
                begun = None if into is None else into.event.at_ns
                pairs.append((task, place, begun, outs[nth] if nth < len(outs) else None))
        items = []
        for task, place, begun, ended in pairs:
            overtaken = sum(
                place is not None
                and other[1] is not None
                and other[1] > place
                and other[3] is not None
                and (ended is None or other[3] < ended)
                for other in pairs
            )
            items.append((task, begun, ended, overtaken))
        stays = [(b, e) for _, b, e, _ in items if b is not None and (e is None or e >= b)]
        instants = sorted({at for stay in stays for at in stay if at is not None})
        found[name] = {
            "items": items,
            "depths": [(at, sum(_holds(stay, at) for stay in stays)) for at in instants],
            "peak": max(
                (sum(b <= at and (e is None or e >= at) for b, e in stays) for at in instants),
                default=None,
            ),
        }
    return found


def _holds(stay: tuple[int, int | None], at: int) -> bool:
    begun, ended = stay
    return begun <= at and (ended is None or ended > at)


def _said(one: Told, name: str) -> str:
    return str(one.event.attributes.get(name) or "")


def _is(one: Told, name: str, task: str) -> bool:
    return one.event.name == name and _said(one, "queue.task") == task


def assignments(trace: Trace) -> list[tuple[Any, ...]]:
    """Task, worker, since it was put in, until it began, and how it ended."""
    found = []
    put: dict[str, list[int]] = {}
    for one in told(trace, "enqueued"):
        put.setdefault(_said(one, "queue.task"), []).append(one.event.at_ns)
    seen: dict[Any, int] = {}
    for one in told(trace, "assigned"):
        task, worker = _said(one, "queue.task"), _said(one, "queue.worker")
        nth = seen[task] = seen.get(task, -1) + 1
        pair = seen[task, worker] = seen.get((task, worker), -1) + 1
        at = one.event.at_ns
        since = put.get(task, [])[nth : nth + 1]
        work = sorted(
            (
                span
                for span in trace.spans
                if span.kind is SpanKind.AGENT and span.agent == worker and span.task == task
            ),
            key=lambda span: span.start_ns,
        )[pair : pair + 1]
        codes = {"OK": "success", "UNSET": None}
        found.append(
            (
                task,
                worker,
                at - since[0] if since and since[0] <= at else None,
                work[0].start_ns - at if work and work[0].start_ns >= at else None,
                codes.get(work[0].status.code, "failure") if work else None,
            )
        )
    return found


def silences(trace: Trace) -> dict[str, int]:
    """By agent that gives signs of life: the longest time without one."""
    beats: dict[str, list[int]] = {}
    for one in told(trace, "heartbeat"):
        beats.setdefault(str(one.span.agent), []).append(one.event.at_ns)
    found = {}
    for agent, instants in beats.items():
        own = [span for span in trace.spans if span.agent == agent]
        life = [min(span.start_ns for span in own), *instants, max(span.end_ns for span in own)]
        gaps = [b - a for a, b in zip(sorted(life), sorted(life)[1:], strict=False)]
        found[agent] = max(gaps)
    return found


def own_times(trace: Trace, agent: str) -> tuple[int, int]:
    """In how many nanoseconds a span of an agent lasts; and one does in which nothing lasts."""
    ends = [at for span in trace.spans for at in (span.start_ns, span.end_ns)]
    own = [span for span in trace.spans if span.agent == agent]
    lives = alone = 0
    for at in range(min(ends), max(ends)):
        lasting = [span for span in own if span.start_ns <= at < span.end_ns]
        lives += bool(lasting)
        alone += any(
            not any(
                each.parent == span.id and each.start_ns <= at < each.end_ns for each in trace.spans
            )
            for span in lasting
        )
    return lives, alone
