"""References: what points across the tree, looked up once it is known what corresponds to what.

Links, parents in other lanes, who waited for a lane and when, which message a receive got: each
counts by what it points to, and never by an id or the number of a step.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from agenttrace.causal.delivery.edges import RECEIVE
from agenttrace.check.content import Change
from agenttrace.model.lane import label_of
from agenttrace.model.values import digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from agenttrace.check.partners import Partners
    from agenttrace.check.tree import MayBeCut
    from agenttrace.model.lane import Delivery, Lane, Position
    from agenttrace.model.span import Link, Span
    from agenttrace.model.trace import Trace
    from agenttrace.model.values import Value


class Pointed(NamedTuple):
    """A change of what points somewhere: where it stands, and the golden's span, if it is one's."""

    place: Position
    span: Span | None
    change: Change


def pointed(partners: Partners, may_be_cut: MayBeCut, moved: AbstractSet[str]) -> Iterator[Pointed]:
    """List everything that points elsewhere in the run.

    Args:
        partners: What corresponds to what.
        may_be_cut: Which lanes are compared as far as both got.
        moved: The ids of the golden's spans that are told as moved; so their parents differ.
    """
    for place, left, right in partners.pairs:
        if left.parent != right.parent and left.id not in moved:
            for change in _parents(partners, left, right):
                yield Pointed(place, left, change)
        if (left.links or right.links) and not may_be_cut(left.lane):
            for change in _links(partners, left, right):
                yield Pointed(place, left, change)
    yield from _joins(partners, may_be_cut)
    yield from _deliveries(partners, may_be_cut)


def _parents(partners: Partners, left: Span, right: Span) -> Iterator[Change]:
    expected = None if left.parent is None else partners.spans.get(left.parent)
    if expected == right.parent:
        return
    inside = partners.golden_place(left.parent), partners.run_place(right.parent)
    is_known = expected is not None or left.parent is None
    if is_known and (inside[0] != inside[1] or expected is not None):
        yield Change("structure", f"{left.name}: inside", *inside)


def _links(partners: Partners, left: Span, right: Span) -> Iterator[Change]:
    mine = Counter(_token(link, partners.spans.get(link.span, link.span)) for link in left.links)
    its = Counter(_token(link, link.span) for link in right.links)
    if mine != its:
        yield Change(
            "link",
            left.name,
            [_shown(link, partners.golden_place(link.span)) for link in left.links],
            [_shown(link, partners.run_place(link.span)) for link in right.links],
        )


def _token(link: Link, target: str) -> tuple[str, str | None, str, bytes]:
    span = target if link.trace is None else link.span
    return span, link.trace, link.relationship, digest(dict(sorted(link.attributes.items())))


def _shown(link: Link, place: Value) -> Value:
    target = place if link.trace is None else f"{link.span} of trace {link.trace}"
    attributes = dict(sorted(link.attributes.items()))
    return [link.relationship, target, attributes] if attributes else [link.relationship, target]


# -- who was told of a lane's end ------------------------------------------------------------------
def _joins(partners: Partners, may_be_cut: MayBeCut) -> Iterator[Pointed]:
    mine = {lane.path: lane for lane in partners.golden.lanes}
    its = {lane.path: lane for lane in partners.run.lanes}
    known = {path: there for path, there in partners.lanes.items() if not may_be_cut(path)}
    back = {there: path for path, there in known.items()}
    for path, partner in sorted(partners.lanes.items()):
        left, right = mine.get(path), its.get(partner)
        if left is None or right is None or may_be_cut(path[:-1]):
            continue
        before = {
            (join.by, bisect_right(partners.steps[join.by][0], join.seq))
            for join in left.joins
            if join.by in known
        }
        after = {
            (back[join.by], bisect_right(partners.steps[back[join.by]][1], join.seq))
            for join in right.joins
            if join.by in back
        }
        if before != after:
            waits = _waits(partners.golden, left), _waits(partners.run, right)
            change = Change("order", f"{label_of(path)}: waited for", *waits)
            yield Pointed(path, None, change)


def _waits(trace: Trace, lane: Lane) -> Value:
    """By whom, and before what, a lane was waited for."""
    return [
        f"{label_of(join.by)}, before {_next(trace, join.by, join.seq)}" for join in lane.joins
    ] or ["by nobody"]


def _next(trace: Trace, lane: Position, seq: int) -> str:
    later = [span for span in trace.spans if span.lane == lane and span.seq > seq]
    first = min(later, key=lambda span: span.seq, default=None)
    return "its end" if first is None else label_of(first.position[len(lane) :])


# -- which message a receive got -------------------------------------------------------------------
def _deliveries(partners: Partners, may_be_cut: MayBeCut) -> Iterator[Pointed]:
    mine, its = (_sure(trace, may_be_cut) for trace in (partners.golden, partners.run))
    if not mine and not its:
        return
    here = {span.position: span for span in partners.golden.spans}
    there = {span.id: span.position for span in partners.run.spans}
    for place, left in mine.items():
        span = here.get(place)
        partner = None if span is None else partners.spans.get(span.id)
        if partner is None:
            continue
        right = its.get(there[partner])
        sent = None if left.message is None else here.get(left.message)
        wanted = None if sent is None else there.get(partners.spans.get(sent.id, ""))
        if (
            right is None
            or (sent is not None and right.message != wanted)
            or _said(left) != _said(right)
        ):
            values = _told(left), None if right is None else _told(right)
            yield Pointed(place, span, Change("link", "the message it got", *values))


def _sure(trace: Trace, may_be_cut: MayBeCut) -> dict[Position, Delivery]:
    """The deliveries that chance had no part in, by receive."""
    return {
        one.receive: one
        for one in trace.deliveries
        if one.receive and one.receive[-1].kind != RECEIVE and not may_be_cut(one.receive)
    }


def _said(delivery: Delivery) -> tuple[str, str, bytes]:
    return delivery.outcome, delivery.channel, delivery.content


def _told(delivery: Delivery) -> Value:
    message = None if delivery.message is None else label_of(delivery.message)
    return [message, delivery.outcome, delivery.channel, delivery.content]
