"""Provider: what a language that models speak has to offer, and what all of them share.

Both directions are needed: reading gives spans their meaning, and writing makes an answer that was
never on a wire (a stub, a fault, an imported trace) fit for a real SDK.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from agenttrace.model import names
from agenttrace.model.call import Answer, Chunk
from agenttrace.model.usage import Usage
from agenttrace.model.values import plain

if TYPE_CHECKING:
    from agenttrace.model.message import ModelRequest, ModelResponse
    from agenttrace.model.values import Value

JSON = "application/json"
SSE = "text/event-stream"
FRAMES = "application/vnd.amazon.eventstream"
OK = 200
BAD = 400


class Provider(Protocol):
    """One language. Reading never raises: what cannot be understood is left out.

    Bodies of requests are canonical JSON values. An answer's head is
    `{"status": 200, "headers": [["content-type", "application/json"], ...]}`.
    """

    @property
    def name(self) -> str:
        """The language, in one word of ours: `openai-chat`."""
        ...

    @property
    def vendor(self) -> str:
        """Who serves it, in OpenTelemetry's word: `openai`."""
        ...

    def speaks(self, method: str, path: str, body: Value) -> bool:
        """Whether a request is in this language."""
        ...

    def operation(self, path: str, body: Value) -> str:
        """What is asked, in OpenTelemetry's word: `chat`; never a model's name."""
        ...

    def title(self, body: Value, path: str = "") -> str:
        """The name of the span: `chat gpt-4o`."""
        ...

    def path(self, request: ModelRequest) -> str:
        """Where a request is sent; some languages name the model there."""
        ...

    def counts(self, request: ModelRequest) -> bool:
        """Whether an answer to this request says what it used."""
        ...

    def read_request(self, body: Value, path: str = "") -> ModelRequest:
        """Understand a request; without its path, what stands there is not known."""
        ...

    def write_request(self, request: ModelRequest) -> Value:
        """Say a request: the JSON value of its body."""
        ...

    def read_response(self, answer: Answer) -> ModelResponse:
        """Understand an answer: JSON or a stream, whole or cut, an error or a failure."""
        ...

    def write_response(self, response: ModelResponse) -> bytes:
        """Say a whole answer: the bytes of its JSON body."""
        ...

    def write_stream(self, response: ModelResponse) -> tuple[bytes, ...]:
        """Say an answer in pieces: server-sent events or frames, one a chunk."""
        ...

    def headers(self, *, stream: bool) -> dict[str, str]:
        """The headers that an answer needs to be understood."""
        ...

    def is_last(self, chunk: bytes) -> bool:
        """Whether a chunk of a stream says that nothing comes after it."""
        ...


def written(provider: Provider, response: ModelResponse, *, stream: bool) -> Answer:
    """Say a response as the answer that a transport would have brought.

    An error is never streamed; its status is `extra["status"]`, or 500.
    """
    status = status_of(response)
    stream = stream and status < BAD
    headers: list[Value] = [
        [name, value] for name, value in provider.headers(stream=stream).items()
    ]
    pieces = provider.write_stream(response) if stream else (provider.write_response(response),)
    return Answer(
        head={"status": status, "headers": headers},
        chunks=tuple(Chunk(data=piece) for piece in pieces),
        streamed=stream,
    )


def status_of(response: ModelResponse) -> int:
    """The HTTP status of a response: 200, or what its error says."""
    if not response.error:
        return OK
    status = response.extra.get("status")
    return status if isinstance(status, int) else 500


def status_in(answer: Answer) -> int:
    """The HTTP status that an answer came with; 200 where it has no head."""
    status = answer.head.get("status") if isinstance(answer.head, dict) else None
    return status if isinstance(status, int) else OK


def is_stream(answer: Answer) -> bool:
    """Whether an answer's body is a stream of events, by what its head says of it."""
    head = answer.head if isinstance(answer.head, dict) else {}
    headers = head.get("headers")
    for pair in headers if isinstance(headers, list) else ():
        if isinstance(pair, list) and len(pair) == 2 and str(pair[0]).lower() == "content-type":  # noqa: PLR2004 - name, value
            return str(pair[1]).startswith((SSE, FRAMES))
    return answer.streamed


def usage_of(response: ModelResponse) -> Usage | None:
    """What a response used; None where the provider did not say."""
    return None if response.tokens is None else Usage(models={response.model: response.tokens})


def asked(provider: Provider, path: str, body: Value) -> dict[str, Value]:
    """The attributes of a span that asks a model."""
    request = provider.read_request(body, path)
    attributes: dict[str, Value] = {
        names.OPERATION: provider.operation(path, body),
        names.PROVIDER: provider.vendor,
        names.REQUEST_MODEL: request.model,
    }
    if request.stream:
        attributes[names.STREAM] = True
    return attributes


def answered(response: ModelResponse) -> dict[str, Value]:
    """The attributes that an answer adds to the span."""
    attributes: dict[str, Value] = {}
    if response.model:
        attributes[names.RESPONSE_MODEL] = response.model
    if response.id:
        attributes[names.RESPONSE_ID] = response.id
    reasons: list[Value] = [
        message.finish_reason for message in response.messages if message.finish_reason
    ]
    if reasons:
        attributes[names.FINISH_REASONS] = reasons
    return attributes


def titled(model: str) -> str:
    """Name a span that asks a model."""
    return f"chat {model}" if model else "chat"


def to_json(value: Value | Mapping[str, Value]) -> str:
    """Write a canonical value as compact JSON, its type tags off."""
    return json.dumps(
        plain(dict(value) if isinstance(value, Mapping) else value),
        ensure_ascii=False,
        separators=(",", ":"),
    )
