"""Messages as plain values, in the form of OpenTelemetry's `gen-ai-input-messages` schema.

Imported traces keep what a model was asked and said in this form, so that everybody who reads
messages reads theirs as well. Reading never raises: what cannot be understood is left out.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agenttrace.errors import NotCanonical
from agenttrace.model.message import (
    Message,
    ModelRequest,
    ModelResponse,
    Other,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
)
from agenttrace.model.values import canonical

if TYPE_CHECKING:
    from agenttrace.model.values import Value


_ASCII = json.JSONEncoder(default=repr)


def messages_from(value: Value) -> tuple[Message, ...]:
    """Understand a list of messages."""
    listed = value if isinstance(value, list) else []
    return tuple(message_from(one) for one in listed if isinstance(one, dict))


def message_from(value: dict[str, Value]) -> Message:
    """Understand a message."""
    parts = value.get("parts")
    return Message(
        role=_text(value.get("role")),
        parts=tuple(_part(one) for one in (parts if isinstance(parts, list) else [])),
        name=_text(value.get("name")),
        finish_reason=_text(value.get("finish_reason")),
    )


def value_of(message: Message) -> dict[str, Value]:
    """Say a message as a value; the inverse of `message_from`."""
    said: dict[str, Value] = {"role": message.role, "parts": [_written(it) for it in message.parts]}
    if message.name:
        said["name"] = message.name
    if message.finish_reason:
        said["finish_reason"] = message.finish_reason
    return said


def request_from(question: dict[str, Value]) -> ModelRequest | None:
    """What an imported model call was asked; None: the question holds no messages."""
    if "messages" not in question:
        return None
    tools = question.get("tools")
    rest = {key: it for key, it in question.items() if key not in ("messages", "model", "tools")}
    return ModelRequest(
        model=_text(question.get("model")),
        messages=messages_from(question["messages"]),
        tools=tuple(tools) if isinstance(tools, list) else (),
        parameters=rest,
    )


def response_from(body: bytes) -> ModelResponse | None:
    """What an imported model call was answered; None: it is nothing that was imported."""
    try:
        bare = json.loads(body)
        if not isinstance(bare, dict) or "messages" not in bare:
            return None
        said = canonical(bare)
    except (ValueError, RecursionError, NotCanonical):
        return None
    if not isinstance(said, dict):
        return None
    return ModelResponse(model=_text(said.get("model")), messages=messages_from(said["messages"]))


def response_body(model: str, messages: tuple[Message, ...]) -> bytes:
    """Say what an imported model call was answered; `response_from` reads it."""
    said = {"model": model, "messages": [value_of(one) for one in messages]}
    return _ASCII.encode(said).encode()


def _part(value: Value) -> Part:
    if not isinstance(value, dict):
        return Other(type="", content=value)
    kind = _text(value.get("type"))
    if kind == "text":
        return Text(content=_text(value.get("content")))
    if kind in ("reasoning", "thinking"):
        return Reasoning(content=_text(value.get("content")))
    if kind == "tool_call":
        said = value.get("arguments")
        arguments = said if isinstance(said, str) else json.dumps(said, default=repr)
        return ToolCall(
            name=_text(value.get("name")), arguments=arguments, id=_text(value.get("id"))
        )
    if kind == "tool_call_response":
        # the schema says `response`; the registry's own example, and pydantic-ai, say `result`
        content = value.get("response", value.get("result"))
        return ToolResult(content=content, id=_text(value.get("id")))
    rest: Any = {key: it for key, it in value.items() if key != "type"}
    return Other(type=kind, content=rest)


def _written(part: Part) -> Value:
    if isinstance(part, Text):
        return {"type": "text", "content": part.content}
    if isinstance(part, Reasoning):
        return {"type": "reasoning", "content": part.content}
    if isinstance(part, ToolCall):
        said: dict[str, Value] = {"type": "tool_call", "name": part.name}
        said["arguments"] = part.arguments
        return {**said, "id": part.id} if part.id else said
    if isinstance(part, ToolResult):
        answer: dict[str, Value] = {"type": "tool_call_response", "response": part.content}
        return {**answer, "id": part.id} if part.id else answer
    content = part.content
    return {"type": part.type, **content} if isinstance(content, dict) else {"type": part.type}


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""
