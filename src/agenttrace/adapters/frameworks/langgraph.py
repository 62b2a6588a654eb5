"""LangGraph: graphs, their nodes, agents that are graphs, handoffs, checkpoints.

A graph that LangChain made for an agent is an agent. Of any other graph the nodes are: what people
call agents there are functions with a name. The graph around them is orchestration.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from agenttrace.adapters.frameworks.acting import (
    LIMIT,
    an_agent,
    chose,
    limit_of,
    remember,
)
from agenttrace.adapters.frameworks.framework import Framework
from agenttrace.adapters.frameworks.tools import plainly
from agenttrace.adapters.plain.doing import Doing, Opening
from agenttrace.adapters.plain.notes import status
from agenttrace.adapters.plain.steps import Stepped, async_generator, driven
from agenttrace.causal import current
from agenttrace.causal.spawn.everyone import Everyone
from agenttrace.causal.spawn.patching import Seam, below
from agenttrace.model import names
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from agenttrace.model.agent import Agent

_LIMIT = "GraphRecursionError"
_STEERS = "GraphBubbleUp"
"""The class of the exceptions by which langgraph steers itself: interrupts, and the like."""

_UNNAMED = "LangGraph"
"""What a graph is called that nobody gave a name."""

_TO = "branch:to:"
"""What the channel begins with by which a node starts another one."""

_OF_AN_AGENT = frozenset({"agent", "tools", "generate_structured_response"})
"""The nodes of the agents that langgraph's own `create_react_agent` makes."""


class Arrival(NamedTuple):
    """Who started a node: the span and the agent, and whether that one chose it."""

    span: str
    agent: Agent | None
    chosen: bool


@dataclass
class Journey:
    """One run of a graph.

    Attributes:
        is_agent: Whether the graph is an agent, and its nodes are parts of one.
        routes: By node, where it may choose to go on.
        arrivals: Who started a node, by its name and the graph's step.
    """

    is_agent: bool
    routes: Mapping[str, tuple[str, ...]]
    arrivals: dict[tuple[str, int], Arrival] = field(default_factory=dict)


class Guest(NamedTuple):
    """A graph that is a node of another one: what it is called there, and who started it."""

    name: str
    arrival: Arrival | None


_journey: ContextVar[Journey | None] = ContextVar("agenttrace_langgraph_journey", default=None)
_guest: ContextVar[Guest | None] = ContextVar("agenttrace_langgraph_guest", default=None)


# -- graphs -------------------------------------------------------------------------------------
def _stream(real: Any) -> Any:
    @functools.wraps(real)
    def stream(self: Any, *args: Any, **options: Any) -> Any:
        if current.frame() is None:
            return real(self, *args, **options)
        return _streaming(self, real(self, *args, **options))

    return stream


def _streaming(graph: Any, source: Any) -> Iterator[Any]:
    run = _GraphRun(graph)
    with run.whole():
        yield from driven(source, run.step)


def _astream(real: Any) -> Any:
    def start(args: Any, options: Any) -> Stepped:
        source = real(*args, **options)
        if current.frame() is None:
            return Stepped(source, contextlib.nullcontext(), contextlib.nullcontext)
        run = _GraphRun(args[0])
        return Stepped(source, run.whole(), run.step)

    return async_generator(real, start)


class _GraphRun:
    """A graph that runs: an agent, or what its nodes are put together by."""

    def __init__(self, graph: Any) -> None:
        self._guest = _guest.get()
        self._journey = Journey(_is_agent(graph), _routes_of(graph))
        self._doing = Doing(_opening(graph, self._guest))

    @contextlib.contextmanager
    def whole(self) -> Iterator[None]:
        """Begin and end its span."""
        doing = self._doing
        doing.begin()
        if self._guest is not None:
            _link(doing, self._guest.arrival)
        try:
            yield
        except BaseException as error:
            if limit := limit_of(error, _LIMIT):
                with doing.step():
                    status(LIMIT, limit)
            doing.end(None if limit_of(error, _STEERS) else error)
            raise
        doing.end()

    @contextlib.contextmanager
    def step(self) -> Iterator[None]:
        """Stand inside for one step of its stream."""
        journey, guest = _journey.set(self._journey), _guest.set(None)
        try:
            with self._doing.step():
                yield
        finally:
            _back(_guest, guest)
            _back(_journey, journey)


