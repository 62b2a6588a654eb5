"""HTTP as questions and answers: what counts of a request, what is kept of a response.

Every transport's adapter says it alike, so a golden does not know which client made it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from agenttrace.boundary import Crossing, forgives
from agenttrace.causal.places import POSITION, Place
from agenttrace.causal.position import trace_id
from agenttrace.causal.propagation import TRACEPARENT, TraceParent, format_traceparent
from agenttrace.causal.site import site
from agenttrace.errors import NotCanonical
from agenttrace.model import names
from agenttrace.model.call import Answer, Chunk, Question
from agenttrace.model.values import Value, canonical
from agenttrace.providers import catalog, frames, sse
from agenttrace.providers.provider import FRAMES, SSE, Provider, answered, asked, usage_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenttrace.model.call import Failure
    from agenttrace.model.usage import Usage

KEPT_HEADERS = frozenset(
    {
        "content-disposition",
        "content-range",
        "content-type",
        "link",
        "location",
        "mcp-session-id",
        "request-id",
        "retry-after",
        "retry-after-ms",
        "www-authenticate",
        "x-amzn-errortype",
        "x-request-id",
        "x-should-retry",
    }
)
"""The response headers that clients act on. Others vary from run to run, or are the wire's own."""

_OF_THE_WIRE = frozenset({"content-encoding", "set-cookie", "transfer-encoding"})
"""What no longer holds of a body that was decoded, and cookies, which are handed on apart."""

_LINES = (
    "application/jsonl",
    "application/x-ndjson",
    "application/stream+json",
)
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')


def question_of(
    method: str, target: str, body: bytes, content_type: str
) -> tuple[Question, Provider | None]:
    """Say a request as a question, and whose language it is in.

    Host, port and headers do not count: they hold keys, versions, and ids of the day.

    Args:
        method: `POST`, …
        target: Path and query, as on the wire.
        body: The whole body.
        content_type: Of the body; empty where there is none.
    """
    try:
        return _question(method, target, body, content_type)
    except Exception as error:
        if not forgives(error):
            raise
        name = f"{method} {target.partition('?')[0]}"
        return Question(kind="http", operation=name, title=name, body=None, site=None), None


def _question(
    method: str, target: str, body: bytes, content_type: str
) -> tuple[Question, Provider | None]:
    path, _, query = target.partition("?")
    said = _body_of(body, content_type)
    pairs: list[Value] = [[name, value] for name, value in parse_qsl(query, keep_blank_values=True)]
    whole: Value = {"method": method, "path": path, "query": pairs, "body": said}
    attributes: dict[str, Value] = {names.HTTP_METHOD: method, names.URL_PATH: path}
    provider = catalog.provider_for(method, path, said)
    if provider is None:
        name = f"{method} {path}"
        asks = Question(
            kind="http", operation=name, title=name, body=whole, attributes=attributes, site=site()
        )
        return asks, None
    asks = Question(
        kind="llm",
        operation=provider.operation(path, said),
        title=provider.title(said, path),
        body=whole,
        attributes={**attributes, **asked(provider, path, said)},
        site=site(),
    )
    return asks, provider


def carried_on(crossing: Crossing, names_sent: Iterable[str]) -> dict[str, str]:
    """Let a request that says who asks (`agenttrace.inject`) say which call it is.

    Args:
        crossing: The passage of the request through the door.
        names_sent: The names of the request's headers, in any case.

    Returns:
        The headers to send instead of those of the same names; none for a request that says
        nothing of who asks, and for one that is not sent.
    """
    if crossing.recalled is not None or POSITION not in (name.lower() for name in names_sent):
        return {}
    call = crossing.call
    cause = TraceParent(trace=trace_id(crossing.door.run.name), span=call.span)
    return {
        TRACEPARENT: format_traceparent(cause),
        POSITION: Place(at=call.position, lane=call.position, seq=1).text,
    }


def head_of(status: int, headers: Iterable[tuple[str, str]]) -> Value:
    """Say what comes before the body, without what varies."""
    kept: list[Value] = [
        [name.lower(), value] for name, value in headers if name.lower() in KEPT_HEADERS
    ]
    return {"status": status, "headers": kept}


def program_head(crossing: Crossing, head: Value, headers: Iterable[tuple[str, str]]) -> Value:
    """Give the head that the program gets: in production, with every header that still holds.

    Elsewhere it gets while recording what it gets in a replay. Cookies are the transport's to add.
    """
    if not crossing.door.spares or not isinstance(head, dict):
        return head
    pairs = [(name.lower(), value) for name, value in headers]
    coded = any(name == "content-encoding" for name, _ in pairs)
    gone = _OF_THE_WIRE | {"content-length"} if coded else _OF_THE_WIRE
    whole: list[Value] = [[name, value] for name, value in pairs if name not in gone]
    return {**head, "headers": whole}


