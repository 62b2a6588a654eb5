"""One message of Chat Completions, as JSON value and as `Message`; requests and answers share it.

On the wire the parts have fixed places, so they are read in one order: reasoning, content, refusal,
tool calls, then fields that we have no word for (`annotations`, `audio`), each an `Other`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from agenttrace.model.message import Message, Other, Part, Reasoning, Text, ToolCall, ToolResult
from agenttrace.providers.provider import to_json

if TYPE_CHECKING:
    from agenttrace.model.values import Value

_KNOWN = frozenset(
    {"content", "function_call", "name", "refusal", "role", "tool_call_id", "tool_calls"}
)
_REASONING = ("reasoning_content", "reasoning")
_LEGACY = "function_call"
_TO_WIRE = {"tool_call": "tool_calls"}
_FROM_WIRE = {wire: ours for ours, wire in _TO_WIRE.items()}


def read(wire: dict[str, Value]) -> Message:
    """Understand one message."""
    role, name = wire.get("role"), wire.get("name")
    role, name = (
        role if isinstance(role, str) else "assistant",
        name if isinstance(name, str) else "",
    )
    if role in ("tool", "function"):
        ident = wire.get("tool_call_id")
        result = ToolResult(content=wire.get("content"), id=ident if isinstance(ident, str) else "")
        return Message(role=role, parts=(result,), name=name)
    reason = _LEGACY if isinstance(wire.get(_LEGACY), dict) else ""
    parts = (*_thoughts(wire), *_content(wire), *_calls(wire), *_others(wire))
    return Message(role=role, parts=parts, name=name, finish_reason=reason)


def write(message: Message) -> list[Value]:
    """Say one message of a request; each tool result is a message of its own."""
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    said: list[Value] = [_write_result(message, result) for result in results]
    if len(results) < len(message.parts) or not results:
        said.append(_write_fields(message, joined=False))
    return said


def write_answer(message: Message, response_id: str) -> dict[str, Value]:
    """Say one message of an answer: its words are one text, and every call has an id."""
    calls = itertools.count()
    if not _is_legacy(message):
        parts = (_with_id(part, response_id, calls) for part in message.parts)
        message = replace(message, parts=tuple(parts))
    return _write_fields(message, joined=True)


def finish_reason(message: Message) -> Value:
    """The wire's word for why the model stopped; `null` where nobody said."""
    return _TO_WIRE.get(message.finish_reason, message.finish_reason) or None


def finished(message: Message, reason: str) -> Message:
    """Add why the model stopped, in our words."""
    return replace(message, finish_reason=_FROM_WIRE.get(reason, reason) or message.finish_reason)


# -- reading ------------------------------------------------------------------------------------
def _thoughts(wire: dict[str, Value]) -> list[Part]:
    said = (wire.get(key) for key in _REASONING)
    found = next((text for text in said if isinstance(text, str)), None)
    return [] if found is None else [Reasoning(content=found)]


def _content(wire: dict[str, Value]) -> list[Part]:
    content, refusal = wire.get("content"), wire.get("refusal")
    parts: list[Part] = []
    if isinstance(content, str):
        parts.append(Text(content=content))
    elif isinstance(content, list):
        parts.extend(_part(part) for part in content)
    elif content is not None:
        parts.append(Other(type="content", content=content))
    if isinstance(refusal, str):
        parts.append(Text(content=refusal, refusal=True))
    return parts


def _part(part: Value) -> Part:
    if isinstance(part, str):
        return Text(content=part)
    kind = part.get("type") if isinstance(part, dict) else None
    if isinstance(part, dict) and kind in ("text", "refusal"):
        words = part.get(str(kind))
        if isinstance(words, str):
            return Text(content=words, refusal=kind == "refusal")
    return Other(type=kind if isinstance(kind, str) else "", content=part)


def _calls(wire: dict[str, Value]) -> list[Part]:
    calls = wire.get("tool_calls")
    found: list[Part] = (
        [_call(call) for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    )
    legacy = wire.get(_LEGACY)
    return [*found, _call({"function": legacy})] if isinstance(legacy, dict) else found


def _call(call: dict[str, Value]) -> ToolCall:
    function = call.get("function", call.get("custom"))
    fields = function if isinstance(function, dict) else {}
    arguments, ident = fields.get("arguments", fields.get("input")), call.get("id")
    return ToolCall(
        name=str(fields.get("name") or ""),
        arguments=arguments
        if isinstance(arguments, str)
        else ""
        if arguments is None
        else to_json(arguments),
        id=ident if isinstance(ident, str) else "",
    )


def _others(wire: dict[str, Value]) -> list[Part]:
    known = {*_KNOWN, *_REASONING}
    return [
        Other(type=key, content=wire[key])
        for key in sorted(wire)
        if key not in known and wire[key] not in (None, [])
    ]


# -- writing ------------------------------------------------------------------------------------
def _write_result(message: Message, result: ToolResult) -> Value:
    content = (
        result.content if isinstance(result.content, str | list | None) else to_json(result.content)
    )
    if message.role == "function":
        return {"role": "function", "name": message.name, "content": content}
    named: dict[str, Value] = {"name": message.name} if message.name else {}
    return {"role": "tool", "tool_call_id": result.id, "content": content, **named}


def _write_fields(message: Message, *, joined: bool) -> dict[str, Value]:
    words = [part for part in message.parts if _is_content(part)]
    fields: dict[str, Value] = {"role": message.role}
    last = words[-1] if words else None
    if isinstance(last, Text) and last.refusal:
        fields["refusal"] = last.content
        words.pop()
    fields["content"] = _write_content(words, joined=joined)
    if message.name:
        fields["name"] = message.name
    thoughts = [part.content for part in message.parts if isinstance(part, Reasoning)]
    if thoughts:
        fields["reasoning_content"] = "".join(thoughts)
    fields |= {
        part.type: part.content
        for part in message.parts
        if isinstance(part, Other) and not _is_content(part)
    }
    calls = message.tool_calls
    if _is_legacy(message):
        fields[_LEGACY] = {"name": calls[0].name, "arguments": calls[0].arguments}
    elif calls:
        fields["tool_calls"] = [_write_call(call) for call in calls]
    return fields


def _write_content(words: list[Part], *, joined: bool) -> Value:
    plain = [part.content for part in words if isinstance(part, Text) and not part.refusal]
    if len(plain) < len(words) or (len(plain) > 1 and not joined):
        return [_write_part(part) for part in words]
    return "".join(plain) if plain else None


def _write_part(part: Part) -> Value:
    if isinstance(part, Text):
        kind = "refusal" if part.refusal else "text"
        return {"type": kind, kind: part.content}
    return part.content if isinstance(part, Other) else None


def _write_call(call: ToolCall) -> Value:
    function: Value = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _with_id(part: Part, response_id: str, calls: Iterator[int]) -> Part:
    if not isinstance(part, ToolCall):
        return part
    index = next(calls)
    return part if part.id else replace(part, id=f"call_{response_id}_{index}".replace("__", "_"))


def _is_content(part: Part) -> bool:
    """Whether a part stands in the content; an `Other` does if it names its own type."""
    if isinstance(part, Other):
        return isinstance(part.content, dict) and part.content.get("type") == part.type
    return isinstance(part, Text)


def _is_legacy(message: Message) -> bool:
    return message.finish_reason == _LEGACY and len(message.tool_calls) == 1
