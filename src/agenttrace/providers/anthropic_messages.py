"""Anthropic's Messages, read and written, whole and streamed.

The rules are those of the Anthropic API reference, "Messages" and "Streaming messages". Input
tokens on the wire are those that no cache had; ours include the cached ones, as everywhere.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agenttrace.model.message import Message, ModelRequest, ModelResponse
from agenttrace.model.usage import Tokens
from agenttrace.providers import anthropic_blocks, anthropic_stream, documents, sse
from agenttrace.providers.documents import number_at, text_at
from agenttrace.providers.provider import JSON, SSE, titled, to_json

if TYPE_CHECKING:
    from agenttrace.model.call import Answer
    from agenttrace.model.values import Value

_NOT_EXTRA = (
    "content",
    "error",
    "id",
    "model",
    "role",
    "stop_reason",
    "type",
    "usage",
)
_TO_WIRE = {
    "stop": "end_turn",
    "tool_call": "tool_use",
    "length": "max_tokens",
    "content_filter": "refusal",
}
_FROM_WIRE = {wire: ours for ours, wire in _TO_WIRE.items()}
_LAST = ("message_stop", "error")


class AnthropicMessages:
    """The language of `POST /v1/messages`."""

    name = "anthropic-messages"
    vendor = "anthropic"

    def speaks(self, method: str, path: str, body: Value) -> bool:
        """Whether it is a message, under any prefix; counting tokens is not."""
        asks = method == "POST" and path.rstrip("/").endswith("/messages")
        return (
            asks
            and isinstance(body, dict)
            and isinstance(body.get("messages"), list)
            and "max_tokens" in body
        )

    def operation(self, path: str, body: Value) -> str:
        """Always `chat`."""
        return "chat"

    def title(self, body: Value, path: str = "") -> str:
        """`chat` and the model that is asked for."""
        return titled(text_at(body, "model"))

    def path(self, request: ModelRequest) -> str:
        """Always the same: the model stands in the body."""
        return "/v1/messages"

    def counts(self, request: ModelRequest) -> bool:
        """Every answer says what it used."""
        return True

    def read_request(self, body: Value, path: str = "") -> ModelRequest:
        """Understand a request; the system prompt is its first message."""
        fields = dict(body) if isinstance(body, dict) else {}
        system, messages = fields.pop("system", None), fields.pop("messages", None)
        tools, stream = fields.pop("tools", None), fields.pop("stream", None)
        model = fields.pop("model", None)
        said = [] if system is None else [anthropic_blocks.read("system", system)]
        return ModelRequest(
            model=model if isinstance(model, str) else "",
            messages=(
                *said,
                *(
                    anthropic_blocks.read(text_at(one, "role") or "user", one.get("content"))
                    for one in documents.objects(messages)
                ),
            ),
            tools=tuple(tools) if isinstance(tools, list) else (),
            parameters=fields,
            stream=stream is True,
        )

    def write_request(self, request: ModelRequest) -> Value:
        """Say a request; a system message that comes first is the system prompt."""
        messages = list(request.messages)
        body: dict[str, Value] = {"max_tokens": 4096, **request.parameters, "model": request.model}
        if messages and messages[0].role == "system":
            body["system"] = anthropic_blocks.write(messages.pop(0))
        body["messages"] = [
            {
                "role": "user" if message.role == "tool" else message.role,
                "content": anthropic_blocks.write(message),
            }
            for message in messages
        ]
        if request.tools:
            body["tools"] = list(request.tools)
        if request.stream:
            body["stream"] = True
        return body

    def read_response(self, answer: Answer) -> ModelResponse:
        """Understand an answer; a cut stream gives what came before the cut."""
        streamed = documents.is_events(answer)
        document = (
            anthropic_stream.joined(documents.events(answer))
            if streamed
            else documents.parsed(answer.body)
        )
        return documents.understood(document, answer, _response)

    def write_response(self, response: ModelResponse) -> bytes:
        """Say a whole answer, or an error."""
        if response.error:
            said = {**documents.beside(response), "error": documents.details_of(response)}
            return to_json({"type": "error", **said}).encode()
        return to_json(_document(response)).encode()

    def write_stream(self, response: ModelResponse) -> tuple[bytes, ...]:
        """Say an answer block by block."""
        return tuple(
            sse.write(to_json(event), text_at(event, "type"))
            for event in anthropic_stream.events(_document(response))
        )

    def headers(self, *, stream: bool) -> dict[str, str]:
        """The content type."""
        return {"content-type": f"{SSE}; charset=utf-8" if stream else JSON}

    def is_last(self, chunk: bytes) -> bool:
        """Whether this is `message_stop`, or an error, after which nothing comes."""
        return text_at(documents.parsed((sse.data(chunk) or "").encode()), "type") in _LAST


def _document(response: ModelResponse) -> dict[str, Value]:
    message = response.messages[0] if response.messages else Message(role="assistant")
    tokens = response.tokens
    return {
        "stop_sequence": None,
        **response.extra,
        "id": response.id,
        "type": "message",
        "role": message.role,
        "model": response.model,
        "content": anthropic_blocks.write_answer(message, response.id),
        "stop_reason": _TO_WIRE.get(message.finish_reason, message.finish_reason) or None,
        "usage": None if tokens is None else _write_tokens(tokens),
    }


def _response(document: dict[str, Value]) -> ModelResponse:
    content, reason = document.get("content"), text_at(document, "stop_reason")
    messages: tuple[Message, ...] = ()
    if isinstance(content, list) and not document.get("error"):
        message = anthropic_blocks.read(text_at(document, "role") or "assistant", content)
        messages = (replace(message, finish_reason=_FROM_WIRE.get(reason, reason)),)
    return ModelResponse(
        model=text_at(document, "model"),
        messages=messages,
        id=text_at(document, "id"),
        tokens=_read_tokens(document.get("usage")),
        extra=documents.without(document, _NOT_EXTRA),
    )


# -- tokens -------------------------------------------------------------------------------------
def _read_tokens(usage: Value) -> Tokens | None:
    if not isinstance(usage, dict):
        return None
    read, written = (
        number_at(usage, "cache_read_input_tokens"),
        number_at(usage, "cache_creation_input_tokens"),
    )
    return Tokens(
        input=number_at(usage, "input_tokens") + read + written,
        output=number_at(usage, "output_tokens"),
        cache_read=read,
        cache_write=written,
        reasoning=number_at(usage, "output_tokens_details", "thinking_tokens"),
    )


def _write_tokens(tokens: Tokens) -> Value:
    return {
        "input_tokens": tokens.input - tokens.cache_read - tokens.cache_write,
        "cache_read_input_tokens": tokens.cache_read,
        "cache_creation_input_tokens": tokens.cache_write,
        "output_tokens": tokens.output,
        "output_tokens_details": {"thinking_tokens": tokens.reasoning},
    }
