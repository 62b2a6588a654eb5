"""A message of Chat Completions in pieces: taken apart for a stream, and put together from one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from agenttrace.providers.documents import objects, pieces_of, words_of

if TYPE_CHECKING:
    from agenttrace.model.values import Value

_SAID_ONCE = ("id", "role", "type")


def deltas(wire: dict[str, Value]) -> Iterator[dict[str, Value]]:
    """Take a message apart: first who speaks, then each field in small pieces."""
    content = wire.pop("content", None)
    calls, legacy = wire.pop("tool_calls", None), wire.pop("function_call", None)
    spoken = {
        key: wire.pop(key)
        for key in ("reasoning_content", "refusal")
        if isinstance(wire.get(key), str)
    }
    begun: dict[str, Value] = dict.fromkeys(spoken, "")
    yield {"refusal": None, **wire, **begun, "content": "" if isinstance(content, str) else None}
    for key, text in (*spoken.items(), ("content", content)):
        if isinstance(text, str):
            for piece in words_of(text):
                yield {key: piece}
        elif text is not None:
            yield {key: text}
    for index, call in enumerate(objects(calls)):
        for function in _function_deltas(call["function"]):
            first = {"id": call["id"], "type": "function"} if "name" in function else {}
            yield {"tool_calls": [{"index": index, **first, "function": function}]}
    if legacy is not None:
        for function in _function_deltas(legacy):
            yield {"function_call": function}


def _function_deltas(function: Value) -> Iterator[dict[str, Value]]:
    fields = function if isinstance(function, dict) else {}
    arguments = str(fields.get("arguments", ""))
    yield {"name": fields.get("name"), "arguments": ""}
    for piece in pieces_of(arguments):
        yield {"arguments": piece}


def joined(documents: Iterator[Any]) -> dict[str, Any]:
    """Join the events of a stream into the document that would have come whole."""
    whole: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for document in documents:
        if not isinstance(document, dict):
            continue
        whole |= {
            key: value for key, value in document.items() if value is not None and key != "choices"
        }
        for choice in objects(document.get("choices")):
            index, delta = choice.get("index"), choice.get("delta")
            said = choices.setdefault(index if isinstance(index, int) else 0, {"message": {}})
            _add(said["message"], delta if isinstance(delta, dict) else {})
            if choice.get("finish_reason") is not None:
                said["finish_reason"] = choice["finish_reason"]
    if choices:
        whole["choices"] = [choices[index] for index in sorted(choices)]
    return whole


def _add(whole: dict[str, Any], delta: dict[str, Any]) -> None:
    for key, new in delta.items():
        old = whole.get(key)
        if key == "tool_calls" and isinstance(new, list):
            whole[key] = old if isinstance(old, list) else []
            _add_calls(whole[key], new)
        elif isinstance(old, str) and isinstance(new, str):
            whole[key] = new if key in _SAID_ONCE and new else old + new
        elif isinstance(old, dict) and isinstance(new, dict):
            _add(old, new)
        elif isinstance(old, list) and isinstance(new, list):
            old.extend(new)
        elif new is not None or key not in whole:
            whole[key] = new


def _add_calls(calls: list[dict[str, Any]], deltas: list[Any]) -> None:
    """Add fragments to the calls they belong to; another id under an index is another call."""
    for delta in objects(deltas):
        index, ident = (
            delta.get("index", len(calls) if delta.get("id") else len(calls) - 1),
            delta.get("id"),
        )
        same = [call for call in calls if call.get("index") == index]
        if same and (not ident or same[-1].get("id") in (None, "", ident)):
            _add(same[-1], delta)
        else:
            calls.append({"index": index})
            _add(calls[-1], delta)
