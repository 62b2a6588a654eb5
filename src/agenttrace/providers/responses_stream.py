"""A Responses answer in pieces: taken apart for a stream, and put together from one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from agenttrace.providers.documents import number_at, objects, pieces_of, text_at, words_of

if TYPE_CHECKING:
    from agenttrace.model.values import Value

LAST = ("response.completed", "response.incomplete", "response.failed", "error")
"""The events after which nothing comes."""
_GROWS = {"output_text": "text", "refusal": "refusal", "reasoning_text": "text"}


def events(document: dict[str, Value]) -> Iterator[dict[str, Value]]:
    """Take an answer apart: its envelope, each item in small pieces, then the whole."""
    for number, event in enumerate(_events(document)):
        yield {"type": event["type"], "sequence_number": number, **event}


def _events(document: dict[str, Value]) -> Iterator[dict[str, Value]]:
    begun: Value = {
        **document,
        "status": "in_progress",
        "output": [],
        "incomplete_details": None,
        "usage": None,
    }
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(objects(document["output"])):
        at: dict[str, Value] = {"output_index": index}
        yield {"type": "response.output_item.added", **at, "item": _begun(item)}
        inside: dict[str, Value] = {"item_id": item.get("id"), **at}
        for event in _inside(item):
            yield {**inside, **event}
        yield {"type": "response.output_item.done", **at, "item": item}
    yield {"type": f"response.{text_at(document, 'status')}", "response": document}


def _begun(item: dict[str, Value]) -> Value:
    """An item as it is announced: its texts are still to come."""
    kind = item.get("type")
    if kind == "message":
        return {**item, "status": "in_progress", "content": []}
    if kind == "function_call":
        return {**item, "status": "in_progress", "arguments": ""}
    return {**item, "summary": []} if kind == "reasoning" else item


def _inside(item: dict[str, Value]) -> Iterator[dict[str, Value]]:
    kind = item.get("type")
    if kind == "function_call":
        arguments = text_at(item, "arguments")
        name = "response.function_call_arguments"
        for piece in pieces_of(arguments):
            yield {"type": f"{name}.delta", "delta": piece}
        yield {"type": f"{name}.done", "name": item.get("name"), "arguments": arguments}
    elif kind == "message":
        for index, part in enumerate(objects(item.get("content"))):
            for event in _part(part):
                yield {"content_index": index, **event}
    elif kind == "reasoning":
        for index, part in enumerate(objects(item.get("summary"))):
            for event in _summary(part):
                yield {"summary_index": index, **event}


def _part(part: dict[str, Value]) -> Iterator[dict[str, Value]]:
    kind = text_at(part, "type")
    key = _GROWS.get(kind)
    if key is None:
        yield {"type": "response.content_part.added", "part": part}
    else:
        text = text_at(part, key)
        extra: dict[str, Value] = {"logprobs": []} if kind == "output_text" else {}
        noted: dict[str, Value] = {"annotations": []} if kind == "output_text" else {}
        yield {"type": "response.content_part.added", "part": {**part, key: "", **noted}}
        for piece in words_of(text):
            yield {"type": f"response.{kind}.delta", "delta": piece, **extra}
        for index, note in enumerate(objects(part.get("annotations"))):
            yield {
                "type": "response.output_text.annotation.added",
                "annotation_index": index,
                "annotation": note,
            }
        yield {"type": f"response.{kind}.done", key: text, **extra}
    yield {"type": "response.content_part.done", "part": part}


def _summary(part: dict[str, Value]) -> Iterator[dict[str, Value]]:
    text, name = text_at(part, "text"), "response.reasoning_summary"
    yield {"type": f"{name}_part.added", "part": {**part, "text": ""}}
    for piece in words_of(text):
        yield {"type": f"{name}_text.delta", "delta": piece}
    yield {"type": f"{name}_text.done", "text": text}
    yield {"type": f"{name}_part.done", "part": part}


def joined(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Give the answer that the last event repeats; else what came before the cut."""
    whole: dict[str, Any] = {}
    items: dict[int, dict[str, Any]] = {}
    for event in found:
        kind = event.get("type")
        if isinstance(event.get("response"), dict):
            whole = event["response"]
        if kind in LAST:
            return _failed(whole, event)
        if isinstance(event.get("item"), dict):
            items[number_at(event, "output_index")] = dict(event["item"])
        else:
            _grow(items.get(number_at(event, "output_index"), {}), event)
    return {**whole, "output": [items[index] for index in sorted(items)]} if whole else whole


def _failed(whole: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    if event.get("type") != "error":
        return whole
    inner = event.get("error")
    details = inner if isinstance(inner, dict) else event
    kept = ("type", "code", "message", "param")
    return {**whole, "error": {key: details.get(key) for key in kept}}


def _grow(item: dict[str, Any], event: dict[str, Any]) -> None:
    """Add a piece to the item that it belongs to; only a cut stream needs it."""
    delta = event.get("delta")
    name = text_at(event, "type").removeprefix("response.").removesuffix(".delta")
    if not isinstance(delta, str):
        return
    if name == "function_call_arguments":
        item["arguments"] = text_at(item, "arguments") + delta
    elif name in _GROWS:
        _add(item, "content", number_at(event, "content_index"), name, delta)
    elif name == "reasoning_summary_text":
        _add(item, "summary", number_at(event, "summary_index"), "summary_text", delta)


def _add(item: dict[str, Any], field: str, index: int, kind: str, delta: str) -> None:
    parts, key = objects(item.get(field)), _GROWS.get(kind, "text")
    if index == len(parts):
        parts.append({"type": kind, key: ""})
    if index < len(parts):
        parts[index] = {**parts[index], key: text_at(parts[index], key) + delta}
    item[field] = parts
