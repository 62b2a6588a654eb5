"""OpenAI's Chat Completions, read and written, whole and streamed.

Half the world's servers speak it. The rules are those of the OpenAI API reference, "Chat"; where
other servers differ (reasoning beside the content, repeated ids, errors that are plain text),
reading takes both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.model.message import Message, ModelRequest, ModelResponse
from agenttrace.model.usage import Tokens
from agenttrace.providers import documents, openai_message, openai_stream, sse
from agenttrace.providers.provider import JSON, SSE, is_stream, titled, to_json

if TYPE_CHECKING:
    from agenttrace.model.call import Answer
    from agenttrace.model.values import Value

_DONE = "[DONE]"
_NOT_EXTRA = frozenset(
    {"choices", "created", "error", "id", "model", "object", "obfuscation", "usage"}
)


class OpenAIChat:
    """The language of `POST /v1/chat/completions`."""

    name = "openai-chat"
    vendor = "openai"

    def speaks(self, method: str, path: str, body: Value) -> bool:
        """Whether it is a chat completion, under any prefix (proxies, Azure's deployments)."""
        asks = method == "POST" and path.rstrip("/").endswith("/chat/completions")
        return asks and isinstance(body, dict) and isinstance(body.get("messages"), list)

    def operation(self, path: str, body: Value) -> str:
        """Always `chat`."""
        return "chat"

    def title(self, body: Value, path: str = "") -> str:
        """`chat` and the model that is asked for."""
        return titled(documents.text_at(body, "model"))

    def path(self, request: ModelRequest) -> str:
        """Always the same: the model stands in the body."""
        return "/v1/chat/completions"

    def counts(self, request: ModelRequest) -> bool:
        """A stream says what it used only if it is asked with `include_usage`."""
        options = request.parameters.get("stream_options")
        return not request.stream or documents.at(options, "include_usage") is True

    def read_request(self, body: Value, path: str = "") -> ModelRequest:
        """Understand a request; what is neither conversation nor tool is a parameter."""
        fields = dict(body) if isinstance(body, dict) else {}
        messages, tools = fields.pop("messages", None), fields.pop("tools", None)
        model, stream = fields.pop("model", None), fields.pop("stream", None)
        return ModelRequest(
            model=model if isinstance(model, str) else "",
            messages=tuple(openai_message.read(one) for one in documents.objects(messages)),
            tools=tuple(tools) if isinstance(tools, list) else (),
            parameters=fields,
            stream=stream is True,
        )

    def write_request(self, request: ModelRequest) -> Value:
        """Say a request; a message with several tool results becomes one message a result."""
        body: dict[str, Value] = {
            **request.parameters,
            "model": request.model,
            "messages": [
                wire for message in request.messages for wire in openai_message.write(message)
            ],
        }
        if request.tools:
            body["tools"] = list(request.tools)
        if request.stream:
            body["stream"] = True
        return body

    def read_response(self, answer: Answer) -> ModelResponse:
        """Understand an answer; a cut stream gives what came before the cut."""
        if is_stream(answer):
            document = openai_stream.joined(sse.documents(answer.body))
        else:
            document = documents.parsed(answer.body)
        return documents.understood(document, answer, _response)

    def write_response(self, response: ModelResponse) -> bytes:
        """Say a whole answer, or an error."""
        if response.error:
            details = {key: response.extra.get(key) for key in documents.ERROR_FIELDS}
            return to_json(
                {**documents.beside(response), "error": {"message": response.error, **details}}
            ).encode()
        choices: list[Value] = [
            {
                "index": index,
                "message": openai_message.write_answer(message, response.id),
                "finish_reason": openai_message.finish_reason(message),
                "logprobs": None,
            }
            for index, message in enumerate(response.messages)
        ]
        body = {**_envelope(response, "chat.completion"), "choices": choices}
        if response.tokens is not None:
            body["usage"] = _write_tokens(response.tokens)
        return to_json(body).encode()

    def write_stream(self, response: ModelResponse) -> tuple[bytes, ...]:
        """Say an answer word by word; usage comes last, as with `stream_options.include_usage`."""
        envelope = _envelope(response, "chat.completion.chunk")
        events: list[bytes] = []
        for index, message in enumerate(response.messages):
            reason = openai_message.finish_reason(message)
            deltas = openai_stream.deltas(openai_message.write_answer(message, response.id))
            ends: list[tuple[dict[str, Value], Value]] = [({}, reason)]
            for delta, ending in [*((delta, None) for delta in deltas), *ends]:
                choice: Value = {
                    "index": index,
                    "delta": delta,
                    "finish_reason": ending,
                    "logprobs": None,
                }
                events.append(sse.write(to_json({**envelope, "choices": [choice]})))
        if response.tokens is not None or not response.messages:
            usage = None if response.tokens is None else _write_tokens(response.tokens)
            events.append(sse.write(to_json({**envelope, "choices": [], "usage": usage})))
        return (*events, sse.write(_DONE))

    def headers(self, *, stream: bool) -> dict[str, str]:
        """The content type."""
        return {"content-type": f"{SSE}; charset=utf-8" if stream else JSON}

    def is_last(self, chunk: bytes) -> bool:
        """Whether this is `data: [DONE]`: clients may stop reading here, and nothing is lost."""
        return sse.data(chunk) == _DONE


def _envelope(response: ModelResponse, kind: str) -> dict[str, Value]:
    return {
        **response.extra,
        "id": response.id,
        "object": kind,
        "created": response.created_s,
        "model": response.model,
    }


def _response(document: dict[str, Value]) -> ModelResponse:
    model, ident, created = document.get("model"), document.get("id"), document.get("created")
    return ModelResponse(
        model=model if isinstance(model, str) else "",
        messages=tuple(_choice(choice) for choice in documents.objects(document.get("choices"))),
        id=ident if isinstance(ident, str) else "",
        tokens=_read_tokens(document.get("usage")),
        created_s=created if isinstance(created, int) else 0,
        extra={
            key: value
            for key, value in document.items()
            if key not in _NOT_EXTRA and value is not None
        },
    )


def _choice(choice: dict[str, Value]) -> Message:
    message, reason = choice.get("message"), choice.get("finish_reason")
    read = openai_message.read(message if isinstance(message, dict) else {"role": "assistant"})
    return openai_message.finished(read, reason if isinstance(reason, str) else "")


# -- tokens -------------------------------------------------------------------------------------
def _read_tokens(usage: Value) -> Tokens | None:
    if not isinstance(usage, dict):
        return None
    cached = documents.number_at(usage, "prompt_tokens_details", "cached_tokens")
    return Tokens(
        input=documents.number_at(usage, "prompt_tokens"),
        output=documents.number_at(usage, "completion_tokens"),
        cache_read=cached
        or documents.number_at(usage, "prompt_cache_hit_tokens"),  # DeepSeek's name
        cache_write=documents.number_at(usage, "prompt_tokens_details", "cache_write_tokens"),
        reasoning=documents.number_at(usage, "completion_tokens_details", "reasoning_tokens"),
    )


def _write_tokens(tokens: Tokens) -> Value:
    return {
        "prompt_tokens": tokens.input,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.total,
        "prompt_tokens_details": {
            "cached_tokens": tokens.cache_read,
            "cache_write_tokens": tokens.cache_write,
        },
        "completion_tokens_details": {"reasoning_tokens": tokens.reasoning},
    }
