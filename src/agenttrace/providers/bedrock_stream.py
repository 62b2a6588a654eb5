"""A Converse answer in pieces: taken apart for a stream of frames, and put together from one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from agenttrace.providers.documents import arguments_in, at, number_at, objects, pieces_of, text_at
from agenttrace.providers.documents import words_of as cut
from agenttrace.providers.provider import to_json

if TYPE_CHECKING:
    from agenttrace.model.values import Value

_RAW = "\0input"


def events(document: dict[str, Value]) -> Iterator[tuple[str, Value]]:
    """Take an answer apart: who speaks, each block in small pieces, how it ended, what it used."""
    message = at(document, "output", "message")
    yield "messageStart", {"role": at(message, "role")}
    for index, block in enumerate(objects(at(message, "content"))):
        here: dict[str, Value] = {"contentBlockIndex": index}
        call = block.get("toolUse")
        if isinstance(call, dict):
            start: Value = {key: call[key] for key in call if key != "input"}
            yield "contentBlockStart", {"start": {"toolUse": start}, **here}
        for delta in _deltas(block):
            yield "contentBlockDelta", {"delta": delta, **here}
        yield "contentBlockStop", here
    yield "messageStop", {"stopReason": document["stopReason"]}
    used: dict[str, Value] = {key: document[key] for key in ("usage", "metrics") if key in document}
    yield "metadata", {**_beside(document), **used}


def _beside(document: dict[str, Value]) -> dict[str, Value]:
    known = ("output", "stopReason", "usage", "metrics")
    return {key: value for key, value in document.items() if key not in known}


def _deltas(block: dict[str, Value]) -> list[Value]:
    call, thought = block.get("toolUse"), at(block, "reasoningContent", "reasoningText")
    if isinstance(call, dict):
        given = call.get("input")
        text = given if isinstance(given, str) else to_json(given)
        return [{"toolUse": {"input": piece}} for piece in pieces_of(text)]
    if isinstance(thought, dict):
        said: list[Value] = [
            {"reasoningContent": {"text": piece}} for piece in cut(text_at(thought, "text"))
        ] or [{"reasoningContent": {"text": ""}}]
        seal = text_at(thought, "signature")
        return [*said, {"reasoningContent": {"signature": seal}}] if seal else said
    if isinstance(block.get("text"), str):
        return [{"text": piece} for piece in cut(text_at(block, "text"))] or [{"text": ""}]
    return [block]


def joined(found: Iterable[tuple[dict[str, str], Any]]) -> dict[str, Any]:
    """Join the frames of a stream into the answer that would have come whole."""
    whole: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    role = ""
    for headers, event in found:
        kind = headers.get(":event-type")
        fields = event if isinstance(event, dict) else {}
        if ":exception-type" in headers:
            details = {"message": text_at(fields, "message"), "type": headers[":exception-type"]}
            whole["error"] = details
        elif kind == "messageStart":
            role = text_at(fields, "role")
        elif kind == "contentBlockStart":
            start = fields.get("start")
            blocks[number_at(fields, "contentBlockIndex")] = (
                dict(start) if isinstance(start, dict) else {}
            )
        elif kind == "contentBlockDelta":
            block = blocks.setdefault(number_at(fields, "contentBlockIndex"), {})
            _grow(block, fields.get("delta"))
        elif kind in ("messageStop", "metadata"):
            whole |= {key: value for key, value in fields.items() if key != "p"}  # `p` is padding
    if role or blocks:
        content = [_finished(blocks[index]) for index in sorted(blocks)]
        whole["output"] = {"message": {"role": role or "assistant", "content": content}}
    return whole


def _grow(block: dict[str, Any], delta: Any) -> None:  # noqa: ANN401 - a JSON value that may be anything
    if not isinstance(delta, dict):
        return
    thought, call = delta.get("reasoningContent"), delta.get("toolUse")
    if isinstance(delta.get("text"), str):
        block["text"] = text_at(block, "text") + delta["text"]
    elif isinstance(thought, dict) and ("text" in thought or "signature" in thought):
        inner = block.setdefault("reasoningContent", {}).setdefault("reasoningText", {})
        for key in ("text", "signature"):
            if isinstance(thought.get(key), str):
                inner[key] = text_at(inner, key) + thought[key]
    elif isinstance(call, dict) and isinstance(call.get("input"), str):
        block[_RAW] = text_at(block, _RAW) + call["input"]
    else:
        block |= delta


def _finished(block: dict[str, Any]) -> dict[str, Any]:
    """Make the input of a call what it would have been; half of one stays text."""
    raw = block.pop(_RAW, "")
    call = block.get("toolUse")
    if isinstance(call, dict):
        text = arguments_in(raw)
        try:
            given = json.loads(text)
        except ValueError:
            given = text
        block["toolUse"] = {**call, "input": given if isinstance(given, dict) else text}
    return block
