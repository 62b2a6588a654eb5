"""Tree: a trace as what happened inside what, with a hash at every node.

A node is a span, a lane or an agent's state. What stands below it is a row of slots: the slots come
one after the other, and the nodes of one slot are concurrent. In our own traces lanes that were
spawned with nothing between them are one slot; in foreign ones it is spans that overlap in time.

The hash of a node covers its content and everything below, but no time, no id and no occurrence:
what stands in another place, or beside one more of its kind, keeps its hash.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

from agenttrace.model.lane import Position, Step
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.state import StateSnapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from agenttrace.check.content import Contents
    from agenttrace.model.trace import Trace

MayBeCut: TypeAlias = "Callable[[Position], bool]"
"""Whether chance may cut short what happens in the lane with a path."""

_DEEPEST = 50
"""How many spans around it the place of a foreign span names at most."""

_SPAWN, _SHOT = 1, 2
"""Where lanes and states stand beside a span that claims the same step."""


@dataclass(slots=True, eq=False)
class Node:
    """A span, a lane or a state, and what stands below it.

    Attributes:
        sort: What it is called by: `span`, kind, operation; `lane`, kind, name; `state`, agent.
        place: Its causal position; of foreign spans, which have none, the path of their names.
        thing: The span or the state; None for a lane.
        own: The digest of its own content; empty for a lane.
        links: The digest of what its links point to; empty where it has none.
        cut: Whether chance may cut short what stands below it.
        slots: What stands below it.
        hash: The digest of all of it.
        bare: The same without links.
        size: How many spans it holds, itself included.
        partly_cut: Whether anything in it may be cut short, so that equal hashes say less.
    """

    sort: tuple[str, ...]
    place: Position
    thing: Span | StateSnapshot | None = None
    own: bytes = b""
    links: bytes = b""
    cut: bool = False
    slots: list[list[Node]] = field(default_factory=list)
    hash: bytes = b""
    bare: bytes = b""
    size: int = 0
    partly_cut: bool = False

    @property
    def children(self) -> Iterator[Node]:
        """What stands right below it, in order."""
        return (node for slot in self.slots for node in slot)

    def everything(self) -> Iterator[Node]:
        """The node and all below it, in order."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(list(node.children)))

    @property
    def spans(self) -> Iterator[Span]:
        """The spans in it, in order."""
        return (node.thing for node in self.everything() if isinstance(node.thing, Span))


def tree(trace: Trace, contents: Contents, may_be_cut: MayBeCut) -> Node:
    """Make a trace's tree; the node at its top is the run's own lane.

    Args:
        trace: Our own, or a foreign one, which has no lanes.
        contents: What counts of a span or a state.
        may_be_cut: Which lanes are compared as far as both got.
    """
    top = _own_tree(trace, contents, may_be_cut) if trace.lanes else _foreign_tree(trace, contents)
    for node in reversed(list(top.everything())):
        _seal(node)
    return top


def _seal(node: Node) -> None:
    node.size = int(isinstance(node.thing, Span))
    node.partly_cut = node.cut
    if not node.slots and node.thing is not None and not node.links:
        node.hash = node.bare = node.own
        return
    has_links = bool(node.links)
    for child in node.children:
        node.size += child.size
        node.partly_cut = node.partly_cut or child.partly_cut
        has_links = has_links or child.bare is not child.hash
    own = node.own or repr(node.sort).encode("utf-8", "backslashreplace")
    if node.cut:
        node.hash = node.bare = own
        return
    node.hash = node.bare = _hash(own + node.links, ([it.hash for it in row] for row in node.slots))
    if has_links:
        node.bare = _hash(own, ([it.bare for it in row] for row in node.slots))


def _hash(own: bytes, slots: Iterable[list[bytes]]) -> bytes:
    rows = (b"".join(sorted(slot)) for slot in slots)
    return sha256(own + b"".join(row + b"|" for row in rows)).digest()


# -- our own traces: by lane and step -------------------------------------------------------------
def _own_tree(trace: Trace, contents: Contents, may_be_cut: MayBeCut) -> Node:
    spans = {span.id: span for span in trace.spans}
    parents = lane_parents(trace)
    lanes = {path: _lane_node(path, may_be_cut) for path in parents}
    nodes = {span.id: span_node(span, span.position, contents) for span in trace.spans}
    steps: dict[int, list[tuple[int, int, Position, Node]]] = {}

    def put(inside: Node, seq: int, rank: int, node: Node) -> None:
        steps.setdefault(id(inside), []).append((seq, rank, node.place, node))

    for span in trace.spans:
        above = None if span.parent is None else spans.get(span.parent)
        inside = (
            nodes[above.id]
            if above is not None and above.lane == span.lane
            else lanes.get(span.lane, lanes[()])
        )
        put(inside, span.seq, 0, nodes[span.id])
    spawned = {lane.path: lane.spawn_seq for lane in trace.lanes}
    for path, home in lane_homes(trace, parents).items():
        inside = lanes[parents[path]] if home is None else nodes[home]
        put(inside, spawned.get(path, 0), _SPAWN, lanes[path])
    for shot in trace.snapshots:
        around = None if shot.span is None else spans.get(shot.span)
        inside = (
            nodes[around.id]
            if around is not None and around.lane == shot.lane
            else lanes.get(shot.lane, lanes[()])
        )
        put(inside, shot.seq, _SHOT, _state_node(shot, contents))
    for node in (*lanes.values(), *nodes.values()):
        node.slots = _own_slots(steps.get(id(node), ()))
    return lanes[()]


