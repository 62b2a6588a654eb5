"""Asked: what a call asks, in the form in which two ways of telling it are compared.

One conversation is told in many forms: with a system message or an instruction, with a tool's
result as a message of its own or as part of the user's, with ids or without. What counts is who
says what, in which order; ids, empty parts and thoughts do not, nor do the model and its
parameters, which a tracing library may leave out.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from agenttrace.model.message import Other, Text, ToolCall, ToolResult
from agenttrace.model.values import Value, comparable

if TYPE_CHECKING:
    from agenttrace.model.message import Message, ModelRequest

UNKNOWN: Value = "(not in the trace)"
"""What was asked, where nobody wrote it down."""

_SYSTEM = ("system", "developer")
_ONE_ARGUMENT = ("args", "input")
"""Under these names a tracing library tells arguments whose own names it does not know."""


def asked_of(kind: str, body: Value, request: ModelRequest | None) -> Value:
    """What a call asks; `UNKNOWN` where the trace does not say."""
    if kind == "llm":
        return UNKNOWN if request is None else conversation(request)
    return UNKNOWN if body is None else comparable(body)


def agree(recorded: Value, asked: Value) -> bool:
    """Whether a recorded call asked what this one asks."""
    if recorded == asked:
        return True
    if not isinstance(recorded, dict) or not isinstance(asked, dict) or len(recorded) != 1:
        return False
    (name, given), values = next(iter(recorded.items())), list(asked.values())
    if name not in _ONE_ARGUMENT or name in asked:
        return False
    return given in (values, values[0] if len(values) == 1 else values)


def conversation(request: ModelRequest) -> Value:
    """A conversation as a list of who says what, neighbours of one role joined."""
    found: list[Value] = []
    for message in request.messages:
        role, parts = _role(message), _parts(message)
        if not parts:
            continue
        last = found[-1] if found else None
        if isinstance(last, list) and last[0] == role and isinstance(last[1], list):
            found[-1] = [role, _joined([*last[1], *parts])]
        else:
            found.append([role, parts])
    return comparable(found)


def _role(message: Message) -> str:
    if message.parts and all(isinstance(part, ToolResult) for part in message.parts):
        return "tool"
    return "system" if message.role in _SYSTEM else message.role


def _parts(message: Message) -> list[Value]:
    found: list[Value] = []
    for part in message.parts:
        match part:
            case Text(content=content) if content:
                found.append(content)
            case ToolCall(name=name, arguments=arguments):
                found.append(["calls", name, json_in(arguments)])
            case ToolResult(content=content):
                found.append(["result", _worded(content)])
            case Other(type=kind, content=content):
                found.append(["part", kind, content])
    return _joined(found)


def _joined(parts: list[Value]) -> list[Value]:
    """Texts beside each other are one text."""
    found: list[Value] = []
    for part in parts:
        if isinstance(part, str) and found and isinstance(found[-1], str):
            found[-1] = f"{found[-1]}\n{part}"
        else:
            found.append(part)
    return found


def _worded(content: Value) -> Value:
    """A tool's result; one that is told as a list of texts is the text."""
    if isinstance(content, list) and all(
        isinstance(one, dict) and "text" in one for one in content
    ):
        return "\n".join(str(one["text"]) for one in content if isinstance(one, dict))
    return json_in(content) if isinstance(content, str) else content


def json_in(text: str) -> Value:
    """What a text says as JSON; the text itself where it is none."""
    try:
        found: Value = json.loads(text)
    except ValueError:
        return text
    return found
