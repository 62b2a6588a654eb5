"""Said: messages as frameworks write them into attributes and logs, understood as one form.

OpenTelemetry's parts, the chat messages of OpenAI's and Anthropic's SDKs, and any-agent's short
form of tool calls are told apart by their keys.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from agenttrace.formats.documents import parsed
from agenttrace.model.message import Message, Other, Part, Text, ToolCall, ToolResult
from agenttrace.model.message_values import message_from

if TYPE_CHECKING:
    from agenttrace.model.values import Value


def messages_in(value: Value, role: str = "") -> tuple[Message, ...]:
    """Understand a conversation, as a list or as the text of one.

    Args:
        value: What stands in the attribute or the log.
        role: Who says what has no role.
    """
    known = parsed(value)
    if isinstance(known, str):
        return (Message(role=role, parts=(Text(content=known),)),) if role and known else ()
    listed = known if isinstance(known, list) else [known] if isinstance(known, dict) else []
    if listed and all(isinstance(one, dict) and "tool.name" in one for one in listed):
        return (Message(role=role, parts=tuple(map(_short_call, listed))),)
    found = [message_in(one) for one in listed if isinstance(one, dict) and "role" in one]
    if not found and role and listed:
        return (Message(role=role, parts=(Text(content=json.dumps(known, default=repr)),)),)
    return tuple(found)


def message_in(value: dict[str, Value]) -> Message:
    """Understand one message."""
    if "parts" in value:
        return message_from(value)
    role = str(value.get("role") or "")
    name = value.get("name")
    content = value.get("content")
    if role == "tool":
        result = ToolResult(content=parsed(content), id=str(value.get("tool_call_id") or ""))
        return Message(role=role, parts=(result,), name=str(name or ""))
    calls = value.get("tool_calls")
    parts = [*_content(content), *map(_call, calls if isinstance(calls, list) else [])]
    return Message(role=role, parts=tuple(parts), name=str(name or ""))


def _content(content: Value) -> list[Part]:
    if content is None or content == "":
        return []
    if isinstance(content, str):
        return [Text(content=content)]
    blocks = content if isinstance(content, list) else [content]
    return [_block(one) for one in blocks]


def _block(block: Value) -> Part:
    if isinstance(block, str):
        return Text(content=block)
    if not isinstance(block, dict):
        return Other(type="", content=block)
    said = block.get("text")
    if isinstance(said, str):
        return Text(content=said)
    if block.get("type") == "tool_use":
        given = json.dumps(block.get("input"), default=repr)
        return ToolCall(name=str(block.get("name")), arguments=given, id=str(block.get("id") or ""))
    if block.get("type") == "tool_result":
        return ToolResult(content=block.get("content"), id=str(block.get("tool_use_id") or ""))
    return Other(type=str(block.get("type") or ""), content=block)


def _call(call: Value) -> Part:
    if not isinstance(call, dict):
        return Other(type="tool_call", content=call)
    inner = call.get("function")
    function = inner if isinstance(inner, dict) else call
    said = function.get("arguments")
    arguments = said if isinstance(said, str) else json.dumps(said, default=repr)
    name = function.get("name") or (inner if isinstance(inner, str) else "")  # Inspect's is a text
    return ToolCall(name=str(name or ""), arguments=arguments, id=str(call.get("id") or ""))


def _short_call(call: Value) -> Part:
    """any-agent's: `{"tool.name": …, "tool.args": …}`."""
    known = call if isinstance(call, dict) else {}
    return ToolCall(name=str(known.get("tool.name")), arguments=str(known.get("tool.args") or ""))