def _own_slots(steps: Iterable[tuple[int, int, Position, Node]]) -> list[list[Node]]:
    """Put nodes in order; lanes that were spawned with nothing between them are concurrent."""
    slots: list[list[Node]] = []
    for *_, node in sorted(steps, key=lambda step: step[:3]):
        if slots and node.sort[0] == "lane" == slots[-1][0].sort[0]:
            slots[-1].append(node)
        else:
            slots.append([node])
    return slots


def lane_parents(trace: Trace) -> dict[Position, Position]:
    """The lane that spawned each lane, the run's own being its own parent.

    A lane that only a span names, or that names a parent which does not lead to it, stands below
    the longest lane that leads to it.
    """
    known = {lane.path for lane in trace.lanes} | {span.lane for span in trace.spans}
    known |= {shot.lane for shot in trace.snapshots} | {()}
    said = {lane.path: lane.parent for lane in trace.lanes}
    found: dict[Position, Position] = {}
    for path in known:
        parent = said.get(path)
        if parent is None or parent not in known or path[: len(parent)] != parent or parent == path:
            parent = next(
                (path[:size] for size in range(len(path) - 1, 0, -1) if path[:size] in known), ()
            )
        found[path] = parent
    return found


def lane_homes(trace: Trace, parents: dict[Position, Position]) -> dict[Position, str | None]:
    """The span of the parent lane inside which each lane was spawned; None: none.

    It is the one that its first span names as its parent; of a lane that only spawned others, the
    one inside which these were spawned; else the last to begin of those that were open then.
    """
    spans = {span.id: span for span in trace.spans}
    wanted: dict[Position, Span] = {}
    for span in trace.spans:
        above = None if span.parent is None else spans.get(span.parent)
        if above is not None and above.lane != span.lane:
            first = wanted.get(span.lane)
            if first is None or span.seq < first.seq:
                wanted[span.lane] = span
    named = {path: spans[span.parent] for path, span in wanted.items() if span.parent is not None}
    homes: dict[Position, str | None] = {}
    for path in sorted(parents, key=len, reverse=True):
        if not path:
            continue
        home = named.get(path)
        homes[path] = home.id if home is not None and home.lane == parents[path] else None
        if home is not None and homes[path] is None:
            named.setdefault(parents[path], home)
    spawned = {lane.path: lane.spawn_seq for lane in trace.lanes}
    for path in [path for path in homes if path not in named]:
        around = [
            span
            for span in trace.spans
            if span.lane == parents[path] and _is_open(span, spawned.get(path, 0))
        ]
        homes[path] = max(around, key=lambda span: span.seq).id if around else None
    return homes


def _is_open(span: Span, seq: int) -> bool:
    """Whether a span was open at a step of its lane; the run's own always is."""
    return span.seq <= seq and (seq <= span.end_seq or span.kind is SpanKind.RUN)


# -- foreign traces: by parent and interval -------------------------------------------------------
def _foreign_tree(trace: Trace, contents: Contents) -> Node:
    known = {span.id for span in trace.spans}
    below: dict[str | None, list[Span]] = {}
    for span in trace.spans:
        below.setdefault(span.parent if span.parent in known else None, []).append(span)
    timed = any(span.start_ns or span.end_ns for span in trace.spans)
    top = Node(sort=("lane", "run", ""), place=())
    waiting: list[tuple[Node, str | None]] = [(top, None)]
    while waiting:
        node, parent = waiting.pop()
        seen: Counter[tuple[str, str]] = Counter()
        for group in overlapping(below.get(parent, ()), timed=timed):
            node.slots.append([])
            for span in group:
                name = (span.kind.value, span.operation or span.name)
                place = span.position or (*node.place[-_DEEPEST:], Step(*name, seen[name]))
                seen[name] += 1
                made = span_node(span, place, contents)
                node.slots[-1].append(made)
                waiting.append((made, span.id))
    for shot in trace.snapshots:
        top.slots.append([_state_node(shot, contents)])
    return top


def overlapping(spans: Iterable[Span], *, timed: bool) -> Iterator[list[Span]]:
    """Part siblings into groups that came one after the other; inside a group they overlap.

    Where a trace has no times at all, its spans come in the order in which they stand.
    """
    group: list[Span] = []
    until = 0
    for span in sorted(spans, key=lambda span: span.start_ns):
        if group and (not timed or (span.start_ns >= until and span.start_ns > group[0].start_ns)):
            yield group
            group = []
        until = max(until, span.end_ns) if group else span.end_ns
        group.append(span)
    if group:
        yield group


def span_node(span: Span, place: Position, contents: Contents) -> Node:
    """Make the node of a span."""
    operation = "" if span.kind is SpanKind.RUN else span.operation or span.name
    return Node(
        sort=("span", span.kind.value, operation),
        place=place,
        thing=span,
        own=contents.of_span(span),
        links=contents.of_links(span),
    )


def _state_node(shot: StateSnapshot, contents: Contents) -> Node:
    return Node(
        sort=("state", shot.agent), place=shot.position, thing=shot, own=contents.of_state(shot)
    )


def _lane_node(path: Position, may_be_cut: MayBeCut) -> Node:
    last = path[-1] if path else Step("run", "", 0)
    return Node(sort=("lane", last.kind, last.name), place=path, cut=may_be_cut(path))
