"""Dialects: content that stands under former names, or in events, brought under today's.

What OpenTelemetry's instrumentations wrote before `gen_ai.input.messages` was there: events for
each message (`gen_ai.user.message`, `gen_ai.choice`), for all of them
(`gen_ai.client.inference.operation.details`) or for prompt and completion; texts under
`gen_ai.prompt`; and OpenLLMetry's leaves, `gen_ai.prompt.0.content`. What is understood is taken
out.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from agenttrace.formats.documents import parsed
from agenttrace.formats.flattened import places
from agenttrace.model import names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenttrace.formats.told import Occurred
    from agenttrace.model.values import Value

_SAID = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
_CHOICE = "gen_ai.choice"
_ALL = ("gen_ai.client.inference.operation.details", "gen_ai.content")
_PROMPT, _COMPLETION = "gen_ai.prompt", "gen_ai.completion"
_OPERATIONS = {
    "workflow": "invoke_workflow",
    "agent": "invoke_agent",
    "tool": "execute_tool",
}
_OPENLLMETRY_KIND = "traceloop.span.kind"
_FORMER = (_PROMPT, _COMPLETION, names.SYSTEM_INSTRUCTIONS)
_HINTS = frozenset({"gen_ai.system", "llm.request.type", _OPENLLMETRY_KIND})
"""What says that a span without an operation is an instrumentation's of models all the same."""


def settled(
    attributes: Mapping[str, Value], events: tuple[Occurred, ...]
) -> tuple[Mapping[str, Value], tuple[Occurred, ...]]:
    """Give attributes and events with all content under today's names, and each thing once."""
    telling = [one for one in events if one.name.startswith("gen_ai.")] if events else []
    if not telling and not _is_former(attributes):
        return attributes, events
    found = dict(attributes)
    used = [one for one in telling if _take(found, one)]
    _former(found)
    return found, tuple(one for one in events if not any(one is it for it in used))


def _is_former(attributes: Mapping[str, Value]) -> bool:
    if names.OPERATION not in attributes and not _HINTS.isdisjoint(attributes):
        return True
    return any(map(_is_former_name, attributes))


@functools.lru_cache(maxsize=4096)
def _is_former_name(key: str) -> bool:
    return key.startswith(_FORMER)


# -- events -------------------------------------------------------------------------------------
def _take(found: dict[str, Value], event: Occurred) -> bool:
    """Put what an event says where it belongs; whether it was understood."""
    about = {**_body(event.attributes.get("body")), **event.attributes}
    if event.name.startswith(_ALL):
        known = {key: it for key, it in about.items() if key.startswith("gen_ai.")}
        for key, value in known.items():
            found.setdefault(key, value)
        return bool(known)
    if event.name == _CHOICE:
        return _add(found, names.OUTPUT_MESSAGES, _choice(about))
    if event.name in _SAID:
        said = {"role": _SAID[event.name], **_leaves(about)}
        return _add(found, names.INPUT_MESSAGES, said)
    return False


def _add(found: dict[str, Value], key: str, message: dict[str, Value]) -> bool:
    listed = found.setdefault(key, [])
    if not isinstance(listed, list) or not set(message) - {"role", "finish_reason"}:
        return False  # the content was not captured, or stands in the attribute as well
    found[key] = [*listed, message]
    return True


def _choice(about: Mapping[str, Value]) -> dict[str, Value]:
    inner = parsed(about.get("message"))
    said: dict[str, Value] = {"role": "assistant"}
    said |= _leaves(inner if isinstance(inner, dict) else about)
    if isinstance(inner, str):
        said["content"] = inner
    reason = about.get("finish_reason")
    return {**said, "finish_reason": reason} if reason else said


def _leaves(about: Mapping[str, Value]) -> dict[str, Value]:
    kept = ("role", "content", "name", "tool_calls", "parts", "tool_call_id")
    found = {key: parsed(about[key]) for key in kept if about.get(key) is not None}
    if "id" in about and "tool_call_id" not in found:
        found["tool_call_id"] = about["id"]  # of the event `gen_ai.tool.message`
    return {key: it for key, it in found.items() if key != "tool_call_id" or "content" in found}


def _body(body: Value) -> dict[str, Value]:
    known = parsed(body)
    return known if isinstance(known, dict) else {}


# -- attributes ---------------------------------------------------------------------------------
def _former(found: dict[str, Value]) -> None:
    for prefix, key in ((_PROMPT, names.INPUT_MESSAGES), (_COMPLETION, names.OUTPUT_MESSAGES)):
        role = "user" if prefix is _PROMPT else "assistant"
        leaves = places(found, f"{prefix}.")
        messages: list[Value] = [_flat(leaves[at], role) for at in sorted(leaves)]
        whole = parsed(found.get(prefix))
        if not messages and whole is not None:
            messages = _messages(whole, role)
        if messages and not found.get(key):
            found[key] = messages
            for name in [it for it in found if it == prefix or _is_leaf(it, prefix)]:
                del found[name]
    _instructions(found)
    if names.OPERATION not in found:
        kind = found.get(_OPENLLMETRY_KIND)
        operation = _OPERATIONS.get(kind) if isinstance(kind, str) else None
        if "llm.request.type" in found or (kind is None and names.REQUEST_MODEL in found):
            operation = "chat"
        if operation is not None:
            found[names.OPERATION] = operation
            _entity(found, operation)


def _is_leaf(key: str, prefix: str) -> bool:
    return key.startswith(f"{prefix}.") and key[len(prefix) + 1 : len(prefix) + 2].isdigit()


def _messages(whole: Value, role: str) -> list[Value]:
    listed = whole if isinstance(whole, list) else [whole]
    return [
        one if isinstance(one, dict) and "role" in one else {"role": role, "content": one}
        for one in listed
    ]


def _flat(leaves: Mapping[str, Value], role: str) -> Value:
    """One message of OpenLLMetry's: its leaves, with the tools that it asks for."""
    said: dict[str, Value] = {"role": role}
    said |= {
        key: leaves[key]
        for key in ("role", "content", "tool_call_id", "finish_reason")
        if leaves.get(key) is not None
    }
    calls: list[Value] = [dict(one) for _, one in sorted(places(leaves, "tool_calls.").items())]
    return {**said, "tool_calls": calls} if calls else said


def _instructions(found: dict[str, Value]) -> None:
    """System instructions that stand apart are the first message."""
    told = parsed(found.get(names.SYSTEM_INSTRUCTIONS))
    asked = parsed(found.get(names.INPUT_MESSAGES))
    if told is None or not isinstance(asked, list):
        return
    listed = told if isinstance(told, list) else [told]
    parts: list[Value] = [
        one if isinstance(one, dict) else {"type": "text", "content": one} for one in listed
    ]
    found[names.INPUT_MESSAGES] = [{"role": "system", "parts": parts}, *asked]
    del found[names.SYSTEM_INSTRUCTIONS]


def _entity(found: dict[str, Value], operation: str) -> None:
    """OpenLLMetry's name, input and output of a tool or an agent."""
    renamed = {
        "execute_tool": {
            "traceloop.entity.name": names.TOOL_NAME,
            "traceloop.entity.input": names.TOOL_ARGUMENTS,
            "traceloop.entity.output": names.TOOL_RESULT,
        },
        "invoke_agent": {"traceloop.entity.name": "gen_ai.agent.name"},
    }.get(operation, {})
    for old, new in renamed.items():
        if old in found and new not in found:
            found[new] = found.pop(old)
