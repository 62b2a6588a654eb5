"""Forms of the interaction graph: JSON, Graphviz, Mermaid and networkx.

Names come from users and models, so each form writes them so that they stay names.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from agenttrace.check.sides import safe
from agenttrace.errors import UsageError
from agenttrace.model import amounts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agenttrace.analysis.channels import Channel, Node


def as_dict(nodes: Mapping[str, Node], channels: Sequence[Channel]) -> dict[str, Any]:
    """The graph as plain JSON data."""
    return {
        "agents": [{"id": name, **_node(node)} for name, node in nodes.items()],
        "channels": [
            {"source": one.source, "target": one.target, "kind": one.kind, **_channel(one)}
            for one in channels
        ],
    }


def dot(nodes: Mapping[str, Node], channels: Sequence[Channel]) -> str:
    """The graph in the language of Graphviz."""
    lines = ["digraph team {", "  rankdir=LR;", "  node [shape=box];"]
    lines += [f"  {_quoted(name)};" for name in nodes]
    lines += [
        f"  {_quoted(one.source)} -> {_quoted(one.target)} [label={_quoted(_label(one))}];"
        for one in channels
    ]
    return "\n".join([*lines, "}"])


def mermaid(nodes: Mapping[str, Node], channels: Sequence[Channel]) -> str:
    """The graph in the language of Mermaid."""
    numbers = {name: f"a{number}" for number, name in enumerate(nodes)}
    lines = ["graph LR"]
    lines += [f'  {number}["{_escaped(name)}"]' for name, number in numbers.items()]
    lines += [
        f'  {numbers[one.source]} -->|"{_escaped(_label(one))}"| {numbers[one.target]}'
        for one in channels
    ]
    return "\n".join(lines)


def networkx(nodes: Mapping[str, Node], channels: Sequence[Channel]) -> Any:  # noqa: ANN401 - an extra
    """The graph as a `networkx.MultiDiGraph`.

    Raises:
        UsageError: networkx is not installed.
    """
    try:
        import networkx as nx
    except ImportError:
        raise UsageError(
            "networkx is not installed", detail="  pip install 'pytest-agenttrace[graph]'"
        ) from None
    graph = nx.MultiDiGraph()
    for name, node in nodes.items():
        graph.add_node(name, **_node(node))
    for one in channels:
        graph.add_edge(one.source, one.target, key=one.kind, kind=one.kind, **_channel(one))
    return graph


def _node(node: Node) -> dict[str, Any]:
    return {
        "name": node.agent.name,
        "type": node.agent.type,
        "role": node.agent.role,
        "spans": node.spans,
        "sent": node.sent,
        "received": node.received,
    }


def _channel(one: Channel) -> dict[str, Any]:
    latencies = one.latencies_ns
    return {
        "count": one.count,
        "size_bytes": one.size_bytes,
        "tokens": one.tokens,
        "latency_median_ns": statistics.median_low(latencies) if latencies else None,
        "latency_max_ns": max(latencies, default=None),
        "unknown": dict(one.unknown),
        "spans": [
            {
                "cause": None if it.cause is None else it.cause.id,
                "effect": None if it.effect is None else it.effect.id,
            }
            for it in one.interactions
        ],
    }


def _label(one: Channel) -> str:
    said = [f"{one.kind} x{one.count}"]
    if one.size_bytes is not None:
        said.append(f"{one.size_bytes:,} B")
    if one.tokens is not None:
        said.append(amounts.counted(one.tokens, "token"))
    return ", ".join(said)


def _quoted(name: str) -> str:
    """A name as Graphviz reads it: only quotes and backslashes mean anything inside quotes."""
    text = safe(name).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _escaped(name: str) -> str:
    """A name as Mermaid reads it, which takes a character by its number (`#35;`)."""
    plain = " -_.,:x/"
    return "".join(
        sign if sign.isalnum() or sign in plain else f"#{ord(sign)};" for sign in safe(name)
    )
