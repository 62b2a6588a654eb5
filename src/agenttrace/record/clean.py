"""Clean: the scribe before the recorder, that takes the secrets out of what the recorder keeps.

What the agent asks is clean already: the door saw to it, before it hashed the question.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agenttrace.model.span import Span
from agenttrace.redact.streams import Stream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenttrace.boundary import Scribe
    from agenttrace.causal.lane import LiveLane
    from agenttrace.model.agent import Agent
    from agenttrace.model.call import Answer, Call, Chunk
    from agenttrace.model.lane import Delivery, Lane
    from agenttrace.model.span import Event, Link, Status
    from agenttrace.model.state import StateSnapshot
    from agenttrace.model.usage import Usage
    from agenttrace.model.values import Value
    from agenttrace.redact import Redactor


class Clean:
    """Hands on to another scribe what holds no secret any more."""

    def __init__(self, scribe: Scribe, redactor: Redactor) -> None:
        """Stand before a scribe."""
        self._scribe = scribe
        self._redactor = redactor
        self._streams: dict[tuple[str, int], tuple[Call, _Passing]] = {}

    def opened(self, call: Call) -> None:
        """Hand a call on; who asks, and for what task, is the agent's side."""
        self._scribe.opened(replace(call, task=self._redactor.said(call.task)))

    def chunk(self, call: Call, chunk: Chunk) -> None:
        """Hand on the pieces that can hold no beginning of a secret any more."""
        key = (call.span, call.attempt)
        if key not in self._streams:
            self._streams[key] = call, _Passing(self._redactor)
        _, passing = self._streams[key]
        for clean in passing.feed(chunk):
            self._scribe.chunk(call, clean)

    def closed(
        self,
        call: Call,
        answer: Answer,
        *,
        usage: Usage | None,
        attributes: Mapping[str, Value],
        mark: str,
    ) -> None:
        """Hand on the end of an answer, and the pieces that were held back."""
        _, passing = self._streams.pop((call.span, call.attempt), (call, None))
        for clean in () if passing is None else passing.finish():
            self._scribe.chunk(call, clean)
        if passing is None or len(passing.passed) != len(answer.chunks):
            passing = _Passing(self._redactor, answer.chunks)
        self._scribe.closed(
            call,
            self._redactor.given(replace(answer, chunks=tuple(passing.passed))),
            usage=usage,
            attributes=self._redactor.given(attributes),
            mark=mark,
        )

    def noted(
        self,
        what: Span | Event | Link | StateSnapshot | Agent | Lane | Delivery | Status,
        *,
        span: str | None = None,
        lane: LiveLane | None = None,
    ) -> None:
        """Hand on what is no call; a span that was copied from the recording holds answers."""
        copied = isinstance(what, Span) and what.echoed
        clean = self._redactor.given(what) if copied else self._redactor.said(what)
        self._scribe.noted(clean, span=span, lane=lane)

    def let_go(self) -> None:
        """Hand on what is held back of streams that nobody closed."""
        for call, passing in self._streams.values():
            for clean in passing.finish():
                self._scribe.chunk(call, clean)


class _Passing:
    """One answer on its way, with the moments of its pieces."""

    def __init__(self, redactor: Redactor, whole: tuple[Chunk, ...] = ()) -> None:
        self._stream = Stream(redactor)
        self._held: list[Chunk] = []
        self.passed: list[Chunk] = []
        if len(whole) == 1:
            self.passed.append(redactor.given(whole[0]))
        elif whole:
            for chunk in whole:
                self.feed(chunk)
            self.finish()

    def feed(self, chunk: Chunk) -> list[Chunk]:
        self._held.append(chunk)
        return self._taken(self._stream.feed(chunk.data))

    def finish(self) -> list[Chunk]:
        return self._taken(self._stream.finish())

    def _taken(self, pieces: list[bytes]) -> list[Chunk]:
        whole, self._held = self._held[: len(pieces)], self._held[len(pieces) :]
        clean = [
            chunk if piece is chunk.data else replace(chunk, data=piece)
            for chunk, piece in zip(whole, pieces, strict=True)
        ]
        self.passed += clean
        return clean
