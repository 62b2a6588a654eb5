"""The blocks of one Converse message, as JSON values and as parts; requests and answers share it.

A block is named by its only key. One that we have no word for (an image, a cache point) is an
`Other` that holds the whole block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.model.message import Message, Other, Part, Reasoning, Text, ToolCall, ToolResult
from agenttrace.providers.documents import arguments_of, at, input_of, objects, text_at

if TYPE_CHECKING:
    from agenttrace.model.values import Value


def read(role: str, content: Value) -> Message:
    """Understand one message; one that holds nothing but tool results is the tools'."""
    parts = tuple(_read(block) for block in objects(content))
    is_tools = bool(parts) and all(isinstance(part, ToolResult) for part in parts)
    return Message(role="tool" if is_tools else role, parts=parts)


def write(message: Message, response_id: str) -> list[Value]:
    """Say the content of one message; with a response's id, every call has one."""
    return [
        _write(part, f"tooluse_{response_id}_{nth}" if response_id else "")
        for nth, part in enumerate(message.parts)
    ]


def _read(block: dict[str, Value]) -> Part:
    if isinstance(block.get("text"), str):
        return Text(content=text_at(block, "text"))
    thought = at(block, "reasoningContent", "reasoningText")
    if isinstance(thought, dict):
        return Reasoning(content=text_at(thought, "text"), signature=text_at(thought, "signature"))
    call, result = block.get("toolUse"), block.get("toolResult")
    if isinstance(call, dict) and "type" not in call:  # one of the server's own has a type
        return ToolCall(
            name=text_at(call, "name"),
            arguments=arguments_of(call.get("input")),
            id=text_at(call, "toolUseId"),
        )
    if isinstance(result, dict):
        return ToolResult(
            content=result.get("content"),
            id=text_at(result, "toolUseId"),
            is_error=result.get("status") == "error",
        )
    return Other(type=next(iter(block), ""), content=block)


def _write(part: Part, call_id: str) -> Value:
    if isinstance(part, Text):
        return {"text": part.content}
    if isinstance(part, Reasoning):
        sealed: dict[str, Value] = {"signature": part.signature} if part.signature else {}
        return {"reasoningContent": {"reasoningText": {"text": part.content, **sealed}}}
    if isinstance(part, ToolCall):
        ident, given = part.id or call_id, input_of(part.arguments)
        return {"toolUse": {"toolUseId": ident, "name": part.name, "input": given}}
    if isinstance(part, ToolResult):
        said = part.content if isinstance(part.content, list) else [_told(part.content)]
        failed: dict[str, Value] = {"status": "error"} if part.is_error else {}
        return {"toolResult": {"toolUseId": part.id, "content": said, **failed}}
    return part.content


def _told(content: Value) -> Value:
    return {"text": content} if isinstance(content, str) else {"json": content}
