"""pydantic-graph: graphs of one's own, their steps, what is chosen in them, and their state.

The graph that a pydantic-ai agent is made of is no graph of the user's: its steps are none, but
what one of them knows of the other holds there as well.
"""

from __future__ import annotations

import contextlib
import functools
import sys
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.frameworks.acting import an_agent, chose, remember
from agenttrace.adapters.frameworks.tools import lasting_part, plainly
from agenttrace.adapters.plain.doing import Doing, Opening
from agenttrace.causal import current
from agenttrace.causal.spawn.joins import told
from agenttrace.causal.spawn.patching import Seam
from agenttrace.model import names
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator
    from types import ModuleType

_LANES, _SENDERS = "_agenttrace_lanes", "_agenttrace_senders"
"""Under these names an iterator of pydantic-graph's keeps the lanes of its tasks, and by task the
step that has led to it, with whether it could have led elsewhere."""

_UTILS = "pydantic_graph._utils"

_OF_AN_AGENT = "pydantic_ai."
"""Where the state of the graphs is at home that pydantic-ai's agents are made of."""

OF_THE_DAY = frozenset({"timestamp", "run_id", "conversation_id", "provider_url"})
"""What a message history holds that is another one in every run, or at every place."""

_MESSAGES = ("kind", "part_kind")
"""Keys of which a message of pydantic-ai's, or a part of one, has one."""

_END = "__end__"
"""How pydantic-graph calls the end of a graph."""


# -- graphs -------------------------------------------------------------------------------------
def _iter(real: Any) -> Any:
    @functools.wraps(real)
    @contextlib.asynccontextmanager
    async def iter(self: Any, **options: Any) -> AsyncIterator[Any]:  # noqa: A001 - it stands for theirs
        if current.frame() is None or _is_an_agents(options.get("state")):
            async with real(self, **options) as run:
                yield run
            return
        if options.get("infer_name", True) and self.name is None:
            # by the caller's variable, which is beyond `async with`
            self.name = sys.modules[_UTILS].infer_obj_name(self, depth=3)
        async with real(self, **{**options, "infer_name": False}) as run:
            with Doing(_opening(self)):
                yield run

    return iter


def _opening(graph: Any) -> Opening:
    return Opening(
        kind=SpanKind.ORCHESTRATION,
        name=str(graph.name or "graph"),
        step="graph",
        attributes={names.ORCHESTRATION_PATTERN: "graph"},
    )


def _is_an_agents(state: Any) -> bool:
    return type(state).__module__.startswith(_OF_AN_AGENT)


# -- steps --------------------------------------------------------------------------------------
def _run_task(real: Any) -> Any:
    """A step is somebody who acts; a decision, what the step before it has chosen."""

    @functools.wraps(real)
    async def run_task(self: Any, task: Any) -> Any:
        node = self.graph.nodes[task.node_id]
        if current.carried() is None or _is_an_agents(self.state):
            return await real(self, task)
        sender, chosen = _senders(self).get(task.task_id, ("", False))
        if not hasattr(node, "call"):
            result = await real(self, task)
            if hasattr(node, "branches"):
                chosen = _choose(result, _ways(node), sender)
            _send(self, result, sender, chosen=chosen)
            return result
        name = str(task.node_id)
        with Doing(an_agent(name, id=name, type="node")) as doing:
            if chosen and sender:
                doing.link(sender, "handoff")
            result = await real(self, task)
            if self.state is not None:
                remember(lasting_part(plainly(self.state), _is_of_the_day))
            chosen = hasattr(node, "node_type") and _choose(
                result, _after(self.graph, node), doing.id
            )
            _send(self, result, doing.id, chosen=chosen)
        return result

    return run_task


def _senders(iterator: Any) -> dict[str, tuple[str, bool]]:
    found: dict[str, tuple[str, bool]] = vars(iterator).setdefault(_SENDERS, {})
    return found


def _send(iterator: Any, result: Any, sender: str, *, chosen: bool) -> None:
    """Note which step has led to the tasks that follow."""
    for task in _tasks(result):
        _senders(iterator)[task.task_id] = (sender, chosen)


def _choose(result: Any, candidates: list[str], span: str) -> bool:
    """Note in a step's span where it sends the graph; whether that might have been elsewhere."""
    if len(candidates) < 2:  # noqa: PLR2004 - one way is no choice
        return False
    chose([str(task.node_id) for task in _tasks(result)] or [_END], candidates, span=span or None)
    return True


def _tasks(result: Any) -> Iterable[Any]:
    return result if isinstance(result, list | tuple) else ()


def _after(graph: Any, node: Any) -> list[str]:
    """Where a step may lead to."""
    ways: list[str] = []
    for path in graph.edges_by_source.get(node.id, ()):
        for end in _ends_of(path):
            next_node = graph.nodes.get(end)
            ways += _ways(next_node) if hasattr(next_node, "branches") else [end]
    return ways


def _ways(decision: Any) -> list[str]:
    """Where a decision may lead to."""
    return [end for branch in decision.branches for end in _ends_of(branch.path)]


def _ends_of(path: Any) -> Iterator[str]:
    for item in path.items:
        if hasattr(item, "destination_id"):
            yield str(item.destination_id)


def _is_of_the_day(inside: dict[str, Any], name: str) -> bool:
    """Of messages in a state it is; the rest is the user's."""
    return name in OF_THE_DAY and not inside.keys().isdisjoint(_MESSAGES)


# -- who knows of whom --------------------------------------------------------------------------
def _run_tracked_task(real: Any) -> Any:
    @functools.wraps(real)
    async def run_tracked_task(self: Any, task: Any) -> Any:
        frame = current.carried()
        if frame is not None:
            vars(self).setdefault(_LANES, {})[task.task_id] = frame.lane
        return await real(self, task)

    return run_tracked_task


def _handle_execution_request(real: Any) -> Any:
    """A step is a task, which tells of its result by a message; then the next step begins.

    Where only one was running, it is that one which has told: the next step knows all of it.
    """

    @functools.wraps(real)
    def handle_execution_request(self: Any, request: Any) -> Any:
        running = {*self.active_tasks} - {task.task_id for task in request}
        if len(running) == 1:
            lane = vars(self).get(_LANES, {}).get(*running)
            if lane is not None:
                told(lane, scope=True)
        return real(self, request)

    return handle_execution_request


# -- where they stand ---------------------------------------------------------------------------
def seams_of_graphs(module: ModuleType) -> list[Seam]:
    """Where a graph runs, and each of its tasks."""
    names: Any = module
    owner = names._GraphIterator
    return [
        Seam(owner=names.Graph, name="iter", around=_iter),
        Seam(owner=owner, name="_run_task", around=_run_task),
        Seam(owner=owner, name="_run_tracked_task", around=_run_tracked_task),
        Seam(owner=owner, name="_handle_execution_request", around=_handle_execution_request),
    ]
