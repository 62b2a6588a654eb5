"""Amazon Bedrock's Converse and ConverseStream, read and written.

The rules are those of the Amazon Bedrock API reference. The model stands in the path, and the
answer does not repeat it; a stream is binary frames. Input tokens on the wire are those that no
cache had; ours include the cached ones, as everywhere.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from agenttrace.model.message import Message, ModelRequest, ModelResponse
from agenttrace.model.usage import Tokens
from agenttrace.providers import bedrock_blocks, bedrock_stream, documents, frames
from agenttrace.providers.documents import number_at, text_at
from agenttrace.providers.provider import BAD, FRAMES, JSON, is_stream, status_in, titled, to_json

if TYPE_CHECKING:
    from agenttrace.model.call import Answer
    from agenttrace.model.values import Value

_VERBS = ("converse", "converse-stream")
_NOT_EXTRA = ("error", "message", "metrics", "output", "stopReason", "usage")
_TO_WIRE = {
    "stop": "end_turn",
    "tool_call": "tool_use",
    "length": "max_tokens",
    "content_filter": "content_filtered",
}
_FROM_WIRE = {wire: ours for ours, wire in _TO_WIRE.items()}


class BedrockConverse:
    """The language of `POST /model/MODEL/converse`."""

    name = "bedrock-converse"
    vendor = "aws.bedrock"

    def speaks(self, method: str, path: str, body: Value) -> bool:
        """Whether it is a turn of a conversation, whole or streamed."""
        before, _, verb = path.rpartition("/")
        asks = method == "POST" and verb in _VERBS and "/model/" in before
        return asks and isinstance(body, dict)

    def operation(self, path: str, body: Value) -> str:
        """Always `chat`."""
        return "chat"

    def title(self, body: Value, path: str = "") -> str:
        """`chat` and the model that the path names."""
        return titled(_model_in(path))

    def path(self, request: ModelRequest) -> str:
        """The model, and whether the answer is to come as a stream."""
        verb = _VERBS[1] if request.stream else _VERBS[0]
        return f"/model/{quote(request.model, safe='')}/{verb}"

    def counts(self, request: ModelRequest) -> bool:
        """Every answer says what it used."""
        return True

    def read_request(self, body: Value, path: str = "") -> ModelRequest:
        """Understand a request; the system prompt is its first message."""
        fields = dict(body) if isinstance(body, dict) else {}
        system, messages = fields.pop("system", None), fields.pop("messages", None)
        config = fields.pop("toolConfig", None)
        tools = documents.at(config, "tools")
        if isinstance(config, dict):
            left = {key: value for key, value in config.items() if key != "tools"}
            fields |= {"toolConfig": left} if left else {}
        said = [bedrock_blocks.read("system", system)] if isinstance(system, list) else []
        return ModelRequest(
            model=_model_in(path),
            messages=(
                *said,
                *(
                    bedrock_blocks.read(text_at(one, "role") or "user", one.get("content"))
                    for one in documents.objects(messages)
                ),
            ),
            tools=tuple(tools) if isinstance(tools, list) else (),
            parameters=fields,
            stream=path.endswith(f"/{_VERBS[1]}"),
        )

    def write_request(self, request: ModelRequest) -> Value:
        """Say a request; a system message that comes first is the system prompt."""
        messages = list(request.messages)
        body: dict[str, Value] = dict(request.parameters)
        if messages and messages[0].role == "system":
            body["system"] = bedrock_blocks.write(messages.pop(0), "")
        body["messages"] = [
            {
                "role": "user" if message.role == "tool" else message.role,
                "content": bedrock_blocks.write(message, ""),
            }
            for message in messages
        ]
        if request.tools:
            left = body.get("toolConfig")
            given: Value = list(request.tools)
            body["toolConfig"] = {**(left if isinstance(left, dict) else {}), "tools": given}
        return body

    def read_response(self, answer: Answer) -> ModelResponse:
        """Understand an answer; a cut stream gives what came before the cut."""
        if is_stream(answer) and status_in(answer) < BAD:
            document = bedrock_stream.joined(frames.read(it) for it in frames.split(answer.body))
        else:
            document = _with_error(documents.parsed(answer.body), answer)
        return documents.understood(document, answer, _response)

    def write_response(self, response: ModelResponse) -> bytes:
        """Say a whole answer, or an error."""
        if response.error:
            said = {**documents.beside(response), "message": response.error}
            kind = response.extra.get("type")
            return to_json({**said, "__type": kind} if kind is not None else said).encode()
        return to_json(_document(response)).encode()

    def write_stream(self, response: ModelResponse) -> tuple[bytes, ...]:
        """Say an answer frame by frame; usage comes last."""
        return tuple(
            frames.write(name, event) for name, event in bedrock_stream.events(_document(response))
        )

    def headers(self, *, stream: bool) -> dict[str, str]:
        """The content type."""
        return {"content-type": FRAMES if stream else JSON}

    def is_last(self, chunk: bytes) -> bool:
        """Whether this is `metadata`, or an exception, after which nothing comes."""
        headers, _ = frames.read(chunk)
        return headers.get(":event-type") == "metadata" or ":exception-type" in headers


def _model_in(path: str) -> str:
    return unquote(path.rpartition("/")[0].rpartition("/model/")[2])


def _with_error(document: dict[str, Any], answer: Answer) -> dict[str, Any]:
    """Say an error in the common form: on this wire it is `{"message": …}`, and the status."""
    if status_in(answer) < BAD:
        return document
    said = document.get("message", document.get("Message"))
    if not isinstance(said, str):
        return document
    left = {key: value for key, value in document.items() if key not in ("__type", "Message")}
    return {**left, "error": {"message": said, "type": document.get("__type")}}


def _document(response: ModelResponse) -> dict[str, Value]:
    message = response.messages[0] if response.messages else Message(role="assistant")
    tokens = response.tokens
    used: dict[str, Value] = {} if tokens is None else {"usage": _write_tokens(tokens)}
    return {
        **response.extra,
        "output": {
            "message": {
                "role": message.role,
                "content": bedrock_blocks.write(message, response.id or "unknown"),
            }
        },
        "stopReason": _TO_WIRE.get(message.finish_reason, message.finish_reason),
        **used,
        "metrics": {"latencyMs": 0},
    }


def _response(document: dict[str, Value]) -> ModelResponse:
    said, reason = documents.at(document, "output", "message"), text_at(document, "stopReason")
    messages: tuple[Message, ...] = ()
    if isinstance(said, dict) and not document.get("error"):
        role = text_at(said, "role") or "assistant"
        message = bedrock_blocks.read(role, said.get("content"))
        messages = (replace(message, finish_reason=_FROM_WIRE.get(reason, reason)),)
    return ModelResponse(
        model="",
        messages=messages,
        tokens=_read_tokens(document.get("usage")),
        extra=documents.without(document, _NOT_EXTRA),
    )


# -- tokens -------------------------------------------------------------------------------------
def _read_tokens(usage: Value) -> Tokens | None:
    if not isinstance(usage, dict):
        return None
    read, written = (
        number_at(usage, "cacheReadInputTokens"),
        number_at(usage, "cacheWriteInputTokens"),
    )
    return Tokens(
        input=number_at(usage, "inputTokens") + read + written,
        output=number_at(usage, "outputTokens"),
        cache_read=read,
        cache_write=written,
    )


def _write_tokens(tokens: Tokens) -> Value:
    return {
        "inputTokens": tokens.input - tokens.cache_read - tokens.cache_write,
        "outputTokens": tokens.output,
        "totalTokens": tokens.total,
        "cacheReadInputTokens": tokens.cache_read,
        "cacheWriteInputTokens": tokens.cache_write,
    }
