"""The blocks of one Anthropic message, as JSON values and as parts; requests and answers share it.

Blocks that we have no word for (images, the server's own tools and their results, redacted
thinking) are each an `Other` that holds the whole block. Citations follow the words that they
belong to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.model.message import Message, Other, Part, Reasoning, Text, ToolCall, ToolResult
from agenttrace.providers.documents import arguments_of, input_of, text_at

if TYPE_CHECKING:
    from agenttrace.model.values import Value

_CITATIONS = "citations"


def read(role: str, content: Value) -> Message:
    """Understand one message; one that holds nothing but tool results is the tools'."""
    if isinstance(content, str):
        return Message(role=role, parts=(Text(content=content),))
    blocks = content if isinstance(content, list) else []
    parts = tuple(part for block in blocks for part in _read(block))
    is_tools = bool(parts) and all(isinstance(part, ToolResult) for part in parts)
    return Message(role="tool" if is_tools else role, parts=parts)


def write(message: Message) -> Value:
    """Say the content of one message of a request; words alone need no blocks."""
    parts = message.parts
    if len(parts) == 1 and isinstance(parts[0], Text):
        return parts[0].content
    return _blocks(parts, "")


def write_answer(message: Message, response_id: str) -> list[Value]:
    """Say the content of an answer: every call has an id."""
    return _blocks(message.parts, response_id or "unknown")


def _read(block: Value) -> list[Part]:
    if not isinstance(block, dict):
        return [Text(content=block)] if isinstance(block, str) else []
    kind = text_at(block, "type")
    if kind == "text" and isinstance(block.get("text"), str):
        cited = block.get(_CITATIONS)
        found: list[Part] = [Text(content=text_at(block, "text"))]
        return [*found, Other(type=_CITATIONS, content=cited)] if cited else found
    if kind == "thinking":
        signature = text_at(block, "signature")
        return [Reasoning(content=text_at(block, "thinking"), signature=signature)]
    if kind == "tool_use":
        call = ToolCall(
            name=text_at(block, "name"),
            arguments=arguments_of(block.get("input")),
            id=text_at(block, "id"),
        )
        return [call]
    if kind == "tool_result":
        result = ToolResult(
            content=block.get("content"),
            id=text_at(block, "tool_use_id"),
            is_error=block.get("is_error") is True,
        )
        return [result]
    return [Other(type=kind, content=block)]


def _blocks(parts: tuple[Part, ...], response_id: str) -> list[Value]:
    blocks: list[Value] = []
    for part in parts:
        last = blocks[-1] if blocks else None
        if isinstance(part, Other) and part.type == _CITATIONS and isinstance(last, dict):
            last[_CITATIONS] = part.content
            continue
        blocks.append(_write(part, f"toolu_{response_id}_{len(blocks)}" if response_id else ""))
    return blocks


def _write(part: Part, call_id: str) -> Value:
    if isinstance(part, Text):
        return {"type": "text", "text": part.content}
    if isinstance(part, Reasoning):
        return {"type": "thinking", "thinking": part.content, "signature": part.signature}
    if isinstance(part, ToolCall):
        return {
            "type": "tool_use",
            "id": part.id or call_id,
            "name": part.name,
            "input": input_of(part.arguments),
        }
    if isinstance(part, ToolResult):
        failed: dict[str, Value] = {"is_error": True} if part.is_error else {}
        return {
            "type": "tool_result",
            "tool_use_id": part.id,
            "content": part.content,
            **failed,
        }
    return part.content
