"""Exporting: a trace with ids of its own for another system, written or sent to where it listens.

OTLP/HTTP as its specification has it: batches are posted one after the other; what could not be
sent, or was answered with 429, 502, 503 or 504, is sent again; a batch that was accepted never is.
The ids of its spans stay the same, so a backend knows a batch whose answer was lost.
"""

from __future__ import annotations

import hashlib
import http.client
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agenttrace.causal.clock import RealClock, wall_clock_text
from agenttrace.causal.position import fresh_key
from agenttrace.errors import ExportRefused, UsageError
from agenttrace.formats import exported, native, otlp_protobuf, otlp_write
from agenttrace.model.amounts import counted
from agenttrace.providers import reading

if TYPE_CHECKING:
    from agenttrace.formats.codec import Exporter
    from agenttrace.formats.told import Told
    from agenttrace.model.trace import Trace

SENT = {"otlp": "application/json", "otlp-protobuf": "application/x-protobuf"}
"""What an endpoint takes: each format, with its content type."""

BATCH = 512
"""How many spans are sent at once."""

_NS_A_S = 1_000_000_000
_AGAIN = (429, 502, 503, 504)
_OK = 200
_REDIRECT = 300
_FIRST_S, _LONGEST_S = 0.1, 5.0
_ANSWER_S = 30
_MOST_ANSWER = 1 << 22
_FIXED = "2000-01-01T00:00:00Z"
"""When a run began of which nobody knows when it did, where each export is to be the same."""


def told(trace: Trace, codec: Exporter, *, stable: bool = False) -> tuple[Told, ...]:
    """Tell a trace for one format, under ids made from its content.

    Args:
        trace: The trace.
        codec: The format; its clock says how far apart ordered spans are.
        stable: Whether each export has the same ids; else each has its own.
    """
    nonce = b"" if stable else fresh_key()
    whole = (
        trace if trace.started else replace(trace, started=_FIXED if stable else wall_clock_text())
    )
    named = renamed(whole, native.digest_of(trace) + nonce)
    return exported.told_of(named, tick_ns=codec.tick_ns, reading=reading)


def renamed(trace: Trace, key: bytes) -> Trace:
    """The same trace under other ids; links to other traces stay."""
    own = hashlib.sha256(key).hexdigest()[:32]

    def fresh(span: str) -> str:
        return hashlib.sha256(key + span.encode()).hexdigest()[:16]

    return replace(
        trace,
        id=own,
        spans=tuple(
            replace(
                span,
                id=fresh(span.id),
                parent=None if span.parent is None else fresh(span.parent),
                links=tuple(
                    replace(link, span=fresh(link.span), trace=None)
                    if link.trace in (None, trace.id)
                    else link
                    for link in span.links
                ),
            )
            for span in trace.spans
        ),
        snapshots=(),
    )