def _back(variable: ContextVar[Any], token: Any) -> None:
    with contextlib.suppress(ValueError):  # a stream that is closed in another context
        variable.reset(token)


def _opening(graph: Any, guest: Guest | None) -> Opening:
    name = graph.get_name()
    if guest is not None and name == _UNNAMED:
        name = guest.name
    if _is_agent(graph):
        return an_agent(name, model=_model_of(graph))
    return Opening(
        kind=SpanKind.ORCHESTRATION,
        name=name,
        step="graph",
        attributes={names.ORCHESTRATION_PATTERN: "graph"},
    )


def _is_agent(graph: Any) -> bool:
    made = (getattr(graph, "config", None) or {}).get("metadata", {}).get("ls_integration")
    nodes = {name for name in graph.nodes if not name.startswith("__")}
    return made == "langchain_create_agent" or ("agent" in nodes and nodes <= _OF_AN_AGENT)


def _model_of(graph: Any) -> dict[str, object]:
    """The configuration of the model that the agent's node has at hand."""
    for name in ("model", "agent"):
        bound = getattr(graph.nodes.get(name), "bound", None)
        for function in (getattr(bound, "func", None), getattr(bound, "afunc", None)):
            for held in _held_by(function):
                if hasattr(held, "_llm_type"):
                    named = getattr(held, "model_name", None) or getattr(held, "model", None)
                    others = ("temperature", "max_tokens", "reasoning_effort")
                    return {"model": named} | {it: getattr(held, it, None) for it in others}
    return {}


def _held_by(function: Any) -> Iterator[Any]:
    for cell in getattr(function, "__closure__", None) or ():
        with contextlib.suppress(ValueError):  # a name that is bound later
            value = cell.cell_contents
            yield value
            yield from below(value)


def _routes_of(graph: Any) -> dict[str, tuple[str, ...]]:
    """By node, where it may choose to go on."""
    builder = getattr(graph, "builder", None)
    routes: dict[str, tuple[str, ...]] = {}
    for name, node in getattr(builder, "nodes", {}).items():
        branches = getattr(builder, "branches", {}).get(name, {}).values()
        ends = {end for branch in branches for end in (branch.ends or {}).values()}
        ends.update(getattr(node, "ends", None) or ())
        if ends or branches:
            routes[name] = tuple(sorted(ends))
    return routes


# -- nodes --------------------------------------------------------------------------------------
def _run(real: Any) -> Any:
    @functools.wraps(real)
    def run_with_retry(task: Any, *args: Any, **options: Any) -> Any:
        with _node(task):
            return real(task, *args, **options)

    return run_with_retry


def _arun(real: Any) -> Any:
    @functools.wraps(real)
    async def arun_with_retry(task: Any, *args: Any, **options: Any) -> Any:
        with _node(task):
            return await real(task, *args, **options)

    return arun_with_retry


@contextlib.contextmanager
def _node(task: Any) -> Iterator[None]:
    journey = _journey.get()
    if journey is None or current.frame() is None or task.name.startswith("__"):
        yield
        return
    step = task.config.get("metadata", {}).get("langgraph_step", 0)
    arrival = journey.arrivals.get((task.name, step))
    inner = _innermost(task.proc)
    if hasattr(inner, "get_graph") and hasattr(inner, "nodes"):
        token = _guest.set(Guest(task.name, arrival))
        try:
            yield
        finally:
            _back(_guest, token)
        return
    if journey.is_agent:
        yield
        return
    opening = _opening_of_node(task, inner, arrival)
    doing = Doing(opening)
    doing.__enter__()
    _link(doing, arrival)
    try:
        yield
        _go_on(journey, task, step, doing, opening.agent)
    except BaseException as error:
        doing.end(None if limit_of(error, _STEERS) else error)
        raise
    doing.end()


def _link(doing: Doing, arrival: Arrival | None) -> None:
    if arrival is not None and arrival.chosen:
        doing.link(arrival.span, "handoff")


