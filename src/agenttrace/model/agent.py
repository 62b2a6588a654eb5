"""Agents: who did it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agenttrace.model.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """One member of the team.

    Attributes:
        id: Stable from run to run: given by the user, or the name and a causal ordinal
            (`worker#1`).
        name: What people call it.
        type: What kind of agent it is: `llm`, `human`, or the user's own word; empty: nobody said.
        role: The part it plays: `planner`, `critic`; empty: nobody said.
        version: Which version of its code or prompt; empty: nobody said.
        model: Its model configuration: name, temperature, …
    """

    id: str
    name: str
    type: str = ""
    role: str = ""
    version: str = ""
    model: Mapping[str, Value] = field(default_factory=dict)
