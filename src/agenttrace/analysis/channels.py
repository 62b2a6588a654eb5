"""Channels: all interactions of one kind from one agent to another, summed as far as is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from agenttrace.analysis.interactions import NOT_RECORDED, Interaction
from agenttrace.model.agent import Agent


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """All interactions of one kind from one agent to another.

    Attributes:
        source: The id of the agent that led.
        target: The id of the agent that was led.
        kind: As of `Interaction`.
        interactions: Each of them, in the trace's order.
        size_bytes: What was said, in bytes, together; None: of one of them it is not known.
        tokens: Tokens of model calls, together; None: likewise.
        latencies_ns: Those that are known, in the trace's order, in nanoseconds.
        unknown: By attribute, why it is None, or of how many it is not known.
    """

    source: str
    target: str
    kind: str
    interactions: tuple[Interaction, ...]
    size_bytes: int | None = None
    tokens: int | None = None
    latencies_ns: tuple[int, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many interactions there are; at least 1."""
        return len(self.interactions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One agent among the others.

    Attributes:
        agent: The agent.
        spans: How many spans it did.
        sent: How many interactions came from it.
        received: How many led to it.
        reaches: The ids of the agents that it leads to something, sorted; their number is its
            fan-out.
        reached_by: The ids of the agents that lead it to something, sorted.
    """

    agent: Agent
    spans: int
    sent: int
    received: int
    reaches: tuple[str, ...]
    reached_by: tuple[str, ...]


def channel(source: str, target: str, kind: str, found: Iterable[Interaction]) -> Channel:
    """Sum the interactions of one kind from one agent to another."""
    all_of = tuple(found)
    unknown: dict[str, str] = {}
    sums: dict[str, int | None] = {}
    for name in ("size_bytes", "tokens"):
        known = [number for one in all_of if (number := getattr(one, name)) is not None]
        sums[name] = sum(known) if len(known) == len(all_of) else None
        if sums[name] is None:
            unknown[name] = _why(name, all_of)
    latencies = tuple(one.latency_ns for one in all_of if one.latency_ns is not None)
    if len(latencies) < len(all_of):
        unknown["latencies_ns"] = _why("latency_ns", all_of)
    return Channel(
        source=source,
        target=target,
        kind=kind,
        interactions=all_of,
        **sums,
        latencies_ns=latencies,
        unknown=unknown,
    )


def _why(name: str, found: Sequence[Interaction]) -> str:
    reasons = [one.unknown[name] for one in found if name in one.unknown]
    if len(reasons) == len(found):
        return reasons[0]
    return f"{NOT_RECORDED} of {len(reasons)} of {len(found)}"


def together(
    nodes: Iterable[Mapping[str, Node]], channels: Iterable[Sequence[Channel]]
) -> tuple[dict[str, Node], tuple[Channel, ...]]:
    """The graphs of several runs as one, agents told apart by id."""
    met: dict[str, list[Node]] = defaultdict(list)
    for graph in nodes:
        for name, node in graph.items():
            met[name].append(node)
    found: dict[tuple[str, str, str], list[Interaction]] = defaultdict(list)
    for row in channels:
        for one in row:
            found[one.source, one.target, one.kind] += one.interactions
    return (
        {name: _one(met[name]) for name in sorted(met)},
        tuple(channel(*ends, found[ends]) for ends in sorted(found)),
    )


def _one(nodes: Sequence[Node]) -> Node:
    return Node(
        agent=nodes[0].agent,
        spans=sum(one.spans for one in nodes),
        sent=sum(one.sent for one in nodes),
        received=sum(one.received for one in nodes),
        reaches=tuple(sorted({name for one in nodes for name in one.reaches})),
        reached_by=tuple(sorted({name for one in nodes for name in one.reached_by})),
    )
