"""Story: all that one agent did, was told and knew, in causal order."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from agenttrace.analysis.costs import Costs
from agenttrace.analysis.evidence import is_asked
from agenttrace.check.nearest import nearest_line
from agenttrace.check.sides import safe
from agenttrace.cli import trace_text, words
from agenttrace.errors import UsageError
from agenttrace.model import amounts
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.cli.span_text import SpanText
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace


def told(trace: Trace, page: SpanText, name: str) -> Iterator[str]:
    """Tell the story of the agents that a name means; numbers are those of the whole page.

    Raises:
        UsageError: No agent is called so; the nearest are named.
    """
    agents = [one for one in trace.agents if _is(name, one.id, one.name)]
    if not agents:
        raise _nobody(trace, name)
    costs = Costs(trace)
    for agent in agents:
        mine = [span for span in trace.spans if span.agent == agent.id]
        yield trace_text.agent_line(agent)
        yield f"  did       {_did(mine)}"
        yield f"  used      {words.used(costs.of(mine))}"
        yield ""
        yield from (f"  {line}" for line in page.lines({span.id for span in mine}))
        lanes = {span.lane for span in mine if span.lane}
        heard = [one for one in trace.deliveries if one.receive[:-1] in lanes]
        yield from trace_text.section(
            "deliveries", [line for one in heard for line in trace_text.delivery_lines(one)]
        )
        shots = [shot for shot in trace.snapshots if shot.agent == agent.id]
        yield from trace_text.section(
            "states", [line for shot in shots for line in trace_text.snapshot_lines(shot)]
        )


def _did(spans: list[Span]) -> str:
    calls = [*filter(is_asked, spans)]
    models = sum(span.kind is SpanKind.LLM for span in calls)
    tools = sum(span.kind is SpanKind.TOOL for span in calls)
    return ", ".join(
        (
            amounts.counted(len(spans), "span"),
            amounts.counted(models, "model call"),
            amounts.counted(tools, "tool call"),
        )
    )


def _is(wanted: str, *known: str) -> bool:
    return any(one == wanted or fnmatchcase(one, wanted) for one in known)


def _nobody(trace: Trace, name: str) -> UsageError:
    known = [one.id for one in trace.agents]
    there = f"  there are {safe(', '.join(known))}" if known else "  The run has no agents."
    detail = "\n".join([*nearest_line(name, known), there])
    return UsageError(f"no agent is called {safe(repr(name))}", detail=detail)
