"""Teams of Strands: a swarm, whose agents hand over to one another, and a graph of them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.frameworks.acting import chose, lasting
from agenttrace.adapters.plain.doing import Doing, Opening
from agenttrace.adapters.plain.steps import Stepped, async_generator
from agenttrace.boundary import here
from agenttrace.causal import current
from agenttrace.causal.spawn.patching import Seam
from agenttrace.model import names
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from types import ModuleType

_ACTING, _HANDOFFS = "strands.acting", "strands.handoffs"
"""Under these keys the door keeps, by agent: its last span, and the span that handed over to it."""


def entered(agent: Any, doing: Doing) -> None:
    """Note that an agent begins; link it to who handed over to it."""
    door = here()
    if door is None:
        return
    door.kept.setdefault(_ACTING, {})[id(agent)] = doing.id
    before = door.kept.get(_HANDOFFS, {}).pop(id(agent), None)
    if before is not None:
        doing.link(before, "handoff")


def _handle_handoff(real: Any) -> Any:
    @functools.wraps(real)
    def handle_handoff(self: Any, target_node: Any, *args: Any, **options: Any) -> Any:
        door = here() if current.entered else None
        done = real(self, target_node, *args, **options)
        if door is not None and self.state.handoff_node is target_node:
            now = self.state.current_node
            before = door.kept.get(_ACTING, {}).get(id(now.executor))
            others = [name for name, node in self.nodes.items() if node is not now]
            chose([target_node.node_id], others, span=before)
            door.kept.setdefault(_HANDOFFS, {})[id(target_node.executor)] = before
        return done

    return handle_handoff


def _team(pattern: str) -> Any:
    """Stand around the steps of a team, which is orchestration."""

    def around(real: Any) -> Any:
        def start(args: Any, options: Any) -> Stepped:
            if pattern == "graph" and current.frame() is not None:
                _in_order(args[0])
            doing = Doing(
                Opening(
                    kind=SpanKind.ORCHESTRATION,
                    name=args[0].id,
                    step="agent",
                    attributes={names.ORCHESTRATION_PATTERN: pattern},
                )
            )
            return Stepped(real(*args, **options), lasting(doing), doing.step)

        return async_generator(real, start)

    return around


# -- graphs -------------------------------------------------------------------------------------
class _InOrder(set[Any]):
    """A set that is gone through in the order in which it was filled, whatever the hash seed is."""

    def __init__(self, items: Any) -> None:
        self._items = dict.fromkeys(items)
        super().__init__(self._items)

    def __iter__(self) -> Any:
        return iter(self._items)


def _in_order(graph: Any) -> None:
    """Let nodes begin, and stand in a prompt, in the order in which they were added."""
    order = {name: number for number, name in enumerate(graph.nodes)}
    graph.entry_points = _InOrder(sorted(graph.entry_points, key=lambda it: order[it.node_id]))
    graph.edges = _InOrder(
        sorted(graph.edges, key=lambda it: (order[it.from_node.node_id], order[it.to_node.node_id]))
    )


class _Patient:
    """`asyncio`, as a graph sees it: it waits for the next event of its nodes, however long.

    The framework looks up every tenth of a second, so how often is chance. It need not: each node's
    last event is that it has ended.
    """

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def wait_for(self, awaited: Any, timeout: float | None) -> Any:  # noqa: ASYNC109 - theirs
        """Wait; for an event without a limit."""
        is_event = getattr(awaited, "__qualname__", "") == "Queue.get"
        if is_event and current.frame() is not None:
            return await awaited
        return await self._real.wait_for(awaited, timeout)


# -- where they stand ---------------------------------------------------------------------------
def _seams_of_swarm(module: ModuleType) -> list[Seam]:
    owner = vars(module)["Swarm"]
    return [
        Seam(owner=owner, name="stream_async", around=_team("swarm")),
        Seam(owner=owner, name="_handle_handoff", around=_handle_handoff),
    ]


def _seams_of_graph(module: ModuleType) -> list[Seam]:
    owner = vars(module)["Graph"]
    return [
        Seam(owner=owner, name="stream_async", around=_team("graph")),
        Seam(owner=module, name="asyncio", around=_Patient),
    ]


team_seams = {
    "strands.multiagent.swarm": _seams_of_swarm,
    "strands.multiagent.graph": _seams_of_graph,
}
