"""Imported: what somebody else recorded. Exchanges become the run that would have recorded them.

They pass the same door as a live run's calls, in order, on the run's own lane. So positions,
attempts and the meaning of each answer are what a recording of ours would hold, and a program that
makes the same requests one after the other replays from it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agenttrace.adapters import http
from agenttrace.boundary import Boundary, Nobody
from agenttrace.causal import current
from agenttrace.causal.position import fresh_key
from agenttrace.model.call import Answer, Chunk
from agenttrace.model.values import digest
from agenttrace.providers.telemetry import is_telemetry
from agenttrace.record.clean import Clean
from agenttrace.record.recorder import Recorder
from agenttrace.redact import Redactor, numbered
from agenttrace.replay.pace import Instant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenttrace.formats.vcr import Exchange
    from agenttrace.model.trace import Trace

_JSON, _SSE = "application/json", "text/event-stream"
_EVENT_STARTS = (b"data:", b"event:", b"id:", b":")


class _NoTime:
    """Nobody wrote down when things were asked: all of it is at the beginning."""

    def now_ns(self) -> int:
        """Always zero."""
        return 0


def trace_of(exchanges: Iterable[Exchange], name: str) -> Trace:
    """Give exchanges as the trace of a run of this name."""
    run, redactor = current.Run(name, clock=_NoTime()), Redactor(key=fresh_key())
    run.clean = redactor.said
    recorder = Recorder(run)
    scribe = Clean(recorder, redactor)
    door = Boundary(run, source=Nobody(), scribe=scribe, pace=Instant())
    token = current.enter(run)
    try:
        for exchange in exchanges:
            if not is_report(exchange):
                _cross(door, exchange)
        return numbered(recorder.trace())
    finally:
        current.leave(run, token)


def cleaned(trace: Trace, redactor: Redactor | None = None) -> Trace:
    """Give a trace of another system's without the secrets in it, its digests made again."""
    clean = (redactor or Redactor(key=fresh_key())).said(trace)
    spans = tuple(
        span if span.question is None else replace(span, digest=digest(span.question))
        for span in clean.spans
    )
    return numbered(replace(clean, spans=spans))


def is_report(exchange: Exchange) -> bool:
    """Whether it is a library's report about itself, which no golden holds and no replay sends."""
    return is_telemetry(urlsplit(exchange.url).hostname or "", exchange.target)


def _cross(door: Boundary, exchange: Exchange) -> None:
    question, provider = http.question_of(
        exchange.method, exchange.target, exchange.body, _known(exchange.content_type)
    )
    crossing = door.ask(replace(question, site=None))
    kind = _kind_of(exchange)
    named = [pair for pair in exchange.headers if pair[0].lower() != "content-type"]
    head = http.head_of(exchange.status, [*named, *([("content-type", kind)] if kind else [])])
    passed = http.Exchange(crossing, provider, head)
    if not http.is_stream(kind):
        passed.whole(Answer(head=head, chunks=(Chunk(data=exchange.answer),)))
        return
    segments = http.Segments(kind)
    for piece in (*segments.feed(exchange.answer), *segments.finish()):
        passed.hand_on(piece)
    passed.ended("complete")


def _kind_of(exchange: Exchange) -> str:
    """The type of an answer: what its head says, else what it looks like (heads are cleaned)."""
    said = next((value for name, value in exchange.headers if name.lower() == "content-type"), "")
    if _known(said):
        return said
    body = exchange.answer.lstrip()
    if body.startswith(_EVENT_STARTS):
        return _SSE
    return _JSON if body[:1] in (b"{", b"[") else ""


def _known(content_type: str) -> str:
    """A type that says something; a cleaned one says nothing."""
    return content_type if "/" in content_type else ""
