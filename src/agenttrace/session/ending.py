"""Ending: what the own span of a run says where the test failed, in what is kept of it.

A golden never says it: it is written by a test that passed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agenttrace.adapters.plain.doing import error_event
from agenttrace.model import names
from agenttrace.model.span import ERROR, Event, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenttrace.model.trace import Trace
    from agenttrace.model.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """What failed a run, as any span says it of the exception that left it.

    Attributes:
        status: An error of that type.
        event: The exception, with the first line of what it says.
    """

    status: Status
    event: Event

    @classmethod
    def of(cls, error: BaseException, clean: Callable[[str], str]) -> Failing:
        """Write down what failed a run.

        Args:
            error: What was raised, or would have been.
            clean: Gives a text without the secrets that are known by then.
        """
        kind = clean(type(error).__qualname__)
        try:
            event = error_event(error)
            said = {name: _clean(value, clean) for name, value in event.attributes.items()}
        except Exception:  # noqa: BLE001 - an exception of the user's may refuse to say anything
            said, event = {names.EXCEPTION_TYPE: kind}, Event(name="error")
        message = said.get(names.EXCEPTION_MESSAGE)
        if isinstance(message, str):
            said[names.EXCEPTION_MESSAGE] = message.strip().partition("\n")[0]
        return cls(
            status=Status(code=ERROR, message=kind),
            event=replace(event, attributes=said),
        )

    def at_the_end_of(self, trace: Trace) -> Failing:
        """The same, said when all that the run did was done."""
        ended_ns = 0 if trace.root is None else trace.root.end_ns
        step = max((span.end_seq for span in trace.spans if span.lane == ()), default=0)
        return replace(self, event=replace(self.event, seq=step, at_ns=ended_ns))

    def told_in(self, trace: Trace) -> Trace:
        """Give the trace of the run, whose own span says it."""
        root = trace.root
        if root is None:
            return trace
        failed = replace(root, status=self.status, events=(*root.events, self.event))
        return replace(trace, spans=tuple(failed if it is root else it for it in trace.spans))


def _clean(value: Value, clean: Callable[[str], str]) -> Value:
    """A text, or a list of them, without secrets, and without what no file can hold."""
    if isinstance(value, list):
        return [_clean(one, clean) for one in value]
    if isinstance(value, str):
        return clean(value).encode("utf-8", "backslashreplace").decode()
    return value
