"""OpenAI's Responses, read and written, whole and streamed.

The rules are those of the OpenAI API reference, "Responses" and "Streaming events". A turn of the
model is a list of items (thoughts, messages, calls of tools, of MCP servers); it is one message
here, so that a conversation looks alike in every language.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agenttrace.model.message import Message, ModelRequest, ModelResponse, Text
from agenttrace.model.usage import Tokens
from agenttrace.providers import documents, responses_items, responses_stream, sse
from agenttrace.providers.documents import number_at, text_at
from agenttrace.providers.provider import JSON, SSE, titled, to_json

if TYPE_CHECKING:
    from agenttrace.model.call import Answer
    from agenttrace.model.values import Value

_ECHOED: dict[str, Value] = {
    "instructions": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "temperature": 1.0,
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
}
"""What an answer repeats of its request; SDKs want it there, and it says nothing new."""
_NOT_EXTRA = (
    *_ECHOED,
    "created_at",
    "completed_at",
    "error",
    "id",
    "incomplete_details",
    "model",
    "object",
    "output",
    "status",
    "usage",
)
_TO_WIRE = {"length": "max_output_tokens", "content_filter": "content_filter"}
_FROM_WIRE = {wire: ours for ours, wire in _TO_WIRE.items()}


class OpenAIResponses:
    """The language of `POST /v1/responses`."""

    name = "openai-responses"
    vendor = "openai"

    def speaks(self, method: str, path: str, body: Value) -> bool:
        """Whether a response is asked for, under any prefix."""
        asks = method == "POST" and path.rstrip("/").endswith("/responses")
        return asks and isinstance(body, dict) and ("input" in body or "prompt" in body)

    def operation(self, path: str, body: Value) -> str:
        """Always `chat`."""
        return "chat"

    def title(self, body: Value, path: str = "") -> str:
        """`chat` and the model that is asked for."""
        return titled(text_at(body, "model"))

    def path(self, request: ModelRequest) -> str:
        """Always the same: the model stands in the body."""
        return "/v1/responses"

    def counts(self, request: ModelRequest) -> bool:
        """Every answer says what it used."""
        return True

    def read_request(self, body: Value, path: str = "") -> ModelRequest:
        """Understand a request; its instructions are the first message, the system's."""
        fields = dict(body) if isinstance(body, dict) else {}
        instructions, tools = fields.pop("instructions", None), fields.pop("tools", None)
        model, stream = fields.pop("model", None), fields.pop("stream", None)
        said = (
            [Message(role="system", parts=(Text(content=instructions),))]
            if isinstance(instructions, str)
            else []
        )
        return ModelRequest(
            model=model if isinstance(model, str) else "",
            messages=(*said, *responses_items.read(fields.pop("input", None))),
            tools=tuple(tools) if isinstance(tools, list) else (),
            parameters=fields,
            stream=stream is True,
        )

    def write_request(self, request: ModelRequest) -> Value:
        """Say a request; the system's words that come first are the instructions."""
        messages = list(request.messages)
        body: dict[str, Value] = {**request.parameters, "model": request.model}
        if messages and messages[0].role == "system" and len(messages[0].parts) == 1:
            only = messages[0].parts[0]
            if isinstance(only, Text) and not only.refusal:
                body["instructions"] = only.content
                messages.pop(0)
        body["input"] = [item for message in messages for item in responses_items.write(message)]
        if request.tools:
            body["tools"] = list(request.tools)
        if request.stream:
            body["stream"] = True
        return body

    def read_response(self, answer: Answer) -> ModelResponse:
        """Understand an answer; a cut stream gives what came before the cut."""
        streamed = documents.is_events(answer)
        document = (
            responses_stream.joined(documents.events(answer))
            if streamed
            else documents.parsed(answer.body)
        )
        return documents.understood(document, answer, _response)

    def write_response(self, response: ModelResponse) -> bytes:
        """Say a whole answer, or an error."""
        if response.error:
            details = {**dict.fromkeys(documents.ERROR_FIELDS), **documents.details_of(response)}
            return to_json({**documents.beside(response), "error": details}).encode()
        return to_json(_document(response)).encode()

    def write_stream(self, response: ModelResponse) -> tuple[bytes, ...]:
        """Say an answer item by item; the last event repeats it whole."""
        return tuple(
            sse.write(to_json(event), text_at(event, "type"))
            for event in responses_stream.events(_document(response))
        )

    def headers(self, *, stream: bool) -> dict[str, str]:
        """The content type."""
        return {"content-type": f"{SSE}; charset=utf-8" if stream else JSON}

    def is_last(self, chunk: bytes) -> bool:
        """Whether this event says how the answer ended."""
        event = documents.parsed((sse.data(chunk) or "").encode())
        return text_at(event, "type") in responses_stream.LAST


def _document(response: ModelResponse) -> dict[str, Value]:
    message = response.messages[0] if response.messages else Message(role="assistant")
    why = _TO_WIRE.get(message.finish_reason)
    return {
        **_ECHOED,
        **response.extra,
        "id": response.id,
        "object": "response",
        "created_at": response.created_s,
        "status": "completed" if why is None else "incomplete",
        "error": None,
        "incomplete_details": None if why is None else {"reason": why},
        "model": response.model,
        "output": responses_items.write_answer(message, response.id),
        "usage": None if response.tokens is None else _write_tokens(response.tokens),
    }


def _response(document: dict[str, Value]) -> ModelResponse:
    output = document.get("output")
    messages: tuple[Message, ...] = ()
    if isinstance(output, list) and not document.get("error"):
        said = responses_items.joined(output)
        why = text_at(document, "incomplete_details", "reason")
        done = "tool_call" if said.tool_calls else "stop"
        ended = done if document.get("status") == "completed" else ""
        messages = (replace(said, finish_reason=_FROM_WIRE.get(why, why) or ended),)
    return ModelResponse(
        model=text_at(document, "model"),
        messages=messages,
        id=text_at(document, "id"),
        tokens=_read_tokens(document.get("usage")),
        created_s=documents.seconds_at(document, "created_at"),
        extra=documents.without(document, _NOT_EXTRA),
    )


# -- tokens -------------------------------------------------------------------------------------
def _read_tokens(usage: Value) -> Tokens | None:
    if not isinstance(usage, dict):
        return None
    return Tokens(
        input=number_at(usage, "input_tokens"),
        output=number_at(usage, "output_tokens"),
        cache_read=number_at(usage, "input_tokens_details", "cached_tokens"),
        cache_write=number_at(usage, "input_tokens_details", "cache_write_tokens"),
        reasoning=number_at(usage, "output_tokens_details", "reasoning_tokens"),
    )


def _write_tokens(tokens: Tokens) -> Value:
    return {
        "input_tokens": tokens.input,
        "input_tokens_details": {
            "cached_tokens": tokens.cache_read,
            "cache_write_tokens": tokens.cache_write,
        },
        "output_tokens": tokens.output,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
        "total_tokens": tokens.total,
    }