def _opening_of_node(task: Any, inner: Any, arrival: Arrival | None) -> Opening:
    """Say who acts in a node; tools are called by who asked for them."""
    if type(inner).__name__ == "ToolNode":
        asks = None if arrival is None else arrival.agent
        return Opening(kind=SpanKind.ORCHESTRATION, name=task.name, step="node", agent=asks)
    return an_agent(task.name, id=_id_of(task), type="node")


def _go_on(journey: Journey, task: Any, step: int, doing: Doing, agent: Agent | None) -> None:
    """Note where a node sends the graph; what it chose is an event of its own."""
    starts = [name.removeprefix(_TO) for name, _ in task.writes if name.startswith(_TO)]
    sent = [value.node for _, value in task.writes if hasattr(value, "node")]
    chosen = task.name in journey.routes
    for name in (*starts, *sent):
        journey.arrivals[name, step + 1] = Arrival(doing.id, agent, chosen)
    if chosen:
        chose([*starts, *sent], journey.routes[task.name])


def _innermost(proc: Any) -> Any:
    """What a node runs, without the writers that langgraph puts behind it."""
    steps = getattr(proc, "steps", None)
    return steps[0] if steps else proc


def _id_of(task: Any) -> str:
    """The node's name; of several that were sent to it at once, with the number of the sending."""
    number = next((part for part in task.path[1:] if isinstance(part, int)), 0)
    return f"{task.name}#{number}" if number else str(task.name)


def _tick(real: Any) -> Any:
    """The nodes of a step are waited for one after another, until all are done."""

    @functools.wraps(real)
    def tick(*args: Any, **options: Any) -> Any:
        everyone = Everyone()
        yield from driven(real(*args, **options), everyone.spawned)
        everyone.joined()

    return tick


def _atick(real: Any) -> Any:
    def start(args: Any, options: Any) -> Stepped:
        everyone = Everyone()
        return Stepped(real(*args, **options), _joining(everyone), everyone.spawned)

    return async_generator(real, start)


@contextlib.contextmanager
def _joining(everyone: Everyone) -> Iterator[None]:
    yield
    everyone.joined()


# -- checkpoints --------------------------------------------------------------------------------
def _put_checkpoint(real: Any) -> Any:
    @functools.wraps(real)
    def put_checkpoint(self: Any, metadata: Any) -> Any:
        kept = real(self, metadata)
        if self.checkpointer is not None and current.frame() is not None:
            values = {
                name: value
                for name, value in self.checkpoint["channel_values"].items()
                if not name.startswith(("__", "branch:"))
            }
            step = self.checkpoint_metadata.get("step")
            remember(_without_the_day(plainly(values)), step=step)
        return kept

    return put_checkpoint


def _without_the_day(value: Any) -> Any:
    """Leave out the ids that LangChain gives to messages that have none: they are times."""
    if isinstance(value, list):
        return [_without_the_day(one) for one in value]
    if isinstance(value, dict):
        return {
            name: _without_the_day(one)
            for name, one in value.items()
            if not (name == "id" and isinstance(one, str) and one.startswith(("lc_run-", "run-")))
        }
    return value


# -- where they stand ---------------------------------------------------------------------------
def _seams_of_graph(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [
        Seam(owner=names.Pregel, name="stream", around=_stream),
        Seam(owner=names.Pregel, name="astream", around=_astream),
    ]


def _seams_of_runner(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [
        Seam(owner=names, name="run_with_retry", around=_run),
        Seam(owner=names, name="arun_with_retry", around=_arun),
        Seam(owner=names.PregelRunner, name="tick", around=_tick),
        Seam(owner=names.PregelRunner, name="atick", around=_atick),
    ]


def _seams_of_loop(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [Seam(owner=names.PregelLoop, name="_put_checkpoint", around=_put_checkpoint)]


FRAMEWORK = Framework(
    name="langgraph",
    oldest="1.1.10",
    newest="1.2.22",
    late={
        "langgraph.pregel.main": _seams_of_graph,
        "langgraph.pregel._runner": _seams_of_runner,
        "langgraph.pregel._loop": _seams_of_loop,
    },
)
