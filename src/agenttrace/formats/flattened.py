"""Flattened: OpenInference's messages, one attribute a leaf, put together again.

`llm.input_messages.0.message.tool_calls.1.tool_call.function.name` and its like; places count from
zero (OpenInference semantic conventions).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agenttrace.model.message import Message, Other, Part, Text, ToolCall, ToolResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenttrace.model.values import Value

_MOST = 10_000
"""How many messages are put together."""

_PLACE = re.compile(r"(\d{1,6})\.(.+)", re.DOTALL)


def flattened_messages(attributes: Mapping[str, Value], prefix: str) -> tuple[Message, ...]:
    """The messages whose leaves stand under a prefix."""
    found = places(attributes, f"{prefix}.")
    return tuple(_message(found[place]) for place in sorted(found)[:_MOST])


def _message(leaves: Mapping[str, Value]) -> Message:
    inner = {key.removeprefix("message."): value for key, value in leaves.items()}
    role = str(inner.get("role") or "")
    parts: list[Part] = []
    content = inner.get("content")
    if role == "tool":
        parts.append(ToolResult(content=content, id=str(inner.get("tool_call_id") or "")))
    elif isinstance(content, str) and content:
        parts.append(Text(content=content))
    parts += [_content(one) for _, one in sorted(places(inner, "contents.").items())]
    parts += [_call(one) for _, one in sorted(places(inner, "tool_calls.").items())]
    legacy = inner.get("function_call_name")
    if isinstance(legacy, str):
        given = inner.get("function_call_arguments_json")
        parts.append(ToolCall(name=legacy, arguments=str(given or "")))
    return Message(role=role, parts=tuple(parts), name=str(inner.get("name") or ""))


def _content(leaves: Mapping[str, Value]) -> Part:
    inner = {key.removeprefix("message_content."): value for key, value in leaves.items()}
    said = inner.get("text")
    if isinstance(said, str):
        return Text(content=said)
    return Other(type=str(inner.get("type") or ""), content=dict(inner))


def _call(leaves: Mapping[str, Value]) -> Part:
    inner = {key.removeprefix("tool_call."): value for key, value in leaves.items()}
    return ToolCall(
        name=str(inner.get("function.name") or ""),
        arguments=str(inner.get("function.arguments") or ""),
        id=str(inner.get("id") or ""),
    )


def places(attributes: Mapping[str, Value], prefix: str) -> dict[int, dict[str, Value]]:
    """The leaves under a prefix, by the number that follows it."""
    found: dict[int, dict[str, Value]] = {}
    for key, value in attributes.items():
        place = _PLACE.fullmatch(key[len(prefix) :]) if key.startswith(prefix) else None
        if place is not None:
            found.setdefault(int(place[1]), {})[place[2]] = value
    return found
