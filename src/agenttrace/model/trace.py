"""Traces: the causality-preserving record of one run across all its agents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from agenttrace.errors import InvalidTrace
from agenttrace.model.agent import Agent
from agenttrace.model.lane import Delivery, Lane
from agenttrace.model.span import Span, SpanKind, is_trace_id
from agenttrace.model.state import StateSnapshot
from agenttrace.model.usage import Usage, total
from agenttrace.model.values import Value

TIME, VIRTUAL = "time", "virtual"
"""What the environment of a run says of its time, where that is no clock's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Everything that one run did, in causal order.

    Attributes:
        id: 32 lowercase hex digits; made from the run's name, so that it is the same each time.
        name: What was run: the test's id.
        spans: The run's own span first, then the others in causal order: by lane path, then step.
        lanes: Every lane, the run's own included, sorted by path.
        agents: Every agent that appears, sorted by id.
        snapshots: Agents' states, in causal order.
        deliveries: What each receive got, in causal order.
        started: The wall clock at the start, ISO 8601 in UTC; empty: nobody knows. Never compared.
        environment: What the run depended on: the hash seed, versions. Never compared.
        complete: Whether the run ended; a journal cut short by a kill reads back as False.
        resource: Of a foreign trace: what produced it.

    Raises:
        InvalidTrace: The id is not 32 lowercase hex digits, two spans have one id, or a parent is
            its own descendant.
    """

    id: str
    name: str
    spans: tuple[Span, ...] = ()
    lanes: tuple[Lane, ...] = ()
    agents: tuple[Agent, ...] = ()
    snapshots: tuple[StateSnapshot, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    started: str = ""
    environment: Mapping[str, Value] = field(default_factory=dict)
    complete: bool = True
    resource: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not is_trace_id(self.id):
            raise InvalidTrace(
                why="a trace id is 32 lowercase hex digits, not all zero", where=self.id
            )
        parents = {span.id: span.parent for span in self.spans}
        if len(parents) != len(self.spans):
            raise InvalidTrace(why="two spans have one id", where=_twice(self.spans))
        _refuse_circles(parents)

    def __iter__(self) -> Iterator[Span]:
        return iter(self.spans)

    def span(self, span_id: str) -> Span:
        """Give the span with an id.

        Raises:
            KeyError: There is none.
        """
        for span in self.spans:
            if span.id == span_id:
                return span
        raise KeyError(span_id)

    def _repr_html_(self) -> str:
        """Show the trace in a notebook; see `agenttrace.report.html.notebook`."""
        from importlib import import_module

        # A notebook asks the value itself how it looks. The page is made four floors further up, so
        # it is found by name, and only when a notebook asks.
        return str(import_module("agenttrace.report.html.notebook").frame(self))

    @property
    def root(self) -> Span | None:
        """The run's own span, if it is here."""
        return next((span for span in self.spans if span.parent is None), None)

    @property
    def is_virtual(self) -> bool:
        """Whether its times are those of a replay, in which computing takes no time."""
        return self.environment.get(TIME) == VIRTUAL

    @property
    def calls(self) -> tuple[Span, ...]:
        """The spans that asked the world."""
        return tuple(span for span in self.spans if span.is_call)

    @property
    def usage(self) -> Usage:
        """What the run used: by its model calls and its tools, each counted once."""
        return total(
            span.usage
            for span in self.spans
            if span.usage is not None
            and span.kind in (SpanKind.LLM, SpanKind.TOOL, SpanKind.RETRIEVAL)
        )


def _twice(spans: tuple[Span, ...]) -> str:
    times = Counter(span.id for span in spans)
    return next(span_id for span_id, count in times.items() if count > 1)


def _refuse_circles(parents: Mapping[str, str | None]) -> None:
    safe: set[str] = set()
    for start, parent in parents.items():
        if parent is None or parent in safe:  # a trace in causal order is all of these
            safe.add(start)
            continue
        path: list[str] = []
        at: str | None = start
        seen: set[str] = set()
        while at is not None and at in parents and at not in safe:
            if at in seen:
                raise InvalidTrace(why="a span is its own ancestor", where=at)
            seen.add(at)
            path.append(at)
            at = parents[at]
        safe.update(path)
