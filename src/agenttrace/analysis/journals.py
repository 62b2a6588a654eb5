"""Journals: what one says of itself: whether it is whole, where it ends, and what it lacks."""

from __future__ import annotations

from dataclasses import dataclass

from agenttrace.formats import journal
from agenttrace.formats.records import CUTS, Cut, Ended, Warned
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.trace import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What a journal says of itself.

    Attributes:
        trace: What was recorded, as far as it goes.
        records: How many whole records there are.
        read_bytes: How many bytes they take.
        total_bytes: How many bytes the file has.
        torn: Why it ends where it does, if not with a whole record; empty: it does.
        ended: Whether the run came to its end.
        cuts: Why recording ended before the run did, in words.
        dropped: How many records are known to be lost.
        warnings: What a person should know of it.
    """

    trace: Trace
    records: int
    read_bytes: int
    total_bytes: int
    torn: str
    ended: bool
    cuts: tuple[str, ...]
    dropped: int
    warnings: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether it holds all of its run."""
        return self.ended and not (self.torn or self.cuts or self.dropped)

    @property
    def open_calls(self) -> tuple[Span, ...]:
        """The calls whose answer is not in it."""
        return tuple(
            span
            for span in self.trace.spans
            if span.is_call and span.kind is not SpanKind.RUN and _is_open(span)
        )


def examined(data: bytes, *, name: str) -> Examined:
    """Look a journal over.

    Raises:
        JournalUnreadable: It is none.
    """
    prefix = journal.scan(data)
    records = list(journal.records(data, name=name))
    cuts = [one for one in records if isinstance(one, Cut)]
    return Examined(
        trace=journal.read(data, name=name),
        records=len(prefix.frames),
        read_bytes=prefix.end,
        total_bytes=len(data),
        torn=prefix.stopped,
        ended=any(isinstance(one, Ended) for one in records),
        cuts=tuple(CUTS.get(one.why, one.why) for one in cuts),
        dropped=sum(one.dropped for one in cuts),
        warnings=tuple(one.text for one in records if isinstance(one, Warned)),
    )


def _is_open(span: Span) -> bool:
    return bool(span.answers) and span.answers[-1].end == "open"
