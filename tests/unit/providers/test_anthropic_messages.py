"""Anthropic's Messages in the forms that the laws over all providers do not reach."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agenttrace.model.call import Answer, Chunk
from agenttrace.model.message import Message, Other, Reasoning, Text, ToolCall, ToolResult
from agenttrace.model.usage import Tokens
from agenttrace.providers import sse
from agenttrace.providers.anthropic_messages import AnthropicMessages

CLAUDE = AnthropicMessages()


def stream(*events: dict[str, Any], end: str = "complete") -> Answer:
    """An answer that came as events."""
    head: Any = {"status": 200, "headers": [["content-type", "text/event-stream"]]}
    chunks = (Chunk(data=sse.write(json.dumps(event), event["type"])) for event in events)
    return Answer(head=head, chunks=tuple(chunks), streamed=True, end=end)


START = {
    "type": "message_start",
    "message": {
        "model": "claude",
        "role": "assistant",
        "content": [],
        "usage": {
            "input_tokens": 51,
            "cache_read_input_tokens": 4,
            "cache_creation_input_tokens": 2,
            "output_tokens": 1,
        },
    },
}


def block(index: int, start: dict[str, Any], *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    """The events of one block that has begun."""
    begun = {"type": "content_block_start", "index": index, "content_block": start}
    return [
        begun,
        *({"type": "content_block_delta", "index": index, "delta": it} for it in deltas),
    ]


@pytest.mark.parametrize(
    ("path", "body", "speaks"),
    [
        ("/v1/messages", {"messages": [], "max_tokens": 1}, True),
        ("/proxy/v1/messages", {"messages": [], "max_tokens": 1}, True),
        ("/v1/messages/count_tokens", {"messages": []}, False),
        ("/v1/messages", {"messages": "hello", "max_tokens": 1}, False),
        ("/channels/7/messages", {"messages": []}, False),
    ],
    ids=["plain", "proxy", "counting", "text", "a-chat-service"],
)
def test_a_request_is_known_by_path_messages_and_limit(path: str, body: Any, speaks: bool) -> None:
    """Other services have messages, too."""
    assert CLAUDE.speaks("POST", path, body) is speaks


def test_cached_input_counts_as_input_and_the_last_count_stands() -> None:
    """On the wire the caches stand beside the input: 51 + 4 + 2 tokens were read."""
    ends = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}
    answer = stream(START, {**ends, "usage": {"output_tokens": 9}}, {"type": "message_stop"})
    assert CLAUDE.read_response(answer).tokens == Tokens(
        input=57, output=9, cache_read=4, cache_write=2
    )


def test_thoughts_calls_and_the_servers_own_tools_keep_their_order() -> None:
    """Seals go back unchanged; a tool that the server ran is no call of ours."""
    search = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "x"}}
    body: Any = {
        "model": "claude",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "seal"},
            {"type": "redacted_thinking", "data": "…"},
            search,
            {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}},
            {"type": "tool_use", "id": "t2", "name": "g", "input": {}},
        ],
        "stop_reason": "tool_use",
    }
    (message,) = CLAUDE.read_response(
        Answer(chunks=(Chunk(data=json.dumps(body).encode()),))
    ).messages
    assert message.parts == (
        Reasoning(content="hm", signature="seal"),
        Other(type="redacted_thinking", content={"type": "redacted_thinking", "data": "…"}),
        Other(type="server_tool_use", content=search),
        ToolCall(name="f", arguments='{"a":1}', id="t1"),
        ToolCall(name="g", arguments="{}", id="t2"),
    )


def test_results_are_the_tools_and_words_beside_them_the_users() -> None:
    """A turn that holds nothing but results is the tools', as in every language."""
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "3", "is_error": True}
    body: Any = {
        "model": "claude",
        "max_tokens": 9,
        "system": "You add.",
        "messages": [
            {"role": "user", "content": [result]},
            {"role": "user", "content": [result, {"type": "text", "text": "and?"}]},
        ],
    }
    failed = ToolResult(content="3", id="t1", is_error=True)
    assert CLAUDE.read_request(body).messages == (
        Message(role="system", parts=(Text(content="You add."),)),
        Message(role="tool", parts=(failed,)),
        Message(role="user", parts=(failed, Text(content="and?"))),
    )


def test_half_a_call_stays_the_text_that_came() -> None:
    """A stream that was cut inside the arguments says as much as it can."""
    call = {"type": "tool_use", "id": "t1", "name": "f", "input": {}}
    half = {"type": "input_json_delta", "partial_json": '{"order": "A-'}
    answer = stream(START, *block(0, call, half), end="closed")
    (message,) = CLAUDE.read_response(answer).messages
    assert message.tool_calls == (ToolCall(name="f", arguments='{"order": "A-', id="t1"),)


def test_an_error_inside_a_stream_is_an_error_and_its_last_event() -> None:
    """An overloaded server says so after status 200."""
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    answer = stream(START, error)
    response = CLAUDE.read_response(answer)
    assert (response.error, response.messages) == ("Overloaded", ())
    assert response.extra["type"] == "overloaded_error"
    assert CLAUDE.is_last(answer.chunks[-1].data)
