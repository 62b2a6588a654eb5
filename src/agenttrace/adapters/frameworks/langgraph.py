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
    put_back,
    queued,
)
from agenttrace.adapters.frameworks.framework import Framework
from agenttrace.adapters.frameworks.langgraph_looks import (
    id_of,
    innermost,
    is_agent,
    model_of,
    routes_of,
)
from agenttrace.adapters.frameworks.langgraph_states import seams_of_loop
from agenttrace.adapters.plain.doing import Doing, Opening
from agenttrace.adapters.plain.notes import status
from agenttrace.adapters.plain.steps import Stepped, async_generator, driven, stepped_in_a_run
from agenttrace.causal import current
from agenttrace.causal.spawn.everyone import Everyone
from agenttrace.causal.spawn.patching import Seam
from agenttrace.model import names
from agenttrace.model.agent import Agent
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_LIMIT = "GraphRecursionError"
_STEERS = "GraphBubbleUp"
"""The class of the exceptions by which langgraph steers itself: interrupts, and the like."""

_UNNAMED = "LangGraph"
"""What a graph is called that nobody gave a name."""

_END = "__end__"
"""What is chosen by who starts nobody."""

_TO = "branch:to:"
"""What the channel begins with by which a node starts another one."""


class Arrival(NamedTuple):
    """Who started a node: the span and the agent, and whether that one chose it."""

    span: str
    agent: Agent | None
    chosen: bool


@dataclass
class Journey:
    """One run of a graph.

    Attributes:
        name: What the graph is called.
        is_agent: Whether the graph is an agent, and its nodes are parts of one.
        routes: By node, where it may choose to go on.
        arrivals: Who started a node, by its name and the graph's step.
    """

    name: str
    is_agent: bool
    routes: Mapping[str, tuple[str, ...]]
    arrivals: dict[tuple[str, int], Arrival] = field(default_factory=dict)


@dataclass
class Guest:
    """A graph that is a node of another one.

    Attributes:
        name: What it is called there.
        task: As which task it was queued.
        queue: What the other graph is called.
        arrival: Who started it.
        span: Its own span, once it has begun.
        agent: Who acts in it, where it is one agent.
    """

    name: str
    task: str
    queue: str
    arrival: Arrival | None
    span: str = ""
    agent: Agent | None = None


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
    def start(source: Any, args: Any, _: Any) -> Stepped:
        run = _GraphRun(args[0])
        return Stepped(source, run.whole(), run.step)

    return stepped_in_a_run(real, start)


class _GraphRun:
    """A graph that runs: an agent, or what its nodes are put together by."""

    def __init__(self, graph: Any) -> None:
        self._guest = _guest.get()
        self._opening = _opening(graph, self._guest)
        self._journey = Journey(self._opening.name, is_agent(graph), routes_of(graph))
        self._doing = Doing(self._opening)

    @contextlib.contextmanager
    def whole(self) -> Iterator[None]:
        """Begin and end its span."""
        doing = self._doing
        doing.begin()
        if self._guest is not None:
            self._guest.span, self._guest.agent = doing.id, self._opening.agent
            queued("dequeued", self._guest.task, queue=self._guest.queue, span=doing.id)
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
            put_back(_guest, guest)
            put_back(_journey, journey)


def _opening(graph: Any, guest: Guest | None) -> Opening:
    name = graph.get_name()
    if guest is not None and name == _UNNAMED:
        name = guest.name
    if is_agent(graph):
        return an_agent(name, model=model_of(graph))
    return Opening(
        kind=SpanKind.ORCHESTRATION,
        name=name,
        step="graph",
        attributes={names.ORCHESTRATION_PATTERN: "graph"},
    )


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
    if journey is None or current.frame() is None:
        yield
        return
    step = task.config.get("metadata", {}).get("langgraph_step", 0)
    arrival = journey.arrivals.get((task.name, step))
    inner = innermost(task.proc)
    if hasattr(inner, "get_graph") and hasattr(inner, "nodes"):
        guest = Guest(task.name, id_of(task), journey.name, arrival)
        token = _guest.set(guest)
        try:
            yield
            _go_on(journey, task, step, guest.span, guest.agent)
        finally:
            put_back(_guest, token)
        return
    if journey.is_agent or task.name.startswith("__"):
        yield
        if not journey.is_agent:
            _choose(journey, task)
        return
    opening = _opening_of_node(task, inner, arrival)
    doing = Doing(opening)
    doing.__enter__()
    queued("dequeued", id_of(task), queue=journey.name)
    _link(doing, arrival)
    try:
        yield
        _go_on(journey, task, step, doing.id, opening.agent)
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
    return an_agent(task.name, id=id_of(task), type="node")


def _go_on(journey: Journey, task: Any, step: int, span: str, agent: Agent | None) -> None:
    """Note where a node sends the graph."""
    chosen = _choose(journey, task, span)
    for name in _next_of(task):
        journey.arrivals[name, step + 1] = Arrival(span, agent, chosen)


def _choose(journey: Journey, task: Any, span: str | None = None) -> bool:
    """Note what a node chose, in its span, where it could have chosen otherwise."""
    chosen = task.name in journey.routes
    if chosen:
        chose(_next_of(task) or [_END], journey.routes[task.name], span=span)
    return chosen


def _next_of(task: Any) -> list[str]:
    """Which nodes a node starts."""
    starts = [name.removeprefix(_TO) for name, _ in task.writes if name.startswith(_TO)]
    return [*starts, *(value.node for _, value in task.writes if hasattr(value, "node"))]


def _tick(real: Any) -> Any:
    """The nodes of a step are waited for one after another, until all are done."""

    @functools.wraps(real)
    def tick(self: Any, tasks: Any, *args: Any, **options: Any) -> Any:
        everyone = Everyone()
        tasks = [*tasks]
        with _superstep(tasks):
            yield from driven(real(self, tasks, *args, **options), everyone.spawned)
            everyone.joined()

    return tick


def _atick(real: Any) -> Any:
    def start(args: Any, options: Any) -> Stepped:
        everyone = Everyone()
        runner, tasks, *others = args
        tasks = [*tasks]
        source = real(runner, tasks, *others, **options)
        return Stepped(source, _joining(everyone, tasks), everyone.spawned)

    return async_generator(real, start)


@contextlib.contextmanager
def _joining(everyone: Everyone, tasks: list[Any]) -> Iterator[None]:
    with _superstep(tasks):
        yield
        everyone.joined()


@contextlib.contextmanager
def _superstep(tasks: list[Any]) -> Iterator[None]:
    """Say in the graph's span what stands in its queue, and when all of it is done.

    Langgraph knows the tasks of a step before it starts the first, and goes on when all are done.
    """
    journey = _journey.get()
    work = [task for task in tasks if not task.name.startswith("__")]
    if journey is None or journey.is_agent or not work:
        yield
        return
    for task in work:
        queued("enqueued", id_of(task), queue=journey.name)
    for task in work:
        queued("assigned", id_of(task), queue=journey.name, worker=task.name)
    yield
    queued("heartbeat", "", queue=journey.name, done=len(work))


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


FRAMEWORK = Framework(
    name="langgraph",
    oldest="1.1.10",
    newest="1.2.22",
    late={
        "langgraph.pregel.main": _seams_of_graph,
        "langgraph.pregel._runner": _seams_of_runner,
        "langgraph.pregel._loop": seams_of_loop,
    },
)
