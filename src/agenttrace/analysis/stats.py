"""Stats: what several runs used and took together, each read, looked at and let go."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agenttrace.analysis import graph_forms
from agenttrace.analysis.channels import together
from agenttrace.analysis.costs import DIMENSIONS, added
from agenttrace.analysis.lifetimes import Split
from agenttrace.analysis.telling import no_attribute, word
from agenttrace.model.amounts import counted
from agenttrace.model.usage import TIME_CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenttrace.analysis.answers import Analysis
    from agenttrace.analysis.channels import Channel, Node
    from agenttrace.analysis.costs import Cost
    from agenttrace.analysis.overhead import Overhead

SCHEMA = "agenttrace.stats/1"

_NO_AGENT = "not recorded: a trace names no agent"


class Stats:
    """What runs used together, by one dimension.

    Attributes:
        by: The dimension, one of `DIMENSIONS` or the name of an attribute.
        traces: How many runs there are.
    """

    def __init__(self, by: str) -> None:
        """Begin with no run."""
        self.by = by
        self.traces = 0
        self._rows: dict[str | None, list[Cost]] = defaultdict(list)
        self._totals: list[Cost] = []
        self._lives: dict[str, list[tuple[Split, int]]] = defaultdict(list)
        self._unlived: set[str] = set()
        self.path_ns = 0
        """How long the critical paths are together; 0: no run has times."""
        self._overheads: list[Overhead] = []
        self._nodes: list[Mapping[str, Node]] = []
        self._channels: list[tuple[Channel, ...]] = []
        self._attributes: set[str] = set()
        self._again: set[str] = set()

    def add(self, analysis: Analysis) -> None:
        """Add one run."""
        self.traces += 1
        for name, cost in analysis.costs.parts(self.by).items():
            self._rows[name].append(replace(cost, spans=()))
        self._totals.append(replace(analysis.costs.total, spans=()))
        self._again.update(
            agent.id for agent in analysis.trace.agents if agent.id.startswith(f"{agent.name}#")
        )
        self._attributes.update(analysis.costs.attributes)

    def add_times(self, analysis: Analysis) -> None:
        """Add what the time of one run was spent on, or why nobody knows."""
        self.path_ns += analysis.critical_path.duration_ns or 0
        self._overheads.append(analysis.overhead)
        for agent, life in analysis.lifetimes.items():
            if life.split is not None and life.on_path is not None:
                self._lives[agent].append((life.split, life.on_path.total_ns))
            else:
                self._unlived.add(life.unknown["split"])
        if not analysis.lifetimes:
            self._unlived.add(_NO_AGENT)

    def add_graph(self, analysis: Analysis) -> None:
        """Add who led whom to something in one run."""
        self._nodes.append(analysis.graph.nodes)
        self._channels.append(analysis.graph.channels)

    @property
    def again(self) -> tuple[str, ...]:
        """The ids that only count a name's beginnings, `van#1`: it began in several lanes."""
        return tuple(sorted(self._again)) if self.by == "agent" else ()

    def require_told(self) -> None:
        """Refuse an attribute that no call of any run has: it is misspelt, or was never recorded.

        Raises:
            UsageError: It is such a one; the nearest names are given, and those that there are.
        """
        if self.by in DIMENSIONS or self.by in self._attributes:
            return
        runs = counted(self.traces, "trace")
        raise no_attribute(f"--by {word(self.by)}", self.by, runs, DIMENSIONS, self._attributes)

    @property
    def rows(self) -> list[tuple[str | None, int, Cost]]:
        """Each part: its name, in how many runs it was met, and its cost; None comes last."""
        names = sorted(self._rows, key=lambda name: (name is None, name or ""))
        return [(name, len(self._rows[name]), added(self._rows[name])) for name in names]

    @property
    def total(self) -> Cost:
        """What all runs used."""
        return added(self._totals)

    @property
    def lives(self) -> list[tuple[str, Split, int]]:
        """By agent, what its time was spent on, and how long the critical path was its own."""
        return [
            (agent, _sum([split for split, _ in parts]), sum(ns for _, ns in parts))
            for agent, parts in sorted(self._lives.items())
        ]

    @property
    def unlived(self) -> tuple[str, ...]:
        """Why nobody knows what some time was spent on, in words, sorted."""
        return tuple(sorted(self._unlived))

    @property
    def coordination(self) -> tuple[float | None, float | None]:
        """What coordination took of tokens and of the critical paths, 0 to 1; None: not known."""
        tokens = [(one.tokens, one.all_tokens) for one in self._overheads]
        paths = [(one.path_ns, one.all_path_ns) for one in self._overheads]
        return _share(tokens), _share(paths)

    def graph(self, form: str) -> str | dict[str, Any]:
        """Who led whom to something: as `dot`, `mermaid`, or plain JSON data."""
        nodes, channels = together(self._nodes, self._channels)
        if form == "json":
            return graph_forms.as_dict(nodes, channels)
        return (graph_forms.dot if form == "dot" else graph_forms.mermaid)(nodes, channels)

    def as_dict(self) -> dict[str, Any]:
        """What was used as plain JSON data."""
        return {
            "schema": SCHEMA,
            "by": self.by,
            "traces": self.traces,
            "rows": [
                {"name": name, "traces": traces, **cost.as_dict()}
                for name, traces, cost in self.rows
            ],
            "total": self.total.as_dict(),
        }


def _share(parts: list[tuple[int | None, int | None]]) -> float | None:
    known = [(part, of) for part, of in parts if part is not None and of is not None]
    whole = sum(of for _, of in known)
    if len(known) < len(parts) or not whole:
        return None
    return sum(part for part, _ in known) / whole


def _sum(splits: list[Split]) -> Split:
    names = [f"{name}_ns" for name in TIME_CATEGORIES]
    return Split(**{name: sum(getattr(one, name) for one in splits) for name in names})
