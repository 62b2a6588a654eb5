"""Interactions and the shapes of their graph again, each by the page's words and by trying all."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence

from agenttrace.model import names
from agenttrace.model.span import ERROR, Span, SpanKind, WireKind
from agenttrace.model.trace import Trace

Row = tuple[str, str, str, str | None, str | None]
"""Kind, source, target, the cause's id and the effect's."""


def doer(trace: Trace, span: Span | None) -> str | None:
    """The agent that a span names, else that of what is around it."""
    if span is None or span.agent is not None:
        return None if span is None else span.agent
    return doer(trace, around(trace, span))


def around(trace: Trace, span: Span) -> Span | None:
    """What a span stands right inside."""
    return next((one for one in trace.spans if one.id == span.parent), None)


def interactions(trace: Trace) -> set[Row]:
    """Every interaction."""
    found: set[Row] = set()
    for span in trace.spans:
        for link in span.links:
            cause = next((one for one in trace.spans if one.id == link.span), None)
            who = (doer(trace, cause), doer(trace, span))
            if cause is not None and None not in who and who[0] != who[1]:
                found.add((link.relationship, str(who[0]), str(who[1]), cause.id, span.id))
    said = {(source, effect) for _, source, _, _, effect in found}
    for span in trace.spans:
        outer = around(trace, span)
        a, b = doer(trace, outer), doer(trace, span)
        if outer is None or a is None or b is None or a == b or (a, span.id) in said:
            continue
        at: Span | None = outer
        while at is not None and doer(trace, at) == a and at.kind not in ("agent", "tool"):
            at = around(trace, at)
        if at is not None and doer(trace, at) == a and at.kind == "tool":
            found.add(("tool-as-agent", a, b, at.id, span.id))
        else:
            found.add(("subagent", a, b, outer.id, span.id))
    return found | set(_queued(trace))


def _queued(trace: Trace) -> Iterator[Row]:
    lanes = {one.path: one for one in trace.lanes}
    for one in trace.deliveries:
        if one.message is None or one.receive[-1].kind != "receive":
            continue
        sender = max(
            (path for path in lanes if one.message[: len(path)] == path and path != one.message),
            key=len,
        )
        cause = _open(trace, sender, one.sent)
        effect = _open(trace, one.receive[:-1], one.seq)
        a, b = doer(trace, cause), doer(trace, effect)
        if a is not None and b is not None and a != b and cause and effect:
            yield ("message", a, b, cause.id, effect.id)


def _open(trace: Trace, lane: object, step: int) -> Span | None:
    """The innermost span around a step of a lane, or around what spawned the lane."""
    begun = [one for one in trace.spans if one.lane == lane and one.seq <= step]
    if begun:
        at: Span | None = max(begun, key=lambda one: one.seq)
        while (
            at is not None
            and at.lane == lane
            and (at.end_seq < step or at.kind in ("llm", "message"))
        ):
            at = around(trace, at)
        return at
    spawned = next(one for one in trace.lanes if one.path == lane)
    if spawned.parent is None:
        return None
    return _open(trace, spawned.parent, spawned.spawn_seq)


def tokens(trace: Trace, effects: set[str]) -> dict[str, int | None]:
    """By effect, the tokens of the model calls that it is the innermost of; None: one is silent."""
    if not any(span.kind is SpanKind.LLM for span in trace.spans):
        return dict.fromkeys(effects)
    found: dict[str, int | None] = dict.fromkeys(effects, 0)
    for span in trace.spans:
        if span.kind is not SpanKind.LLM:
            continue
        at: Span | None = span
        while at is not None and at.id not in effects:
            at = around(trace, at)
        if at is None:
            continue
        known = found[at.id]
        if span.usage is None:
            found[at.id] = known if span.status.code == ERROR else None
        elif known is not None:
            found[at.id] = known + sum(one.input + one.output for one in span.usage.models.values())
    return found


def latency(cause: Span, effect: Span) -> int | None:
    """From the cause's end, or its begin where it has not ended by then, to the effect's begin."""
    for since in (cause.end_ns, cause.start_ns):
        if since <= effect.start_ns:
            return effect.start_ns - since
    return None


def size(said: object) -> int:
    """The length of a text, or of the JSON of anything else."""
    if isinstance(said, str):
        return len(said.encode())
    return len(json.dumps(said, separators=(",", ":")).encode())


def parts(people: Sequence[str], pairs: set[tuple[str, str]], without: str) -> set[frozenset[str]]:
    """The groups of people who are connected, one of them left out."""
    groups = {frozenset([one]) for one in people if one != without}
    for a, b in pairs:
        if without not in (a, b):
            one = next(group for group in groups if a in group)
            two = next(group for group in groups if b in group)
            groups = groups - {one, two} | {one | two}
    return groups


def single_points(people: Sequence[str], pairs: set[tuple[str, str]]) -> set[str]:
    """Those without whom there are more groups of the others than with them."""
    whole = parts(people, pairs, without="")
    return {
        one
        for one in people
        if len(parts(people, pairs, one)) > len({group - {one} for group in whole} - {frozenset()})
    }


def unread(trace: Trace) -> set[str]:
    """What a producer said in a message and nobody links to, nor a delivery names."""
    linked = {link.span for span in trace.spans for link in span.links}
    delivered = [one.message for one in trace.deliveries]
    return {
        span.id
        for span in trace.spans
        if (span.kind, span.wire_kind) == (SpanKind.MESSAGE, WireKind.PRODUCER)
        if span.id not in linked and span.position not in delivered
    }


def redundant(told: Sequence[tuple[str, str, object]]) -> set[tuple[str, int]]:
    """Of `(source, kind, what was said)`: who told the same again, and how often in all."""
    kinds = {"message", "handoff", "tool-as-agent", "subagent"}
    rows = [(source, json.dumps(said)) for source, kind, said in told if kind in kinds]
    return {(row[0], rows.count(row)) for row in rows if rows.count(row) > 1}


def chatter(
    row: Sequence[tuple[int, str]], changes: Sequence[int], least: int = 4
) -> list[tuple[int, int]]:
    """First and last place of each row to and fro.

    Args:
        row: The interactions of two agents: rank and source, in order.
        changes: The ranks at which the state of one of them changed.
        least: How many make a row.
    """

    def goes_on(place: int) -> bool:
        (rank, source), (later, other) = row[place], row[place + 1]
        return source != other and not any(rank <= change < later for change in changes)

    fits = [
        (first, last)
        for first, last in itertools.combinations(range(len(row)), 2)
        if last - first + 1 >= least and all(map(goes_on, range(first, last)))
    ]
    return [
        (first, last)
        for first, last in fits
        if not any(a <= first and last <= b and (a, b) != (first, last) for a, b in fits)
    ]


def content(trace: Trace, row: Row) -> object:
    """What was said in an interaction; `...`: it is not known."""
    kind, _, _, cause_id, effect_id = row
    cause = next(one for one in trace.spans if one.id == cause_id)
    effect = next(one for one in trace.spans if one.id == effect_id)
    if kind == "tool-as-agent":
        return cause.question
    for one in (cause, effect):
        if names.MESSAGE_CONTENT in one.attributes:
            return one.attributes[names.MESSAGE_CONTENT]
    return effect.task if effect.task is not None else ...
