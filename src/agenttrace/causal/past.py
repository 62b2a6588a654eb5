"""Past: for one moment of a trace, the last step of every lane that can have had a part in it."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, TypeAlias

from agenttrace.causal.before import above, is_run
from agenttrace.causal.delivery.edges import edges

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from agenttrace.model.lane import Lane, Position
    from agenttrace.model.span import Span
    from agenttrace.model.state import StateSnapshot
    from agenttrace.model.trace import Trace

Knot: TypeAlias = "tuple[float, Position, float]"
"""Where a lane came to know more: its step, the lane that told it, and the step of that lane."""


def latest_of(
    later: Sequence[StateSnapshot], cuts: Sequence[Mapping[Position, int]]
) -> StateSnapshot:
    """The snapshot that no other of these comes after; of concurrent ones, the later lane's.

    Args:
        later: One of each lane, the later lanes first.
        cuts: The causal past of each of them; of one alone it need not be known.
    """
    for number, shot in enumerate(later):
        others = (cut for other, cut in enumerate(cuts) if other != number)
        if all(cut.get(shot.lane, -1) < shot.seq for cut in others):
            return shot
    return later[0]  # a circle, which only foreign traces hold


class Past:
    """The causal past of the steps of one trace's lanes."""

    def __init__(self, trace: Trace) -> None:
        """Index what leads from lane to lane."""
        self._lanes: dict[Position, Lane] = {lane.path: lane for lane in trace.lanes}
        self._last: dict[Position, int] = defaultdict(int)
        self._joined: dict[Position, list[tuple[int, Position]]] = defaultdict(list)
        self._told: dict[Position, list[tuple[float, Position, float]]] = defaultdict(list)
        spans = {span.id: span for span in trace.spans}
        parents = {span.id: span.parent for span in trace.spans}
        for span in trace.spans:
            self._reaches(span.lane, max(span.seq, span.end_seq))
            around = above(span, parents)
            for link in span.links:
                source = spans.get(link.span) if link.trace is None else None
                if source is not None and source.id not in around:
                    self._told[span.lane].append(
                        (span.seq, source.lane, max(source.seq, source.end_seq))
                    )
        self._index_deliveries(trace)
        for lane in trace.lanes:
            if lane.parent is not None:
                self._reaches(lane.parent, lane.spawn_seq)
            for join in lane.joins:
                self._reaches(join.by, join.seq)
                self._joined[join.by].append((join.seq, lane.path))
        for shot in trace.snapshots:
            self._reaches(shot.lane, shot.seq)

    def _index_deliveries(self, trace: Trace) -> None:
        at = {span.position: span for span in trace.spans if span.position}
        for delivery in trace.deliveries:
            receive = at.get(delivery.receive)
            sent = None if delivery.message is None else at.get(delivery.message)
            if receive is not None and sent is not None:
                self._told[receive.lane].append((receive.seq, sent.lane, sent.seq))
        for edge in edges(trace):
            self._told[edge.receiver].append((edge.seq, edge.sender, edge.sent))

    @property
    def told(self) -> Iterator[tuple[Position, float, Position, float]]:
        """What lanes know of others by messages and links: a lane and its step, a lane and a step.

        From its step on, the first lane knows of the other one up to that one's step.
        """
        for lane, found in self._told.items():
            for seq, source, sent in found:
                yield lane, seq, source, sent

    def of_span(self, span: Span) -> dict[Position, int]:
        """The cut at a span's end; what it spawned and was told of last, it was told inside."""
        if is_run(span):
            return self._cut([self._whole(span.lane)])
        end = max(span.seq, span.end_seq)
        inside = [
            path
            for seq, path in self._joined[span.lane]
            if seq == end and self._lanes[path].spawn_seq > span.seq
            if self._lanes[path].parent == span.lane
        ]
        return self._cut([(span.lane, end), *map(self._whole, inside)])

    def of_snapshot(self, shot: StateSnapshot) -> dict[Position, int]:
        """The cut at the step at which a state was kept."""
        return self._cut([(shot.lane, shot.seq)])

    def latest(self, shots: Iterable[StateSnapshot]) -> StateSnapshot:
        """The snapshot that no other of these comes after; of concurrent ones, the later lane's.

        Args:
            shots: At least one.
        """
        last: dict[Position, StateSnapshot] = {}
        for shot in shots:
            if shot.lane not in last or shot.seq >= last[shot.lane].seq:
                last[shot.lane] = shot
        later = [last[lane] for lane in sorted(last, reverse=True)]
        return latest_of(later, list(map(self.of_snapshot, later)) if len(later) > 1 else [])

    def knots(self) -> dict[Position, list[Knot]]:
        """By lane, where it came to know more, in order: when, what lane told it, up to where."""
        found: dict[Position, list[Knot]] = defaultdict(list)
        for lane, joined in self._joined.items():
            found[lane] += [(seq + 1, *self._whole(path)) for seq, path in joined]
        for lane, told in self._told.items():
            found[lane] += told
        return {lane: sorted(knots) for lane, knots in found.items()}

    def spawned_at(self, lane: Position) -> list[tuple[Position, float]]:
        """The lane that spawned a lane, and its step; none of the first one."""
        here = self._lanes.get(lane)
        return [] if here is None or here.parent is None else [(here.parent, here.spawn_seq)]

    def whole_steps(self, known: dict[Position, float]) -> dict[Position, int]:
        """For each lane, the last whole step up to what is known of it."""
        return {lane: min(math.floor(step), self._last[lane]) for lane, step in known.items()}

    def _reaches(self, lane: Position, step: int) -> None:
        self._last[lane] = max(self._last[lane], step)

    def _cut(self, starts: list[tuple[Position, float]]) -> dict[Position, int]:
        known: dict[Position, float] = {}
        ahead = list(starts)
        while ahead:
            lane, step = ahead.pop()
            before = known.get(lane, -1.0)
            if step > before:
                known[lane] = step
                ahead.extend(self._right_before(lane, step))
        return self.whole_steps(known)

    def _right_before(self, lane: Position, step: float) -> Iterator[tuple[Position, float]]:
        yield from self.spawned_at(lane)
        for seq, path in self._joined[lane]:
            if seq + 1 <= step:  # a message that was sent since may have been so before
                yield self._whole(path)
        for moment, source, sent in self._told[lane]:
            if moment <= step:
                yield source, sent

    def _whole(self, lane: Position) -> tuple[Position, int]:
        """The end of a lane, which comes after its last step and all that it was told then."""
        return lane, self._last[lane] + 1
