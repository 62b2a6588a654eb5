"""Settling: once it is known who received from which queue, work of pools is put under its turns.

Whether a queue has a pool behind it is known at the end: several lanes of one spawn site have asked
it for messages. Who asks is the program's doing, who gets is not; and while a recording goes on,
the first worker cannot know that there will be a second. So a recording mints plain positions, and
moves them here; the golden says of each receive which turn it began, and a replay goes by that.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from agenttrace.causal.delivery.book import Book, Receipt
from agenttrace.causal.delivery.turns import turn_path
from agenttrace.causal.position import span_id
from agenttrace.model.lane import LANE_KINDS, Delivery, Join, Lane, Position, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.causal.lane import LiveLane, Run
    from agenttrace.model.span import Link, Span
    from agenttrace.model.trace import Trace


def delivered(trace: Trace, run: Run) -> Trace:
    """Give a trace with the run's deliveries, and with the work of its pools under turns."""
    book = run.deliveries
    if not isinstance(book, Book):
        return trace
    with book.lock:
        turns = _Turns(book)
    return trace if not turns.deliveries else turns.applied(trace)


def told(run: Run) -> tuple[Delivery, ...]:
    """The ended receives of a process that is a part of a run, where they stood."""
    book = run.deliveries
    if not isinstance(book, Book):
        return ()
    with book.lock:
        receipts = [one for one in book.log if isinstance(one, Receipt)]
    return tuple(
        _delivery(one, one.position, None if one.message is None else one.message.position)
        for one in receipts
    )


def _delivery(receipt: Receipt, receive: Position, sent: Position | None) -> Delivery:
    message = receipt.message
    return Delivery(
        receive=receive,
        message=sent,
        outcome=receipt.outcome,
        channel=receipt.box.channel,
        content=b"" if message is None else message.content,
        seq=receipt.seq,
        sent=0 if message is None else message.sent,
        heard=0 if message is None else message.heard,
    )


