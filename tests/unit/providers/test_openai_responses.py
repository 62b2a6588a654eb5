"""OpenAI's Responses in the forms that the laws over all providers do not reach."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from agenttrace.model.call import Answer, Chunk
from agenttrace.model.message import (
    Message,
    ModelResponse,
    Other,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
)
from agenttrace.providers import sse
from agenttrace.providers.openai_responses import OpenAIResponses
from agenttrace.providers.provider import written

RESPONSES = OpenAIResponses()
MCP = {"type": "mcp_call", "id": "m1", "name": "search", "arguments": "{}", "output": "found"}


@pytest.mark.parametrize(
    ("method", "path", "body", "speaks"),
    [
        ("POST", "/v1/responses", {"input": "hi"}, True),
        ("POST", "/openai/v1/responses", {"input": []}, True),
        ("GET", "/v1/responses/resp_1", None, False),
        ("POST", "/v1/responses/resp_1/cancel", {"input": 1}, False),
        ("POST", "/survey/responses", {"answers": []}, False),
    ],
    ids=["plain", "azure", "get", "cancel", "other"],
)
def test_a_request_is_known_by_method_path_and_input(
    method: str, path: str, body: Any, speaks: bool
) -> None:
    """Fetching or cancelling a response asks no model."""
    assert RESPONSES.speaks(method, path, body) is speaks


def test_the_items_of_one_turn_are_one_message() -> None:
    """Thoughts, words and calls that follow each other are the model's turn; results are not."""
    body: Any = {
        "model": "o4",
        "instructions": "You look.",
        "input": [
            {"role": "user", "content": "A-17?"},
            {"type": "reasoning", "id": "r1", "summary": [], "encrypted_content": "seal"},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
            MCP,
            {"type": "function_call_output", "call_id": "c1", "output": "paid"},
            {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "Paid."}],
            },
        ],
    }
    assert RESPONSES.read_request(body).messages == (
        Message(role="system", parts=(Text(content="You look."),)),
        Message(role="user", parts=(Text(content="A-17?"),)),
        Message(
            role="assistant",
            parts=(
                Reasoning(content="", signature="seal"),
                ToolCall(name="f", arguments="{}", id="c1"),
                Other(type="mcp_call", content=MCP),
            ),
        ),
        Message(role="tool", parts=(ToolResult(content="paid", id="c1"),)),
        Message(role="assistant", parts=(Text(content="Paid."),)),
    )


def test_words_alone_are_the_users() -> None:
    """The shortest way to ask."""
    asked = RESPONSES.read_request({"model": "m", "input": "hi"})
    assert asked.messages == (Message(role="user", parts=(Text(content="hi"),)),)


def test_a_cut_stream_says_what_had_come_of_each_item() -> None:
    """Pieces are put together where the last event, which repeats them, never came."""
    parts = (
        Reasoning(content="first this, then that"),
        Text(content="one two three"),
        Text(content="I will not.", refusal=True),
        ToolCall(name="f", arguments='{"order":"A-17"}', id="c1"),
        Other(type="mcp_call", content=MCP),
    )
    said = Message(role="assistant", parts=parts, finish_reason="tool_call")
    whole = written(RESPONSES, ModelResponse(model="m", id="r", messages=(said,)), stream=True)
    cut = replace(whole, chunks=whole.chunks[:-1], end="closed")
    (message,) = RESPONSES.read_response(cut).messages
    assert message == replace(said, finish_reason="")
    undone = [chunk for chunk in whole.chunks[:-1] if b".done" not in chunk.data]
    (pieced,) = RESPONSES.read_response(replace(cut, chunks=tuple(undone))).messages
    assert pieced.parts == parts


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({"type": "error", "code": "server_error", "message": "gone", "param": None}, "gone"),
        (
            {
                "type": "response.failed",
                "response": {"status": "failed", "error": {"code": "x", "message": "no"}},
            },
            "no",
        ),
    ],
    ids=["error", "failed"],
)
def test_an_answer_that_failed_midway_is_an_error(event: dict[str, Any], error: str) -> None:
    """Both ways in which a stream says so, after status 200."""
    data = sse.write(json.dumps(event), event["type"])
    response = RESPONSES.read_response(Answer(chunks=(Chunk(data=data),), streamed=True))
    assert (response.error, response.messages) == (error, ())
    assert RESPONSES.is_last(data)
