"""An Anthropic message in pieces: taken apart for a stream, and put together from one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from agenttrace.providers.documents import arguments_in, number_at, pieces_of, text_at, words_of
from agenttrace.providers.provider import to_json

if TYPE_CHECKING:
    from agenttrace.model.values import Value

_GROWS = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}
_RAW = "\0input"
_CALLS = ("tool_use", "server_tool_use", "mcp_tool_use")


def events(document: dict[str, Value]) -> Iterator[dict[str, Value]]:
    """Take a message apart: its envelope, each block in small pieces, how it ended."""
    content, usage = document["content"], document["usage"]
    begun: dict[str, Value] = {**document, "content": [], "stop_reason": None}
    if isinstance(usage, dict):
        begun["usage"] = {**usage, "output_tokens": 0}
    yield {"type": "message_start", "message": begun}
    for index, block in enumerate(content if isinstance(content, list) else []):
        fields = block if isinstance(block, dict) else {}
        start, deltas = _block(fields)
        yield {"type": "content_block_start", "index": index, "content_block": start}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ended: Value = {
        "stop_reason": document["stop_reason"],
        "stop_sequence": document.get("stop_sequence"),
    }
    yield {"type": "message_delta", "delta": ended, "usage": usage}
    yield {"type": "message_stop"}


def _block(block: dict[str, Value]) -> tuple[Value, list[dict[str, Value]]]:
    kind = block.get("type")
    if kind == "text":
        cited = block.get("citations")
        said: list[dict[str, Value]] = [
            {"type": "text_delta", "text": piece} for piece in words_of(text_at(block, "text"))
        ]
        said += [
            {"type": "citations_delta", "citation": one}
            for one in (cited if isinstance(cited, list) else [])
        ]
        return {"type": "text", "text": ""}, said
    if kind == "thinking":
        said = [
            {"type": "thinking_delta", "thinking": piece}
            for piece in words_of(text_at(block, "thinking"))
        ]
        sealed: dict[str, Value] = {"type": "signature_delta", "signature": block["signature"]}
        return {"type": "thinking", "thinking": "", "signature": ""}, [*said, sealed]
    if kind in _CALLS:
        given = block.get("input")
        text = given if isinstance(given, str) else to_json(given)
        said = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces_of(text)]
        return {**block, "input": {}}, said
    return block, []


def joined(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Join the events of a stream into the message that would have come whole."""
    whole: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    for event in found:
        kind, index = event.get("type"), number_at(event, "index")
        if kind == "message_start" and isinstance(event.get("message"), dict):
            whole |= event["message"]
        elif kind == "content_block_start" and isinstance(event.get("content_block"), dict):
            blocks[index] = dict(event["content_block"])
        elif kind == "content_block_delta" and isinstance(event.get("delta"), dict):
            _grow(blocks.setdefault(index, {}), event["delta"])
        elif kind == "message_delta":
            _end(whole, event)
        elif kind == "error":
            whole["error"] = event.get("error")
    if blocks:
        whole["content"] = [_finished(blocks[index]) for index in sorted(blocks)]
    return whole


def _grow(block: dict[str, Any], delta: dict[str, Any]) -> None:
    kind = delta.get("type")
    key = _GROWS.get(str(kind))
    if key is not None:
        block.setdefault("type", "text" if key == "text" else "thinking")
        block[key] = text_at(block, key) + text_at(delta, key)
    elif kind == "input_json_delta":
        block[_RAW] = text_at(block, _RAW) + text_at(delta, "partial_json")
    elif kind == "citations_delta":
        block["citations"] = [*(block.get("citations") or ()), delta.get("citation")]


def _end(whole: dict[str, Any], event: dict[str, Any]) -> None:
    """Take what is known at the end: counts there are totals, and stand for the first ones."""
    for key in ("delta", "usage"):
        fields = event.get(key)
        known = (
            {name: value for name, value in fields.items() if value is not None}
            if isinstance(fields, dict)
            else {}
        )
        if key == "delta":
            whole |= known
        elif known:
            begun = whole.get("usage")
            whole["usage"] = {**(begun if isinstance(begun, dict) else {}), **known}


def _finished(block: dict[str, Any]) -> dict[str, Any]:
    """Make the input of a call what it would have been; half of one stays text."""
    raw = block.pop(_RAW, None)
    if not raw:
        return block
    text = arguments_in(raw)
    try:
        block["input"] = json.loads(text)
    except ValueError:
        block["input"] = text
    else:
        block["input"] = block["input"] if isinstance(block["input"], dict) else text
    return block
