"""LangGraph, looked at: what can be read off a graph and off a task of one."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from agenttrace.causal.spawn.patching import below

if TYPE_CHECKING:
    from collections.abc import Iterator

_OF_AN_AGENT = frozenset({"agent", "tools", "generate_structured_response"})
"""The nodes of the agents that langgraph's own `create_react_agent` makes."""


def is_agent(graph: Any) -> bool:
    """Whether a graph was made for one agent, by LangChain or langgraph's own prebuilt."""
    made = (getattr(graph, "config", None) or {}).get("metadata", {}).get("ls_integration")
    nodes = {name for name in graph.nodes if not name.startswith("__")}
    return made == "langchain_create_agent" or ("agent" in nodes and nodes <= _OF_AN_AGENT)


def model_of(graph: Any) -> dict[str, object]:
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


def routes_of(graph: Any) -> dict[str, tuple[str, ...]]:
    """By node, where it may choose to go on."""
    builder = getattr(graph, "builder", None)
    nodes = getattr(builder, "nodes", {})
    branching = getattr(builder, "branches", {})
    routes: dict[str, tuple[str, ...]] = {}
    for name in {**nodes, **branching}:
        branches = branching.get(name, {}).values()
        ends = {end for branch in branches for end in (branch.ends or {}).values()}
        ends.update(getattr(nodes.get(name), "ends", None) or ())
        if ends or branches:
            routes[name] = tuple(sorted(ends))
    return routes


def innermost(proc: Any) -> Any:
    """What a node runs, without the writers that langgraph puts behind it."""
    steps = getattr(proc, "steps", None)
    return steps[0] if steps else proc


def id_of(task: Any) -> str:
    """The node's name; of several that were sent to it at once, with the number of the sending."""
    number = next((part for part in task.path[1:] if isinstance(part, int)), 0)
    return f"{task.name}#{number}" if number else str(task.name)
