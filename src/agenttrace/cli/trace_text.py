"""A trace as text: every word of the model has its place, and hostile text is harmless."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from agenttrace.analysis.collective import at_the_end
from agenttrace.analysis.costs import Costs
from agenttrace.analysis.evidence import is_asked
from agenttrace.causal.order import collective_state
from agenttrace.check.sides import safe
from agenttrace.cli import words
from agenttrace.cli.span_text import SpanText
from agenttrace.model.amounts import counted, duration
from agenttrace.model.lane import label_of, text_of
from agenttrace.model.span import Fidelity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.model.agent import Agent
    from agenttrace.model.lane import Delivery, Lane, Position
    from agenttrace.model.span import Span
    from agenttrace.model.state import StateSnapshot
    from agenttrace.model.trace import Trace


def told(trace: Trace, written_in: str) -> Iterator[str]:
    """Tell a trace, line by line: head, agents, lanes, spans, deliveries, states.

    Args:
        trace: What is told.
        written_in: The format that it was kept in, for the head.
    """
    yield from _head(trace, written_in)
    yield from section("agents", [agent_line(one) for one in trace.agents])
    yield from section("lanes", [_lane(one) for one in trace.lanes])
    yield from section("spans", SpanText(trace).lines())
    yield from section(
        "deliveries", [line for one in trace.deliveries for line in delivery_lines(one)]
    )
    yield from section("states", [line for one in trace.snapshots for line in snapshot_lines(one)])
    yield from section("collective state at the end", _collective(trace))


def _head(trace: Trace, written_in: str) -> Iterator[str]:
    usage, cost = trace.usage, Costs(trace).total
    yield safe(trace.name)
    yield f"  trace     {trace.id}, {written_in}"
    yield f"  run       {'ended' if trace.complete else 'did not end: it was cut short'}"
    yield f"  holds     {_counts(trace)}"
    yield (
        f"  used      {words.used(cost)}; "
        f"models cost {words.money(cost.usd)}, tools cost {words.money(cost.tool_usd)}"
    )
    for model, tokens in sorted(usage.models.items()):
        yield f"  model     {safe(model)}: {words.tokens(tokens)}"
    if usage.time_ns:
        spent = (f"{safe(name)} {duration(ns)}" for name, ns in sorted(usage.time_ns.items()))
        yield f"  time      {', '.join(spent)}"
    if trace.started:
        yield f"  started   {safe(trace.started)}"
    if trace.environment:
        yield f"  with      {words.pairs(trace.environment)}"
    if trace.resource:
        yield f"  from      {words.pairs(trace.resource)}"
    yield f"  fidelity  {_fidelity(trace)}"


def _counts(trace: Trace) -> str:
    asked = [*filter(is_asked, trace.spans)]
    kinds = Counter(span.kind.value for span in asked)
    calls = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    return ", ".join(
        (
            counted(len(trace.spans), "span"),
            counted(len(asked), "call") + (f" ({calls})" if calls else ""),
            counted(len(trace.agents), "agent"),
            counted(len(trace.lanes), "lane"),
            counted(len(trace.deliveries), "delivery", "deliveries"),
            counted(len(trace.snapshots), "state"),
        )
    )


def _fidelity(trace: Trace) -> str:
    kinds = Counter(
        known.value
        for span in trace.spans
        for known in span.fidelity.values()
        if known is not Fidelity.PRESENT
    )
    if not kinds:
        return "every payload is present"
    return ", ".join(f"{counted(count, 'payload')} {kind}" for kind, count in sorted(kinds.items()))


def section(title: str, lines: list[str]) -> Iterator[str]:
    """Lines under a title; nothing where there are none."""
    if lines:
        yield ""
        yield title
        yield from (f"  {line}" for line in lines)


def agent_line(agent: Agent) -> str:
    """Who an agent is."""
    known = [
        f"{label} {safe(value)}"
        for label, value in (("type", agent.type), ("role", agent.role), ("version", agent.version))
        if value
    ]
    if agent.model:
        known.append(f"model {words.line(dict(agent.model))}")
    name = f" ({safe(agent.name)})" if agent.name != agent.id else ""
    return f"{safe(agent.id)}{name}" + (f"  {', '.join(known)}" if known else "")


def _lane(lane: Lane) -> str:
    if lane.parent is None:
        return f"{place(lane.path)}  the run's own"
    name = f"{place(lane.path)}  {safe(text_of(lane.path))}"
    said = [f"spawned by {place(lane.parent)} after step {lane.spawn_seq}"]
    said += [f"joined by {place(join.by)} after step {join.seq}" for join in lane.joins] or [
        "never joined"
    ]
    said += [mark for mark, is_so in (("raced", lane.raced), ("ragged", lane.ragged)) if is_so]
    if lane.end != "complete":
        said.append(lane.end)
    return f"{name}  {', '.join(said)}"


def delivery_lines(delivery: Delivery) -> Iterator[str]:
    """Which message a receive got."""
    channel = f" from {safe(delivery.channel)}" if delivery.channel else ""
    got = f"message {place(delivery.message)}" if delivery.message is not None else "no message"
    content = f"  content {delivery.content.hex()[:8]}" if delivery.content else ""
    yield f"{place(delivery.receive)}  got {got}{channel}, {safe(delivery.outcome)}{content}"
    if delivery.turn:
        yield f"  turn      {', '.join(place(one) for one in delivery.turn)}"


def snapshot_lines(shot: StateSnapshot) -> Iterator[str]:
    """What an agent knew and wanted at one moment."""
    where = f"at {place(shot.position)}, step {shot.seq} of {place(shot.lane)}"
    yield f"{safe(shot.agent) or 'the run'}  {where}"
    yield from (f"  {line}" for line in _state(shot))


def _state(shot: StateSnapshot) -> Iterator[str]:
    if shot.status:
        yield f"status          {safe(shot.status)}"
    for label, value in (
        ("goal", shot.goal),
        ("beliefs", shot.beliefs),
        ("working memory", shot.working_memory),
        ("perceptions", shot.perceptions),
    ):
        if value is not None:
            yield f"{label:14}  {words.line(value)}"
    if shot.extra:
        yield f"extra           {words.pairs(shot.extra)}"


def _collective(trace: Trace) -> list[str]:
    """The Collective State Vector: one agent a line, then the steps at which it holds."""
    if not trace.snapshots:
        return []
    state = at_the_end(trace)
    lines = []
    for agent, shot in state.agents.items():
        said = [
            f"{name}={words.line(value, 40)}"
            for name, value in (("status", shot.status or None), ("goal", shot.goal))
            if value is not None
        ]
        where = f"at {place(shot.position)}"
        lines.append("  ".join((safe(agent) or "the run", *said, where)))
    cut = (f"{place(path)} step {step}" for path, step in state.cut.items())
    return [*lines, f"cut       {', '.join(cut)}"]


def told_at(trace: Trace, span: Span) -> Iterator[str]:
    """What every agent knew and wanted when a span had ended, over a consistent cut."""
    state = collective_state(trace, span)
    yield f"collective state when {safe(span.name)} had ended"
    for shot in state.agents.values():
        yield from (f"  {line}" for line in snapshot_lines(shot))
    if not state.agents:
        yield "  no agent had told its state by then"
    cut = ", ".join(f"{place(path)} step {step}" for path, step in state.cut.items())
    yield f"  cut       {cut or 'not known: the trace has no lanes'}"


def place(position: Position) -> str:
    """A position in short; the list of lanes has both forms."""
    return safe(label_of(position))
