"""The items of a Responses conversation, as JSON values and as messages; both ways use them.

Items that follow each other and are the model's (thoughts, words, calls) are one message. An item
that we have no word for (a call of an MCP server, a web search) is an `Other` that holds it whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.model.message import Message, Other, Part, Reasoning, Text, ToolCall, ToolResult
from agenttrace.providers.documents import at, objects, text_at
from agenttrace.providers.provider import to_json

if TYPE_CHECKING:
    from agenttrace.model.values import Value

_ANNOTATIONS = "annotations"
_WORDS = ("input_text", "output_text", "text")
_OUTPUT = "function_call_output"


def read(said: Value) -> tuple[Message, ...]:
    """Understand the input of a request: words alone, or a list of items."""
    if isinstance(said, str):
        return (Message(role="user", parts=(Text(content=said),)),)
    messages: list[Message] = []
    for item in objects(said):
        role, parts = _role(item), tuple(_read(item))
        if role == "assistant" and messages and messages[-1].role == role:
            messages[-1] = Message(role=role, parts=(*messages[-1].parts, *parts))
        else:
            messages.append(Message(role=role, parts=parts))
    return tuple(messages)


def joined(output: Value) -> Message:
    """Understand the output of an answer: one message."""
    parts = tuple(part for item in objects(output) for part in _read(item))
    return Message(role="assistant", parts=parts)


def write(message: Message) -> list[Value]:
    """Say one message of a request."""
    return _items(message, "", given=True)


def write_answer(message: Message, response_id: str) -> list[Value]:
    """Say the output of an answer: every item and every call has an id."""
    return _items(message, response_id, given=False) if message.parts else []


# -- reading ------------------------------------------------------------------------------------
def _role(item: dict[str, Value]) -> str:
    kind = text_at(item, "type")
    if role := text_at(item, "role"):
        return role
    return "tool" if kind.endswith("_output") else "assistant"


def _read(item: dict[str, Value]) -> list[Part]:
    kind = text_at(item, "type")
    if kind in ("", "message"):
        content = item.get("content")
        if isinstance(content, str):
            return [Text(content=content)]
        return [part for one in objects(content) for part in _words(one)]
    if kind == "function_call":
        call = ToolCall(
            name=text_at(item, "name"),
            arguments=text_at(item, "arguments"),
            id=text_at(item, "call_id"),
        )
        return [call]
    if kind == _OUTPUT:
        return [ToolResult(content=item.get("output"), id=text_at(item, "call_id"))]
    if kind == "reasoning":
        thoughts = objects(item.get("content")) or objects(item.get("summary"))
        text = "\n\n".join(text_at(one, "text") for one in thoughts)
        return [Reasoning(content=text, signature=text_at(item, "encrypted_content"))]
    return [Other(type=kind, content=item)]


def _words(part: dict[str, Value]) -> list[Part]:
    kind = text_at(part, "type")
    if kind in _WORDS and isinstance(part.get("text"), str):
        noted = part.get(_ANNOTATIONS)
        found: list[Part] = [Text(content=text_at(part, "text"))]
        return [*found, Other(type=_ANNOTATIONS, content=noted)] if noted else found
    if kind == "refusal":
        return [Text(content=text_at(part, "refusal"), refusal=True)]
    return [Other(type=kind, content=part)]


# -- writing ------------------------------------------------------------------------------------
def _items(message: Message, response_id: str, *, given: bool) -> list[Value]:
    items: list[Value] = []
    spoken: list[Value] = []
    for part in message.parts:
        if _is_word(part):
            if not spoken:
                items.append(_message(message.role, f"{response_id}_{len(items)}", spoken, given))
            _speak(spoken, part, message.role)
        else:
            spoken = []
            items.append(_item(part, f"{response_id}_{len(items)}", given=given))
    return items or [{"role": message.role, "content": []}]


def _message(role: str, ident: str, content: list[Value], given: bool) -> Value:  # noqa: FBT001 - the caller's own flag
    if given:
        return {"type": "message", "role": role, "content": content}
    return {
        "type": "message",
        "id": f"msg_{ident}",
        "status": "completed",
        "role": role,
        "content": content,
    }


def _is_word(part: Part) -> bool:
    """Whether a part stands inside a message; other parts are items of their own."""
    if isinstance(part, Other):
        return part.type == _ANNOTATIONS or part.type.startswith("input_")
    return isinstance(part, Text)


def _speak(spoken: list[Value], part: Part, role: str) -> None:
    if isinstance(part, Other):
        last = spoken[-1] if spoken else None
        if part.type == _ANNOTATIONS and isinstance(last, dict):
            last[_ANNOTATIONS] = part.content
        else:
            spoken.append(part.content)
    elif isinstance(part, Text) and part.refusal:
        spoken.append({"type": "refusal", "refusal": part.content})
    elif isinstance(part, Text):
        if role == "assistant":
            spoken.append({"type": "output_text", "text": part.content, _ANNOTATIONS: []})
        else:
            spoken.append({"type": "input_text", "text": part.content})


def _item(part: Part, ident: str, *, given: bool) -> Value:
    done: dict[str, Value] = {} if given else {"status": "completed"}
    if isinstance(part, ToolCall):
        own: dict[str, Value] = {} if given else {"id": f"fc_{ident}"}
        return {
            "type": "function_call",
            **own,
            "call_id": part.id or f"call_{ident}",
            "name": part.name,
            "arguments": part.arguments,
            **done,
        }
    if isinstance(part, ToolResult):
        said = part.content
        output = said if isinstance(said, str | list) else to_json(said)
        return {"type": _OUTPUT, "call_id": part.id, "output": output}
    if isinstance(part, Reasoning):
        summary: list[Value] = (
            [{"type": "summary_text", "text": part.content}] if part.content else []
        )
        sealed: dict[str, Value] = {"encrypted_content": part.signature} if part.signature else {}
        return {"type": "reasoning", "id": f"rs_{ident}", "summary": summary, **sealed}
    return at(part.content) if isinstance(part, Other) else None