class _Turns:
    """Which turns the workers of pools took, and where all that they did then belongs."""

    def __init__(self, book: Book) -> None:
        self.deliveries: list[Delivery] = []
        self._book = book
        self._moved: dict[Position, Position] = {}
        self._counts: dict[tuple[Position, str, str], int] = defaultdict(int)
        self._away: dict[tuple[Position, str, str], int] = defaultdict(int)
        self._since: dict[Position, tuple[list[int], list[Position | None]]] = {}
        self._pools: dict[Position, list[LiveLane]] = {}
        self._taken: dict[LiveLane, tuple[Position, ...]] = {}
        self._fresh: set[LiveLane] = set()
        for entry in (*book.log, *book.pending):
            if isinstance(entry, Receipt):
                self._receive(entry)
            elif isinstance(entry, tuple):
                self._mint(*entry)

    # -- what happened, in order ------------------------------------------------------------------
    def _receive(self, receipt: Receipt) -> None:
        lane, message = receipt.lane, receipt.message
        receive = self.at(receipt.position)
        sent = None if message is None else self.at(message.position)
        turn = self._turn(receipt, receive, sent)
        self.deliveries.append(replace(_delivery(receipt, receive, sent), turn=turn))
        if not turn:
            return
        path: Position | None = None
        if receipt.outcome == "message":
            path = turn_path(self.at(lane.path), turn)
            self._taken[lane] = turn
            self._fresh.add(lane)
            self._pools[path] = self._siblings(receipt)
        else:
            self._taken.pop(lane, None)
        steps, paths = self._since.setdefault(lane.path, ([], []))
        steps.append(receipt.seq)
        paths.append(path)

    def _turn(
        self, receipt: Receipt, receive: Position, sent: Position | None
    ) -> tuple[Position, ...]:
        if self._book.replays:
            wanted = receipt.wanted
            return () if wanted is None or wanted.outcome != receipt.outcome else wanted.turn
        if not self._book.records or len(self._siblings(receipt)) < _SEVERAL:
            return ()
        if receipt.outcome != "message":
            return (receive,)
        if sent is None:
            return ()
        before = self._taken.get(receipt.lane, ()) if receipt.lane in self._fresh else ()
        return (*before, sent)

    def _siblings(self, receipt: Receipt) -> list[LiveLane]:
        """The lanes of one spawn site that have asked one queue for a message."""
        path = receipt.lane.path
        if not path or path[-1].kind not in LANE_KINDS:
            return []
        lanes = self._book.getters.get(id(receipt.box.queue), ())
        site = (path[:-1], *path[-1][:2])
        return [
            lane for lane in lanes if lane.path and (lane.path[:-1], *lane.path[-1][:2]) == site
        ]

    def _mint(self, lane: LiveLane, position: Position) -> None:
        self._fresh.discard(lane)
        if self._book.replays or position[: len(lane.path)] != lane.path:
            return
        turn, step = self._taken.get(lane), position[-1]
        root, own = self.at(position[:-1]), self.at(lane.path)
        away = (position[:-1], step.kind, step.name)
        if turn is None:
            if self._away[away]:  # counted without those that have gone to turns
                number = step.occurrence - self._away[away]
                self._moved[position] = (*root, Step(step.kind, step.name, number))
            return
        self._away[away] += 1
        if root[: len(own)] == own:
            root = turn_path(own, turn) + root[len(own) :]
        key = (root, step.kind, step.name)
        self._moved[position] = (*root, Step(step.kind, step.name, self._counts[key]))
        self._counts[key] += 1

    # -- where it belongs -------------------------------------------------------------------------
    def at(self, position: Position) -> Position:
        """Where a position stands now: it, or what it stands in, may have been moved."""
        if self._moved:
            for size in range(len(position), 0, -1):
                found = self._moved.get(position[:size])
                if found is not None:
                    return found + position[size:]
        return position

    def lane_at(self, path: Position, seq: int) -> Position:
        """The lane that a step of a lane belongs to: a turn's, or its own."""
        since = self._since.get(path)
        if since is not None:
            number = bisect.bisect_right(since[0], seq) - 1
            turn = since[1][number] if number >= 0 else None
            if turn is not None:
                return turn
        return self.at(path)

    def applied(self, trace: Trace) -> Trace:
        """Give the trace with everything where it belongs."""
        lanes = [self._lane(lane) for lane in trace.lanes]
        known = {lane.path: lane for lane in lanes}
        spans = [self._span(span) for span in trace.spans]
        lanes += [lane for lane in self._lanes_of_turns(known, spans) if lane.path not in known]
        ids = {
            span.id: span_id(trace.name, place)
            for span in trace.spans
            if (place := self.at(span.position)) != span.position
        }
        deliveries = [
            replace(
                one,
                receive=self.at(one.receive),
                message=None if one.message is None else self.at(one.message),
            )
            for one in trace.deliveries
        ]
        return replace(
            trace,
            spans=tuple(_pointing(span, ids) for span in spans),
            lanes=tuple(lanes),
            snapshots=tuple(
                replace(
                    shot,
                    position=self.at(shot.position),
                    lane=self.lane_at(shot.lane, shot.seq),
                    span=ids.get(shot.span or "", shot.span),
                )
                for shot in trace.snapshots
            ),
            deliveries=(*deliveries, *self.deliveries),
        )

    def _span(self, span: Span) -> Span:
        lane = self.lane_at(span.lane, span.seq)
        return replace(span, position=self.at(span.position), lane=lane)

    def _lane(self, lane: Lane) -> Lane:
        if lane.parent is None:
            return lane
        joins: dict[Position, int] = {}
        for join in lane.joins:
            by = self.lane_at(join.by, join.seq)
            joins[by] = min(join.seq, joins.get(by, join.seq))
        return replace(
            lane,
            path=self.at(lane.path),
            parent=self.lane_at(lane.parent, lane.spawn_seq),
            joins=tuple(Join(by=by, seq=seq) for by, seq in sorted(joins.items())),
        )

    def _lanes_of_turns(self, known: dict[Position, Lane], spans: list[Span]) -> Iterator[Lane]:
        """A turn begins when the pool has begun, and is known to end when all of the pool have."""
        cut = self._cut_turns(known, {span.lane for span in spans if _is_open(span)})
        for path, members in self._pools.items():
            workers = [
                one for lane in members if (one := known.get(self.at(lane.path))) is not None
            ]
            if not workers:
                continue
            first = min(workers, key=lambda lane: lane.spawn_seq)
            told = [{join.by: join.seq for join in lane.joins} for lane in workers]
            by_all = set(told[0]).intersection(*told[1:])
            end = cut.get(path, "complete")
            yield Lane(
                path=path,
                parent=first.parent,
                spawn_seq=first.spawn_seq,
                joins=tuple(Join(by=by, seq=max(it[by] for it in told)) for by in sorted(by_all)),
                raced=any(lane.raced for lane in workers),
                ragged=end != "complete",
                end=end,
            )

    def _cut_turns(self, known: dict[Position, Lane], busy: set[Position]) -> dict[Position, str]:
        """The turns in which a worker was cut short; one that waited for its next turn was not.

        Nor was one that the run outlived without a call under way: a worker that never ends goes
        back to its queue.
        """
        found: dict[Position, str] = {}
        for path, (_, paths) in self._since.items():
            lane, last = known.get(self.at(path)), paths[-1]
            if lane is None or last is None or lane.end == "complete":
                continue
            if lane.end != "open" or last in busy:
                found[last] = lane.end
        return found


_SEVERAL = 2


def _is_open(span: Span) -> bool:
    return span.is_call and (span.answer is None or span.answer.end == "open")


def _pointing(span: Span, ids: dict[str, str]) -> Span:
    """A span, and what it points at, by the ids of where they stand now."""

    def target(link: Link) -> Link:
        return replace(link, span=ids.get(link.span, link.span)) if link.trace is None else link

    return replace(
        span,
        id=ids.get(span.id, span.id),
        parent=ids.get(span.parent or "", span.parent),
        links=tuple(map(target, span.links)),
    )