def status_and_headers(head: Value) -> tuple[int, list[tuple[str, str]]]:
    """Read a head back."""
    fields = head if isinstance(head, dict) else {}
    status, headers = fields.get("status"), fields.get("headers")
    pairs = headers if isinstance(headers, list) else []
    return (
        status if isinstance(status, int) else 200,
        [(str(pair[0]), str(pair[1])) for pair in pairs if isinstance(pair, list)],
    )


class Segments:
    """Takes a body as the network cuts it; gives the pieces that mean something.

    Events of an event stream, text or binary, lines of a stream of lines. Of any other stream
    nobody knows what belongs together: its segments are handed on as they come.
    """

    def __init__(self, content_type: str) -> None:
        """Choose by the content type."""
        self._events: sse.Splitter | frames.Splitter | None = None
        if content_type.startswith((SSE, FRAMES)):
            self._events = sse.Splitter() if content_type.startswith(SSE) else frames.Splitter()
        self._by_line = content_type.startswith(_LINES)
        self._held = b""

    def feed(self, segment: bytes) -> list[bytes]:
        """Take the next bytes; give the pieces that they complete."""
        if self._events is not None:
            return self._events.feed(segment)
        if not self._by_line:
            return [segment] if segment else []
        whole, end, self._held = (self._held + segment).rpartition(b"\n")
        return [line + end for line in whole.split(end)] if end else []

    def finish(self) -> list[bytes]:
        """Take the end; give what is left."""
        if self._events is not None:
            return self._events.finish()
        held, self._held = self._held, b""
        return [held] if held else []


def is_stream(content_type: str) -> bool:
    """Whether a body of this type is made of pieces that mean something by themselves."""
    return content_type.startswith((SSE, FRAMES, *_LINES))


@dataclass(slots=True)
class Exchange:
    """A crossing, from the moment when its head is known: closes it with what the answer means.

    Attributes:
        crossing: The passage through the door.
        provider: Whose language it is in; None for plain HTTP.
        head: Status and kept headers.
        pieces: What was handed on so far.
        over: Whether it is closed; closing again changes nothing.
    """

    crossing: Crossing
    provider: Provider | None
    head: Value
    pieces: list[bytes] = field(default_factory=list)
    over: bool = False

    def hand_on(self, piece: bytes) -> bytes:
        """Write a piece down, then hand it on."""
        self.pieces.append(piece)
        return self.crossing.chunk(piece)

    def whole(self, answer: Answer) -> None:
        """Close with an answer that came in one piece."""
        self.over = True
        usage, attributes = self._meaning(answer)
        self.crossing.close(answer, usage=usage, attributes=attributes)

    def ended(self, end: str, failure: Failure | None = None) -> None:
        """Close a stream; one that is left after the piece that says it is the last is complete."""
        if self.over:
            return
        self.over = True
        if end == "closed" and self.provider is not None and self.pieces:
            end = "complete" if self.provider.is_last(self.pieces[-1]) else end
        chunks = tuple(Chunk(data=piece) for piece in self.pieces)
        answer = Answer(head=self.head, chunks=chunks, streamed=True, end=end, failure=failure)
        usage, attributes = self._meaning(answer)
        self.crossing.end_stream(
            self.head, end=end, failure=failure, usage=usage, attributes=attributes
        )

    def _meaning(self, answer: Answer) -> tuple[Usage | None, dict[str, Value]]:
        if answer.head is None:
            return None, {}  # nothing came: the failure says why
        status, _ = status_and_headers(answer.head)
        attributes: dict[str, Value] = {names.HTTP_STATUS: status}
        if self.provider is None:
            return None, attributes
        try:
            response = self.provider.read_response(answer)
        except Exception as error:
            if not self.crossing.door.forgives(error):
                raise
            return None, attributes
        if not response.model:  # some languages name the model in the path alone
            asked_for = self.crossing.call.question.attributes.get(names.REQUEST_MODEL)
            response = replace(response, model=asked_for if isinstance(asked_for, str) else "")
        return usage_of(response), attributes | answered(response)


def _body_of(body: bytes, content_type: str) -> Value:
    if not body:
        return None
    if (found := _BOUNDARY.search(content_type)) and content_type.startswith("multipart/"):
        body = body.replace(found[1].encode(), b"boundary")  # chosen anew for each request
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return body
    if text.lstrip()[:1] in ("{", "["):
        try:
            return canonical(json.loads(text))
        except (ValueError, NotCanonical, RecursionError):
            return text
    return text
