"""OpenAI's Chat Completions, read and written, whole and streamed.

Half the world's servers speak it. The rules are those of the OpenAI API reference, "Chat"; where
other servers differ (reasoning beside the content, repeated ids, errors that are plain text),
reading takes both.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agenttrace.errors import NotCanonical
from agenttrace.model.message import Message, ModelRequest, ModelResponse
from agenttrace.model.usage import Tokens
from agenttrace.model.values import canonical
from agenttrace.providers import openai_message, openai_stream, sse
from agenttrace.providers.provider import BAD, JSON, SSE, is_stream, status_in, to_json

if TYPE_CHECKING:
    from agenttrace.model.call import Answer
    from agenttrace.model.values import Value

_DONE = "[DONE]"
_NOT_EXTRA = frozenset(
    {"choices", "created", "error", "id", "model", "object", "obfuscation", "usage"}
)
_ERROR_FIELDS = ("type", "param", "code")
_ERROR_EXTRA = frozenset({"status", *_ERROR_FIELDS})


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

    def title(self, body: Value) -> str:
        """`chat` and the model that is asked for."""
        model = body.get("model") if isinstance(body, dict) else None
        return f"chat {model}" if isinstance(model, str) and model else "chat"

    def read_request(self, body: Value) -> ModelRequest:
        """Understand a request; what is neither conversation nor tool is a parameter."""
        fields = dict(body) if isinstance(body, dict) else {}
        messages, tools = fields.pop("messages", None), fields.pop("tools", None)
        model, stream = fields.pop("model", None), fields.pop("stream", None)
        return ModelRequest(
            model=model if isinstance(model, str) else "",
            messages=tuple(openai_message.read(one) for one in openai_message.objects(messages)),
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
            document = _parsed(answer.body)
        response = _response(_tidy(document))
        error = _error(document, answer)
        if not error:
            return response
        status = status_in(answer)
        told: dict[str, Value] = {"status": status} if status >= BAD else {}
        details = document.get("error")
        if isinstance(details, dict):
            told |= {key: details[key] for key in _ERROR_FIELDS if details.get(key) is not None}
        return replace(response, error=error, extra={**response.extra, **told})

    def write_response(self, response: ModelResponse) -> bytes:
        """Say a whole answer, or an error."""
        if response.error:
            details = {key: response.extra.get(key) for key in _ERROR_FIELDS}
            beside = {key: it for key, it in response.extra.items() if key not in _ERROR_EXTRA}
            return to_json({**beside, "error": {"message": response.error, **details}}).encode()
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
        messages=tuple(
            _choice(choice) for choice in openai_message.objects(document.get("choices"))
        ),
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


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _tidy(document: dict[str, Any]) -> dict[str, Value]:
    """Make a document canonical; halves of surrogate pairs that stand alone are replaced."""
    try:
        text = json.dumps(document, ensure_ascii=False)
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        tidy = canonical(document if whole == text else json.loads(whole))
    except (NotCanonical, RecursionError):
        return {}
    return tidy if isinstance(tidy, dict) else {}


def _error(document: dict[str, Any], answer: Answer) -> str:
    details = document.get("error")
    if isinstance(details, dict) and isinstance(details.get("message"), str):
        said = str(details["message"])
    else:
        said = (
            details if isinstance(details, str) else to_json(canonical(details)) if details else ""
        )
    if said or answer.end in ("closed", "cancelled", "open"):
        return said
    if answer.failure is not None:
        return f"{answer.failure.type}: {answer.failure.message}"
    if status_in(answer) >= BAD:
        return answer.body.decode("utf-8", "replace").strip() or f"status {status_in(answer)}"
    return "" if document else "the answer is not JSON"


# -- tokens -------------------------------------------------------------------------------------
def _read_tokens(usage: Value) -> Tokens | None:
    if not isinstance(usage, dict):
        return None
    cached = _number(usage, "prompt_tokens_details", "cached_tokens")
    return Tokens(
        input=_number(usage, "prompt_tokens"),
        output=_number(usage, "completion_tokens"),
        cache_read=cached or _number(usage, "prompt_cache_hit_tokens"),  # DeepSeek's name
        cache_write=_number(usage, "prompt_tokens_details", "cache_write_tokens"),
        reasoning=_number(usage, "completion_tokens_details", "reasoning_tokens"),
    )


def _number(value: Value, *path: str) -> int:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, int) else 0


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
