"""Synthetic: an incident without the words that people and models wrote.

What was asked is forgotten, for it is made of those words; so the calls are known by who makes
them and in which order, and what code does with structure, names and ids is still tested.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agenttrace.model.call import Failure
from agenttrace.model.message import Message, Other, Part, Reasoning, Text, ToolCall
from agenttrace.replay.incident.asked import UNKNOWN
from agenttrace.replay.incident.known import Calls, Known, Result, Said

if TYPE_CHECKING:
    from agenttrace.redact.synthesis import Synthesis


def synthetic(calls: Calls, words: Synthesis) -> Calls:
    """Give the calls of an incident with other words of equal shape."""
    return Calls(trace=calls.trace, all=tuple(_call(one, words) for one in calls.all))


def _call(one: Known, words: Synthesis) -> Known:
    asked = UNKNOWN if one.kind == "llm" else words.value(one.asked)
    return replace(one, asked=asked, said=None if one.said is None else _said(one.said, words))


def _said(said: Said, words: Synthesis) -> Said:
    if isinstance(said, Result):
        return Result(words.value(said.value))
    if isinstance(said, Failure):
        message = words.text(said.message)
        return replace(said, args=(message,), message=message, fields={}, causes=())
    return replace(
        said,
        messages=tuple(_message(message, words) for message in said.messages),
        error=words.text(said.error),
    )


def _message(message: Message, words: Synthesis) -> Message:
    return replace(message, parts=tuple(_part(part, words) for part in message.parts))


def _part(part: Part, words: Synthesis) -> Part:
    match part:
        case Text(content=content) | Reasoning(content=content):
            return replace(part, content=words.text(content))
        case ToolCall(arguments=arguments):
            return replace(part, arguments=words.text(arguments))
        case Other(content=content):
            return replace(part, content=words.value(content))
        case _:
            return part
