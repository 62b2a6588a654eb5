"""Align: which node of one tree stands for which node of another.

Down from the top, and only where hashes differ. Slots that are equal in both trees are anchors, in
order; between two anchors, single nodes are paired in order and concurrent ones by a cheapest
assignment, never greedily. What is left over on both sides with equal hashes has moved.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from agenttrace.check.sequences import assigned, common, in_order, rising
from agenttrace.check.tree import Node
from agenttrace.check.vary import body_of
from agenttrace.model.span import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

ALONE = 0.6
"""What it costs to leave a node without a partner; two that cost more together stay apart."""

MOST_PAIRED = 4_000
"""How many pairs between two anchors, or of one group of concurrent nodes, are weighed; where there
are more, nodes are paired by place, then by what they are called, each in order."""

_OTHER_SORT, _OWN, _QUESTION, _ANSWER, _AGENT, _NAME = 0.9, 0.1, 0.15, 0.1, 0.1, 0.05
_BELOW, _PLACE = 0.5, 0.02

Pair: TypeAlias = "tuple[Node, Node]"
Slot: TypeAlias = "list[Node]"


@dataclass(slots=True)
class Alignment:
    """How two trees correspond.

    Attributes:
        equal: Pairs whose hashes are equal; all below them corresponds.
        pairs: Pairs that correspond and are not equal, or not sure to be; those below them are
            listed, too.
        moved: Pairs with equal hashes that stand in other places.
        gone: Nodes that only the golden has; what has moved out of them is among `moved`.
        come: Nodes that only the run has, likewise.
    """

    equal: list[Pair] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    moved: list[Pair] = field(default_factory=list)
    gone: list[Node] = field(default_factory=list)
    come: list[Node] = field(default_factory=list)

    def everything(self) -> Iterator[Pair]:
        """Every pair, those below equal ones included."""
        yield from self.pairs
        waiting = [*self.equal, *self.moved]
        while waiting:
            left, right = waiting.pop()
            yield left, right
            if left.cut or right.cut:  # what moved may have been cut short elsewhere
                waiting.extend(_cut_short(left, right))
                continue
            for mine, its in zip(left.slots, right.slots, strict=True):
                waiting.extend(_equals(mine, its))


def align(golden: Node, run: Node) -> Alignment:
    """Find what corresponds in two trees; their tops do."""
    found = Alignment()
    waiting: list[Pair] = [(golden, run)]
    while waiting:
        left, right = waiting.pop()
        if left.hash == right.hash and not (left.partly_cut or right.partly_cut):
            found.equal.append((left, right))
            continue
        found.pairs.append((left, right))
        is_cut = left.cut or right.cut
        below = list(_cut_short(left, right)) if is_cut else _below(left, right)
        waiting.extend(reversed(below))
        if not is_cut:
            taken = {id(node) for pair in below for node in pair}
            found.gone.extend(node for node in left.children if id(node) not in taken)
            found.come.extend(node for node in right.children if id(node) not in taken)
    _find_moved(found)
    return found


def _cut_short(left: Node, right: Node) -> Iterator[Pair]:
    """Below what chance may cut short, what stands in one place corresponds; the rest is chance."""
    there = {(node.sort, node.place[-1:]): node for node in right.children}
    for node in left.children:
        other = there.get((node.sort, node.place[-1:]))
        if other is not None:
            yield node, other


def _below(left: Node, right: Node) -> list[Pair]:
    """Pair what stands below two nodes."""
    pairs = list(_in_rows(left, right))
    return [*pairs, *_beside(left, right, pairs)]


def _beside(left: Node, right: Node, pairs: Sequence[Pair]) -> Iterator[Pair]:
    """Pair what is left over on both sides with nothing between that orders it.

    Where a single node went, what stood before and after it is concurrent now, and nothing moved.
    Slots that correspond as wholes are the fences that nothing crosses.
    """
    taken = {id(node) for pair in pairs for node in pair}
    partner = {id(mine): its for mine, its in pairs}
    slots = {id(node): slot for slot in right.slots for node in slot}
    fences: list[Pair] = []
    for slot in left.slots:
        found = [partner.get(id(node)) for node in slot]
        first = found[0]
        if first is not None and {id(it) for it in found} == {id(it) for it in slots[id(first)]}:
            fences.append((slot[0], slots[id(first)][0]))
    numbers = [
        {id(node): number for number, node in enumerate(side.children)} for side in (left, right)
    ]
    fences.sort(key=lambda pair: numbers[0][id(pair[0])])
    straight = rising([numbers[1][id(its)] for _, its in fences])
    ends = [[known[id(fences[at][side])] for at in straight] for side, known in enumerate(numbers)]
    fields: defaultdict[int, tuple[list[Node], list[Node]]] = defaultdict(lambda: ([], []))
    for side, node in enumerate((left, right)):
        for child in node.children:
            if id(child) not in taken:
                place = bisect_left(ends[side], numbers[side][id(child)])
                fields[place][side].append(child)
    for mine, its in fields.values():
        if mine and its:
            yield from _inside(mine, its)


def _in_rows(left: Node, right: Node) -> Iterator[Pair]:
    """Pair slots in order, and what stands in them."""
    anchors = common([_key(slot) for slot in left.slots], [_key(slot) for slot in right.slots])
    start, begin = 0, 0
    for end, stop in (*anchors, (len(left.slots), len(right.slots))):
        yield from _between(left.slots[start:end], right.slots[begin:stop])
        if end < len(left.slots):
            yield from _equals(left.slots[end], right.slots[stop])
        start, begin = end + 1, stop + 1


def _key(slot: Slot) -> bytes:
    return slot[0].hash if len(slot) == 1 else b"".join(sorted(node.hash for node in slot))


def _equals(left: Sequence[Node], right: Sequence[Node]) -> Iterator[Pair]:
    """Pair all of two rows whose hashes are the same ones; of twins, the nth with the nth."""
    return _matches(left, right, lambda node: node.hash)


def _matches(
    left: Iterable[Node], right: Iterable[Node], likeness: Callable[[Node], Hashable]
) -> Iterator[Pair]:
    """Pair nodes that are alike, the first with the first."""
    waiting: defaultdict[Hashable, deque[Node]] = defaultdict(deque)
    for node in right:
        waiting[likeness(node)].append(node)
    for node in left:
        if alike := waiting.get(likeness(node)):
            yield node, alike.popleft()


def _between(left: Sequence[Slot], right: Sequence[Slot]) -> Iterator[Pair]:
    """Pair what stands between two anchors: slots in order, then nodes inside them."""
    if not left or not right:
        return
    if len(left) * len(right) > MOST_PAIRED:
        mine, its = [n for slot in left for n in slot], [n for slot in right for n in slot]
        yield from _by_name(mine, its)
        return
    for row, column in in_order(left, right, _slot_cost, ALONE):
        yield from _inside(left[row], right[column])


def _inside(left: Slot, right: Slot) -> Iterator[Pair]:
    """Pair concurrent nodes: equal ones, then the others by a cheapest assignment.

    Twins of which both sides have as many correspond in order, wherever others went. Else, what is
    equal but for its links and stands in its old place comes before what is equal and stands
    elsewhere: what links point to may be what changed.
    """
    mine, its = list(left), list(right)
    as_many = _as_many(mine, its)
    for likeness in (
        lambda node: node.hash if node.bare in as_many else id(node),
        lambda node: (node.hash, node.place[-1:]),
        lambda node: (node.bare, node.place[-1:]),
        lambda node: node.hash,
    ):
        equal = list(_matches(mine, its, likeness))
        taken = {id(node) for pair in equal for node in pair}
        mine = [node for node in mine if id(node) not in taken]
        its = [node for node in its if id(node) not in taken]
        yield from equal
    if len(mine) * len(its) > MOST_PAIRED:
        yield from _by_name(mine, its)
        return
    for row, column in assigned(mine, its, _cost, ALONE):
        yield mine[row], its[column]


def _as_many(left: Slot, right: Slot) -> set[bytes]:
    """The hashes without links of what both sides have equally often, with the same links."""
    mine, its = (Counter((node.bare, node.hash) for node in row) for row in (left, right))
    often = Counter(bare for bare, _ in {*mine, *its})
    return {bare for (bare, own), n in mine.items() if often[bare] == 1 and its[bare, own] == n}


def _by_name(left: Sequence[Node], right: Sequence[Node]) -> Iterator[Pair]:
    """Pair many nodes cheaply: by place, then the nth with the nth of what is called the same."""
    there = {(node.sort, node.place[-1:]): node for node in right}
    rest: defaultdict[tuple[str, ...], list[Node]] = defaultdict(list)
    alone = []
    for node in left:
        other = there.pop((node.sort, node.place[-1:]), None)
        if other is not None:
            yield node, other
        else:
            alone.append(node)
    for node in there.values():
        rest[node.sort].append(node)
    for node in alone:
        if rest[node.sort]:
            yield node, rest[node.sort].pop(0)


def _slot_cost(left: Slot, right: Slot) -> float:
    if len(left) == len(right) == 1:
        return _cost(left[0], right[0])
    hashes = Counter(node.hash for node in left)
    equal = (hashes & Counter(node.hash for node in right)).total()
    sorts = Counter(node.sort for node in left)
    alike = (sorts & Counter(node.sort for node in right)).total()
    if not alike:
        return 4 * ALONE
    most = max(len(left), len(right))
    return ALONE * (2 * most - equal - alike) / most


def _cost(left: Node, right: Node) -> float:
    """How unlike two nodes are: 0 for equal ones, more than two that stay alone for strangers."""
    if left.hash == right.hash:
        return 0.0 if left.place[-1:] == right.place[-1:] else _PLACE / 2
    cost = 0.0 if left.place[-1:] == right.place[-1:] else _PLACE
    if left.sort != right.sort:
        if (
            left.sort[0] != right.sort[0]
            or left.place[-1:] != right.place[-1:]
            or left.sort[0] != "span"
        ):
            return 4 * ALONE
        cost += _OTHER_SORT
    if left.own != right.own:
        cost += _OWN
        if isinstance(left.thing, Span) and isinstance(right.thing, Span):
            cost += _span_cost(left.thing, right.thing)
    mine, its = (
        Counter(node.hash for node in left.children),
        Counter(node.hash for node in right.children),
    )
    total = mine.total() + its.total()
    if total:
        cost += _BELOW * (1 - 2 * (mine & its).total() / total)
    return cost


def _span_cost(left: Span, right: Span) -> float:
    cost = 0.0
    if left.digest != right.digest or left.question != right.question:
        cost += _QUESTION * (1 - _shared(body_of(left.question), body_of(right.question)))
    if left.answers != right.answers:
        mine, its = left.answer, right.answer
        if mine is None or its is None or mine.content != its.content:
            cost += _ANSWER
    return (
        cost
        + (_AGENT if left.agent != right.agent else 0.0)
        + (_NAME if left.name != right.name else 0.0)
    )


def _shared(left: object, right: object) -> float:
    """How large a part of two mappings is equal."""
    if not isinstance(left, dict) or not isinstance(right, dict):
        return 0.0
    keys = {*left, *right}
    equal = sum(1 for key in keys if key in left and key in right and left[key] == right[key])
    return equal / len(keys) if keys else 0.0


def _find_moved(found: Alignment) -> None:
    """Pair what is left over: whole subtrees first, then parts of what came or went."""
    waiting: defaultdict[bytes, list[Node]] = defaultdict(list)
    for top in found.come:
        for node in top.everything():
            waiting[node.hash].append(node)
    if not waiting:
        return
    taken: set[int] = set()
    left_over = [node for top in found.gone for node in top.everything()]
    for node in sorted(left_over, key=lambda node: -node.size):
        free = [other for other in waiting[node.hash] if id(other) not in taken]
        if free and id(node) not in taken and node.sort[0] != "state":
            other = min(free, key=lambda it: it.place != node.place)
            found.moved.append((node, other))
            taken.update(id(it) for it in (*node.everything(), *other.everything()))
    found.gone = [node for node in found.gone if id(node) not in taken]
    found.come = [node for node in found.come if id(node) not in taken]
