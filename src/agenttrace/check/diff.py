"""Diff: what differs between two runs, classified, each first cause with what follows from it.

Both traces are made trees with hashes, and the trees are aligned; content is compared only where
pairs differ, and what points across the tree only once all pairs are known. Times, ids and sites
never count, and what chance may cut short is compared as far as both runs got.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agenttrace.causal.ragged import raggedness
from agenttrace.check.align import align
from agenttrace.check.content import Contents, changes, same, state_changes, state_of, summary
from agenttrace.check.folding import Later, Moment, When, causes
from agenttrace.check.normalize import normalized
from agenttrace.check.partners import Partners
from agenttrace.check.references import pointed
from agenttrace.check.tree import tree
from agenttrace.check.vary import NOTHING_VARIES, Vary
from agenttrace.model.collector import resting
from agenttrace.model.difference import Difference
from agenttrace.model.lane import label_of
from agenttrace.model.span import Span
from agenttrace.model.state import StateSnapshot
from agenttrace.model.values import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from agenttrace.check.align import Alignment
    from agenttrace.check.content import Change
    from agenttrace.check.tree import MayBeCut, Node
    from agenttrace.model.lane import Position
    from agenttrace.model.trace import Trace
    from agenttrace.model.values import Value

_AT_THE_END = frozenset({"tool_result", "llm_output", "status", "event", "cost", "metadata"})
"""The classes that differ at the end of a span; the others do at its beginning."""


def diff(
    golden: Trace,
    run: Trace,
    vary: Vary = NOTHING_VARIES,
    *,
    overlook: AbstractSet[str] = frozenset(),
) -> tuple[Difference, ...]:
    """List what differs: the first causes, each followed by its consequences.

    Causes come by agent, then by place; none happened before another. A consequence names its
    cause.

    Args:
        golden: The trace that was accepted, our own or a foreign one.
        run: The trace that is held against it.
        vary: What may differ.
        overlook: Classes of differences, of `model.difference.CLASSES`, that are left out.
    """
    rules = vary.rules
    return _Diff(normalized(golden, rules), normalized(run, rules), vary).told(overlook)


class _Diff:
    """Two traces, and what was found so far."""

    def __init__(self, golden: Trace, run: Trace, vary: Vary) -> None:
        self._golden, self._run, self._vary = golden, run, vary
        self._may_be_cut: MayBeCut = raggedness((*golden.lanes, *run.lanes))
        self._when = When(golden)
        self._found: list[tuple[Difference, str, Moment | None]] = []

    def told(self, overlook: AbstractSet[str]) -> tuple[Difference, ...]:
        with resting():
            self._find()
            self._found = [it for it in self._found if it[0].kind not in overlook]
            return tuple(self._folded())

    def _find(self) -> None:
        trees = (
            tree(trace, Contents(trace, self._vary), self._may_be_cut)
            for trace in (self._golden, self._run)
        )
        alignment = align(*trees)
        partners = Partners(self._golden, self._run, alignment)
        self._add_one_sided(alignment, partners)
        self._add_moved(alignment)
        self._add_changed(alignment)
        self._add_pointed(alignment, partners)
        self._add_agents()

    # -- what there is to find ---------------------------------------------------------------------
    def _add_one_sided(self, alignment: Alignment, partners: Partners) -> None:
        when = When(self._run)
        elsewhere = {
            id(it) for pair in alignment.moved for node in pair for it in node.everything()
        }
        for nodes, what in ((alignment.gone, "missing"), (alignment.come, "extra")):
            for node in nodes:
                left = [it for it in node.everything() if id(it) not in elsewhere]
                first = next((it for it in left if isinstance(it.thing, Span)), left[0])
                one = _one_sided(first, what, sum(isinstance(it.thing, Span) for it in left) - 1)
                moment = self._moment(first, "structure", when if what == "extra" else None)
                if what == "extra" and moment is not None:
                    moment = partners.in_golden(moment) or self._near(node, partners)
                self._add(one, first, moment)

    def _near(self, node: Node, partners: Partners) -> Moment | None:
        """When a lane that only the run has was spawned, as the golden counts."""
        lane = next((it for it in self._run.lanes if it.path == node.place), None)
        while lane is not None and lane.parent is not None:
            moment = partners.in_golden(Moment(lane.parent, lane.spawn_seq))
            if moment is not None:
                return moment
            lane = next((it for it in self._run.lanes if it.path == lane.parent), None)
        return None

    def _add_moved(self, alignment: Alignment) -> None:
        inside = {id(child): id(pair[0]) for pair in alignment.pairs for child in pair[0].children}
        there = {id(child): id(pair[0]) for pair in alignment.pairs for child in pair[1].children}
        for left, right in alignment.moved:
            is_order = inside.get(id(left)) == there.get(id(right)) and id(left) in inside
            first = next((it for it in left.everything() if isinstance(it.thing, Span)), left)
            places = [label_of(left.place), label_of(right.place)]
            one = Difference(
                kind="order" if is_order else "structure",
                place=first.place,
                what="moved",
                title=_title(first),
                golden=places[0],
                run=places[1],
            )
            self._add(one, first, self._moment(first, one.kind))

    def _add_changed(self, alignment: Alignment) -> None:
        for left, right in alignment.pairs:
            if left.own != right.own:
                for change in self._changes(left, right):
                    self._change(left, change)

    def _changes(self, left: Node, right: Node) -> Iterator[Change]:
        if isinstance(left.thing, Span) and isinstance(right.thing, Span):
            cut = self._may_be_cut(left.thing.lane)
            yield from changes(left.thing, right.thing, self._vary, cut=cut)
        elif isinstance(left.thing, StateSnapshot) and isinstance(right.thing, StateSnapshot):
            yield from state_changes(left.thing, right.thing, self._vary)

    def _add_pointed(self, alignment: Alignment, partners: Partners) -> None:
        moved = {node.thing.id for node, _ in alignment.moved if isinstance(node.thing, Span)}
        lanes = {lane.path: lane for lane in self._golden.lanes}
        for place, span, change in pointed(partners, self._may_be_cut, moved):
            if span is not None:
                moment: Moment | None = self._when.began(span)
            else:
                lane = lanes.get(place)
                moment = None
                if lane is not None and lane.joins:
                    moment = Moment(lane.joins[0].by, lane.joins[0].seq)
                elif lane is not None and lane.parent is not None:
                    moment = Moment(lane.parent, lane.spawn_seq)
            agent = "" if span is None else span.agent or ""
            self._found.append((_difference(place, change), agent, moment))

    def _add_agents(self) -> None:
        there = {agent.id: agent for agent in self._run.agents}
        for agent in self._golden.agents:
            other = there.get(agent.id)
            if other is not None and other != agent:
                left, right = canonical(agent), canonical(other)
                if not same(left, right):
                    one = Difference(
                        kind="metadata",
                        place=(),
                        what="changed",
                        title=f"agent {agent.id}",
                        golden=left,
                        run=right,
                    )
                    self._found.append((one, agent.id, Moment((), -1)))

    def _change(self, node: Node, change: Change) -> None:
        self._add(_difference(node.place, change), node, self._moment(node, change.kind))

    def _add(self, one: Difference, node: Node, moment: Moment | None) -> None:
        thing = node.thing
        agent = (thing.agent or "") if thing is not None else ""
        self._found.append((one, agent, moment))

    def _moment(self, node: Node, kind: str, when: When | None = None) -> Moment | None:
        thing = node.thing
        if isinstance(thing, StateSnapshot):
            return Moment(thing.lane, thing.seq)
        if thing is None:
            return Moment(node.place, -1)
        when = when or self._when
        return when.ended(thing) if kind in _AT_THE_END else when.began(thing)

    # -- what follows from what --------------------------------------------------------------------
    def _folded(self) -> Iterator[Difference]:
        if not self._found:
            return
        order = sorted(range(len(self._found)), key=self._rank)
        found = [self._found[at] for at in order]
        follows = causes([moment for *_, moment in found], Later(self._golden))
        firsts = [at for at, known in enumerate(follows) if not known]
        firsts.sort(key=lambda at: (found[at][1], found[at][0].place))
        place = {at: number for number, at in enumerate(firsts)}
        below: dict[int, list[int]] = {at: [] for at in firsts}
        for at, known in enumerate(follows):
            if known:
                below[min(known, key=place.__getitem__)].append(at)
        for first in firsts:
            cause = replace(found[first][0], consequences=len(below[first]))
            yield cause
            name = cause.id if below[first] else ""
            for at in below[first]:
                yield replace(found[at][0], cause=name)

    def _rank(self, at: int) -> tuple[bool, Position, float]:
        moment = self._found[at][2]
        return (moment is None, *(moment or Moment((), 0)))


def _one_sided(node: Node, what: str, more: int) -> Difference:
    side = _side(node)
    if more > 0 and isinstance(side, dict):
        side = {**side, "inside": more}
    return Difference(
        kind="state" if isinstance(node.thing, StateSnapshot) else "structure",
        place=node.place,
        what=what,
        title=_title(node),
        golden=side if what == "missing" else None,
        run=side if what == "extra" else None,
    )


def _side(node: Node) -> Value:
    if isinstance(node.thing, Span):
        return summary(node.thing)
    return label_of(node.place) if node.thing is None else state_of(node.thing)


def _title(node: Node) -> str:
    if isinstance(node.thing, Span):
        return node.thing.name
    if node.thing is None:
        return f"{node.sort[1]} {node.sort[2].rpartition('.')[2]}"
    return f"state of {node.thing.agent or 'the run'}"


def _difference(place: Position, change: Change) -> Difference:
    return Difference(
        kind=change.kind,
        place=place,
        what=change.what,
        title=change.title,
        golden=change.golden,
        run=change.run,
    )