def not_carried(lost: frozenset[str]) -> Iterator[str]:
    """What a format does not carry, in lines for people."""
    inner = sorted(name.removeprefix("spans.") for name in lost if name.startswith("spans."))
    outer = sorted(name for name in lost if not name.startswith("spans."))
    yield f"not carried  of the run: {', '.join(outer)}"
    yield f"             of spans, or not as they were: {', '.join(inner)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where OTLP/HTTP listens."""

    secure: bool
    host: str
    port: int | None
    path: str
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, url: str, headers: Sequence[str] = ()) -> Endpoint:
        """Understand an address, and headers as `name=value`; without a path it is `/v1/traces`.

        Raises:
            UsageError: It is no address of HTTP, or a header has no `=`.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise UsageError(f"{url} is no address: {error}") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"{url} is no address of HTTP, such as http://127.0.0.1:4318")
        pairs = [one.partition("=") for one in headers]
        wrong = next((name for name, equals, _ in pairs if not equals or not name), None)
        if wrong is not None:
            raise UsageError(f"a header is NAME=VALUE, and {wrong!r} is none")
        path = parts.path if parts.path.strip("/") else "/v1/traces"
        return cls(
            secure=parts.scheme == "https",
            host=parts.hostname,
            port=port,
            path=path + (f"?{parts.query}" if parts.query else ""),
            headers=tuple((name, value) for name, _, value in pairs),
        )

    def post(self, body: bytes, content_type: str) -> tuple[int, dict[str, str], bytes]:
        """Post a body; give status, headers and answer.

        Raises:
            OSError: It is down, or hung up.
            http.client.HTTPException: It does not speak HTTP.
        """
        kind = http.client.HTTPSConnection if self.secure else http.client.HTTPConnection
        connection = kind(self.host, self.port, timeout=_ANSWER_S)
        try:
            headers = {"Content-Type": content_type, **dict(self.headers)}
            connection.request("POST", self.path, body=body, headers=headers)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, answer.read(_MOST_ANSWER)
        finally:
            connection.close()

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"http{'s' if self.secure else ''}://{self.host}{port}{self.path}"


def send(
    spans: Sequence[Told],
    codec: Exporter,
    endpoint: Endpoint,
    *,
    wait_s: float = 60,
    progress: Callable[[int, str], None] = lambda _done, _note: None,
) -> None:
    """Send spans, batch by batch; one that is not accepted is sent again while time lasts.

    Args:
        spans: What is sent.
        codec: `otlp` or `otlp-protobuf`.
        endpoint: Where to.
        wait_s: How long to wait for an endpoint that takes nothing, in seconds.
        progress: Told how many spans were accepted, and what is waited for.

    Raises:
        ExportRefused: It did not take a batch; what it took is said.
    """
    content_type = SENT[codec.name]
    for first in range(0, len(spans), BATCH):
        body = codec.write_told(spans[first : first + BATCH])
        taken = _Taken(endpoint=endpoint, sent=first, total=len(spans))
        _deliver(body, content_type, taken, wait_s=wait_s, progress=progress)
        progress(min(first + BATCH, len(spans)), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """How much of an export an endpoint has taken."""

    endpoint: Endpoint
    sent: int
    total: int

    def refused(self, why: str, detail: str = "") -> ExportRefused:
        """The error that says so."""
        return ExportRefused(
            f"{self.endpoint} took {self.sent:,} of {counted(self.total, 'span')}, and then {why}",
            detail=detail,
        )


def _deliver(
    body: bytes,
    content_type: str,
    taken: _Taken,
    *,
    wait_s: float,
    progress: Callable[[int, str], None],
) -> None:
    clock, pause_s = RealClock(), _FIRST_S
    while True:
        asked_s: float | None = None
        try:
            status, headers, answer = taken.endpoint.post(body, content_type)
        except (OSError, http.client.HTTPException) as error:
            why = f"was not there: {error!s}" if str(error) else "hung up"
        else:
            if _OK <= status < _REDIRECT:
                _refuse_part(answer, headers, taken)
                return
            why = f"answered {status}"
            if status not in _AGAIN:
                raise taken.refused(why, detail=f"  {answer[:300].decode('utf-8', 'replace')}")
            asked_s = _seconds(headers.get("retry-after", ""))
        left_s = wait_s - clock.now_ns() / _NS_A_S
        if left_s <= 0:
            raise taken.refused(f"{why}, for {wait_s:g} s", detail="  It is down: --wait SECONDS")
        progress(taken.sent, f"it {why}; trying again")
        time.sleep(min(left_s, pause_s if asked_s is None else asked_s))
        pause_s = min(_LONGEST_S, pause_s * 2)


def _seconds(said: str) -> float | None:
    return float(said) if said.isdecimal() and len(said) < len(str(_NS_A_S)) else None


def _refuse_part(answer: bytes, headers: dict[str, str], taken: _Taken) -> None:
    """Raise where an endpoint says that it took a part (OTLP's partial success)."""
    kind = headers.get("content-type", "")
    count, why = otlp_write.rejected(answer) if "json" in kind else (0, "")
    if "protobuf" in kind:
        count, why = otlp_protobuf.rejected(answer)
    if count:
        raise taken.refused(f"took no {count} of a batch", detail=f"  {why}")
