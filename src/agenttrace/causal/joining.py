"""Joining: how a child process is told which part of a run it is.

The spawner mints the child's lane, so a position never holds a process id. What the child is told
travels in the environment, or with the pickled `Process`; a child that joins takes it out of its
environment, so that a grandchild that nobody saw begin cannot take it for its own.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from agenttrace.causal import propagation
from agenttrace.causal.position import trace_id
from agenttrace.causal.propagation import TraceParent, variable_of
from agenttrace.errors import UsageError
from agenttrace.model.lane import Position, Step

PARENT = "AGENTTRACE_PARENT"
"""The variable that says which part of a run a child process is: JSON."""

TRACEPARENT = "TRACEPARENT"
"""The variable that says it to everybody else, as W3C Trace Context does in a header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which part of a run a process is.

    Attributes:
        run: The run's name.
        trace: The id of its trace.
        lane: The process's own lane.
        parent: The lane that spawned it.
        seq: The step at which it did.
        span: The span it was spawned in.
        agent: The agent that spawned it.
        task: What that agent was asked to do.
        baggage: What the application sends along, as the header has it.
        at_ns: When it was spawned, in the run's time.
        plan: How it is to run: words that only a session reads.
    """

    run: str
    trace: str = ""
    lane: Position = ()
    parent: Position = ()
    seq: int = 0
    span: str | None = None
    agent: str | None = None
    task: str | None = None
    baggage: str = ""
    at_ns: int = 0
    plan: Mapping[str, Any] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """The variables that make a child process this part of the run."""
        said = {PARENT: json.dumps(asdict(self), ensure_ascii=True, sort_keys=True)}
        if self.span is not None:
            cause = TraceParent(trace=self.trace or trace_id(self.run), span=self.span)
            said[TRACEPARENT] = propagation.format_traceparent(cause)
        if self.baggage:
            said[variable_of(propagation.BAGGAGE)] = self.baggage
        return said


def identity_of(text: str) -> Identity:
    """Read what a process was told.

    Raises:
        UsageError: It is not what `Identity.environment` writes.
    """
    try:
        said = json.loads(text)
        places = {name: tuple(Step(*step) for step in said[name]) for name in ("lane", "parent")}
        return Identity(**{**said, **places})
    except (ValueError, TypeError, KeyError) as problem:
        raise UsageError(
            f"{PARENT} is not what a run writes there: {problem}",
            detail=f"  It is set by the run that starts a process. Unset it:\n      unset {PARENT}",
        ) from None


class Invitation:
    """What a `multiprocessing` child is told: it joins where this is unpickled."""

    def __init__(self, text: str) -> None:
        """Keep the text."""
        self._text = text

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return accept, (self._text,)


def accept(text: str) -> None:
    """Join the run that a pickled invitation names; in the child process."""
    importlib.import_module("agenttrace").join(text)  # the verb: this floor knows no session
