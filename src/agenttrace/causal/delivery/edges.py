"""Edges: what a receiver knows of its sender, in steps of their lanes."""

from __future__ import annotations

import bisect
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from agenttrace.causal.delivery.turns import turn_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from agenttrace.model.lane import Delivery, Position
    from agenttrace.model.trace import Trace

RECEIVE = "receive"
"""The kind of the step of a receive that a queue's `get` is."""


class Edge(NamedTuple):
    """One message, from lane to lane.

    Attributes:
        sender: The sending lane.
        sent: When it sent: its last step before, and after the point how much it had received.
        receiver: The receiving lane, or the turn that the message began.
        seq: When it knew, likewise; 0 where it knew from the beginning.
        message: The position of the message; it is sent inside what stands at the beginning of it.
    """

    sender: Position
    sent: float
    receiver: Position
    seq: float
    message: Position


def edges(trace: Trace) -> Iterator[Edge]:
    """The messages that queues carried; those of verbs have spans, which say the same."""
    lanes = {lane.path for lane in trace.lanes}
    received = _receipts(trace)
    for one in trace.deliveries:
        if one.message is None or not _is_queues(one):
            continue
        sender, receiver = _lane_of(one.message, lanes), one.receive[:-1]
        sent = one.sent + _part(received.get(sender, ()), one.heard)
        if one.turn:
            yield Edge(sender, sent, turn_path(receiver, one.turn), 0, one.message)
        else:
            part = _part(received.get(receiver, ()), one.receive[-1].occurrence + 1)
            yield Edge(sender, sent, receiver, one.seq + part, one.message)


def _receipts(trace: Trace) -> dict[Position, list[int]]:
    """By lane, the numbers of its receives, in order; not of those that began a turn."""
    found: dict[Position, list[int]] = {}
    for one in trace.deliveries:
        if _is_queues(one) and not one.turn:
            found.setdefault(one.receive[:-1], []).append(one.receive[-1].occurrence)
    return {lane: sorted(numbers) for lane, numbers in found.items()}


def _part(received: Sequence[int], heard: int) -> float:
    """Which part of a lane's receives had ended when so many had; never the whole."""
    return bisect.bisect_left(received, heard) / (len(received) + 1)


def recounted(trace: Trace, at: Callable[[Position, int], int]) -> Iterator[Delivery]:
    """Give the deliveries with their lanes' steps counted again."""
    lanes = {lane.path for lane in trace.lanes}
    for one in trace.deliveries:
        if not _is_queues(one):
            yield one
            continue
        sent = 0 if one.message is None else at(_lane_of(one.message, lanes), one.sent)
        yield replace(one, seq=at(one.receive[:-1], one.seq), sent=sent)


def _is_queues(delivery: Delivery) -> bool:
    return delivery.receive[-1:] != () and delivery.receive[-1].kind == RECEIVE


def _lane_of(position: Position, lanes: set[Position]) -> Position:
    return next(
        (position[:size] for size in range(len(position) - 1, 0, -1) if position[:size] in lanes),
        (),
    )
