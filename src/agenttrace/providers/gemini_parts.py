"""The parts of one content of Gemini's, as JSON values and as ours; requests and answers share it.

A seal (`thoughtSignature`) on a part that is no thought is an empty `Reasoning` before it: so it
goes back to the model with the part that it belongs to. Tool results are known by the call's id,
or by its name where there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agenttrace.model.message import Message, Other, Part, Reasoning, Text, ToolCall, ToolResult
from agenttrace.providers.documents import arguments_of, at, input_of, objects, text_at, words_of

if TYPE_CHECKING:
    from agenttrace.model.values import Value

_FROM_WIRE = {"model": "assistant", "function": "tool"}
_SEAL, _SEAL_SNAKE = "thoughtSignature", "thought_signature"
_MARKS = frozenset({"thought", _SEAL, _SEAL_SNAKE})


def role_of(message: Message) -> str:
    """The wire's word for who speaks: the model, or the other side."""
    return "model" if message.role == "assistant" else "user"


def read(content: Value) -> Message:
    """Understand one content; one that holds nothing but tool results is the tools'."""
    if not isinstance(content, dict):
        words = (Text(content=content),) if isinstance(content, str) else ()
        return Message(role="user", parts=words)
    role = text_at(content, "role") or "user"
    said = content.get("parts")
    found = objects(said if isinstance(said, list) else [said])
    parts = tuple(part for wire in found for part in _read(wire))
    is_tools = bool(parts) and all(isinstance(part, ToolResult) for part in parts)
    return Message(role="tool" if is_tools else _FROM_WIRE.get(role, role), parts=parts)


def write(message: Message, tools: Mapping[str, str]) -> Value:
    """Say one content; `tools` gives the name of a tool by the id of its call."""
    parts: list[Value] = []
    seal = ""
    for nth, part in enumerate(message.parts):
        if _is_seal(part, message.parts[nth + 1 :]):
            seal = part.signature if isinstance(part, Reasoning) else ""
            continue
        wire = _write(part, tools)
        parts.append({**wire, _SEAL: seal} if seal else wire)
        seal = ""
    return {"role": role_of(message), "parts": parts}


def pieces(message: Message) -> list[Value]:
    """Cut one content into contents that each hold one part, or some words of one."""
    said = at(write(message, {}), "parts")
    found: list[Value] = []
    for part in objects(said):
        text = part.get("text")
        words = words_of(text) if isinstance(text, str) else []
        cut: list[dict[str, Value]] = [{**part, "text": word} for word in words] or [part]
        for one in cut[:-1]:
            one.pop(_SEAL, None)  # the seal comes with the last word
        found += [{"role": role_of(message), "parts": [one]} for one in cut]
    return found


def add(whole: dict[str, Any], content: dict[str, Any]) -> None:
    """Add a piece of a stream to the content so far; words that follow words are one text."""
    whole |= {key: value for key, value in content.items() if key != "parts"}
    parts: list[dict[str, Any]] = whole["parts"]
    for part in objects(content.get("parts")):
        if parts and _goes_on(parts[-1], part):
            parts[-1] |= {**part, "text": parts[-1]["text"] + part["text"]}
        else:
            parts.append(dict(part))


def _goes_on(last: dict[str, Any], part: dict[str, Any]) -> bool:
    both = isinstance(last.get("text"), str) and isinstance(part.get("text"), str)
    same = bool(last.get("thought")) == bool(part.get("thought"))
    return both and same and not _seal_of(last)


def _seal_of(wire: dict[str, Value]) -> str:
    return text_at(wire, _SEAL) or text_at(wire, _SEAL_SNAKE)


def _read(wire: dict[str, Value]) -> list[Part]:
    seal, thought = _seal_of(wire), wire.get("thought") is True
    text = wire.get("text")
    if isinstance(text, str) and thought:
        return [Reasoning(content=text, signature=seal)]
    sealed: list[Part] = [Reasoning(content="", signature=seal)] if seal else []
    if isinstance(text, str):
        return [*sealed, Text(content=text)]
    call = wire.get("functionCall", wire.get("function_call"))
    if isinstance(call, dict):
        name, given = text_at(call, "name"), arguments_of(call.get("args"))
        return [*sealed, ToolCall(name=name, arguments=given, id=text_at(call, "id"))]
    said = wire.get("functionResponse", wire.get("function_response"))
    if isinstance(said, dict):
        ident = text_at(said, "id") or text_at(said, "name")
        return [*sealed, ToolResult(content=said.get("response"), id=ident)]
    bare: Value = {key: value for key, value in wire.items() if key not in _MARKS}
    kind = next((key for key in wire if key not in _MARKS), "")
    return [*sealed, Other(type=kind, content=bare)]


def _is_seal(part: Part, after: tuple[Part, ...]) -> bool:
    follows = bool(after) and not isinstance(after[0], Reasoning)
    return isinstance(part, Reasoning) and not part.content and bool(part.signature) and follows


def _write(part: Part, tools: Mapping[str, str]) -> dict[str, Value]:
    if isinstance(part, Text):
        return {"text": part.content}
    if isinstance(part, Reasoning):
        seal: dict[str, Value] = {_SEAL: part.signature} if part.signature else {}
        return {"text": part.content, "thought": True, **seal}
    if isinstance(part, ToolCall):
        ident: dict[str, Value] = {"id": part.id} if part.id else {}
        return {"functionCall": {**ident, "name": part.name, "args": input_of(part.arguments)}}
    if isinstance(part, ToolResult):
        content = part.content
        said: Value = content if isinstance(content, dict) else {"output": content}
        name = tools.get(part.id, part.id)
        return {"functionResponse": {"id": part.id, "name": name, "response": said}}
    return dict(part.content) if isinstance(part.content, dict) else {}
