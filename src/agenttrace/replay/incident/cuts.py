"""Cuts: the moment at which a call of an incident is asked, with all that lies before it.

What lies before is what the call can know of, in causal order: never what merely came earlier in
time, in another agent's hands. A run of a program cannot be begun in the middle; so a replay from a
cut either comes to it from the beginning, and everything before it has to be as it was, or runs
code that is made to begin there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agenttrace.check.sides import safe
from agenttrace.errors import UsageError
from agenttrace.replay.incident import wished
from agenttrace.replay.incident.known import Known

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace
    from agenttrace.replay.incident.known import Calls


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The moment at which a call is asked.

    Attributes:
        at: The call.
        before: The places, in `calls.all`, of the calls that had ended, and that it can know of.
    """

    at: Known
    before: frozenset[int]

    @classmethod
    def of(cls, calls: Calls, label: str) -> Cut:
        """Find the moment at which the call of a label is asked.

        Raises:
            UsageError: There is no such call, or only a model's messages tell of it: nobody knows
                when it was asked.
        """
        at = wished.meant(calls, label)
        if not at.told_alone:
            raise UsageError(
                f"{at.label} {safe(at.title)} has no span of its own: nobody knows when it was "
                "asked",
                detail="  Name the question to a model before it, or after it.",
            )
        return cls(at=at, before=frozenset(_before(calls, at)))

    def require_ahead(self, calls: Calls, labels: Iterable[str]) -> None:
        """Refuse to say otherwise what the moment is made of.

        Raises:
            UsageError: One of these calls lies before it.
        """
        past = {calls.all[place].label for place in self.before}
        for label in labels:
            if label in past:
                raise UsageError(
                    f"{label} lies before {self.at.label}: its answer is part of the moment from "
                    "which the run goes on",
                    detail=f"  Start at {label} itself, or sooner:  --from '{label}'",
                )


def _before(calls: Calls, at: Known) -> Iterator[int]:
    earlier = calls.order.before_any([at.span.id])
    if calls.order.inferred:
        tree = _Tree(calls.trace)
        earlier = frozenset(one for one in earlier if tree.is_over(one, at.span.id))
    for place, one in enumerate(calls.all):
        if one.span.id in earlier and (one.told_alone or _was_told_of(calls, one, at, earlier)):
            yield place


class _Tree:
    """What a trace without lanes tells of who worked at once: spans, inside each other.

    That a call ended sooner says nothing where its agent went on beside the other one: today it
    may end later. So the whole of the branch in which it stands must have ended.
    """

    def __init__(self, trace: Trace) -> None:
        self._spans = {span.id: span for span in trace.spans}

    def is_over(self, one: str, other: str) -> bool:
        """Whether the branch of one span had ended when the other one's began."""
        left, right = self._path(one), self._path(other)
        for branch, beside in zip(left, right, strict=False):
            if branch is not beside:
                return branch.end_ns <= beside.start_ns
        return False  # one is inside the other

    def _path(self, span_id: str) -> list[Span]:
        """The spans from the outermost one down to this one; a circle is cut."""
        found: dict[str, Span] = {}
        at: str | None = span_id
        while at in self._spans and at not in found:
            found[at] = self._spans[at]
            at = found[at].parent
        return list(reversed(found.values()))


def _was_told_of(calls: Calls, one: Known, at: Known, earlier: frozenset[str]) -> bool:
    """Whether a call that only messages tell of had ended: its agent has asked again since."""
    return any(
        other.kind == "llm"
        and other.agent == one.agent
        and (other is at or other.span.id in earlier)
        and calls.order.happens_before(one.span, other.span)
        for other in calls.all
    )
