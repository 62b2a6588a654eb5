"""Sketches: spans as they are noted in passing, and made where there is time for it.

A span has thirty fields, each checked: to make one takes longer than all else that happens where it
begins. So what is known there is put down as it stands, and whoever writes it down makes the span;
in production that is another thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from agenttrace.model.span import Span, SpanKind, Status
from agenttrace.model.values import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenttrace.model.lane import Position

ATOMS = frozenset({str, int, float, bool, type(None), bytes})
"""Types of values that nobody can change: they may be looked at later."""


class Sketch(NamedTuple):
    """A span as it begins, in the words of `Span`.

    Attributes:
        id: Its id.
        parent: The span that it happens inside.
        name: What happens; its position is counted under it.
        kind: What sort of thing it is.
        position: Where it stands.
        lane: The lane that it happens in.
        seq: The step of that lane.
        start_ns: When, nanoseconds from the start of the run.
        agent: The id of the agent that does it.
        task: What the agent was asked to do.
        attributes: What else is known: atoms as they were given, all else in its canonical form.
        site: The file and line of the user's code.
    """

    id: str
    parent: str | None
    name: str
    kind: SpanKind
    position: Position
    lane: Position
    seq: int
    start_ns: int
    agent: str | None
    task: str | None
    attributes: Mapping[str, object]
    site: str | None

    def settled(self) -> Sketch:
        """The same with its attributes in the form in which they are kept."""
        kept = dict(self.attributes)
        for name, value in self.attributes.items():
            if type(value) in ATOMS and not (isinstance(value, str) and value.isascii()):
                kept[name] = canonical(value)
        return self._replace(attributes=kept)

    def words(self) -> dict[str, Any]:
        """What is known of a settled one, by the names of `Span`'s fields and in their order."""
        return _words(self, self.start_ns, self.seq)

    def made(self) -> Span:
        """Make the span, as it begins."""
        return Span(**self.settled().words())


class Finished(NamedTuple):
    """A sketched span as it ends.

    Attributes:
        sketch: How it began.
        end_ns: When it ended.
        end_seq: The last step of its lane before that.
        status: How it ended.
    """

    sketch: Sketch
    end_ns: int
    end_seq: int
    status: Status

    def words(self) -> dict[str, Any]:
        """As of a `Sketch`, with its end."""
        return _words(self.sketch, self.end_ns, self.end_seq, self.status)

    def made(self) -> Span:
        """Make the span, as it ends."""
        return Span(**self._replace(sketch=self.sketch.settled()).words())


def _words(
    known: Sketch, end_ns: int, end_seq: int, status: Status | None = None
) -> dict[str, Any]:
    more = (
        ("parent", known.parent),
        ("operation", known.name),
        ("position", known.position),
        ("lane", known.lane),
        ("seq", known.seq),
        ("end_seq", end_seq),
        ("start_ns", known.start_ns),
        ("end_ns", end_ns),
        ("status", status),
        ("agent", known.agent),
        ("task", known.task),
        ("attributes", known.attributes),
        ("site", known.site),
    )
    said: dict[str, Any] = {word: it for word, it in more if it or it == ""}
    return {"id": known.id, "name": known.name, "kind": known.kind, **said}
