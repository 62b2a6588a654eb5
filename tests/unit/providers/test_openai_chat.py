"""Chat Completions in the forms that the laws over all providers do not reach."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from agenttrace.model.call import Answer, Chunk, Failure
from agenttrace.model.message import (
    Message,
    ModelRequest,
    ModelResponse,
    Other,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
)
from agenttrace.model.usage import Tokens
from agenttrace.providers import sse
from agenttrace.providers.openai_chat import OpenAIChat
from agenttrace.providers.provider import asked, status_of, usage_of, written

CHAT = OpenAIChat()


def whole(document: object, status: int = 200) -> Answer:
    """An answer that came as JSON."""
    head: Any = {"status": status, "headers": [["content-type", "application/json"]]}
    return Answer(head=head, chunks=(Chunk(data=json.dumps(document).encode()),))


def stream(*documents: object) -> Answer:
    """An answer that came as events."""
    head: Any = {"status": 200, "headers": [["content-type", "text/event-stream"]]}
    events = [sse.write(json.dumps(document)) for document in documents]
    return Answer(head=head, chunks=tuple(Chunk(data=event) for event in events), streamed=True)


def delta(index: int = 0, **fields: object) -> dict[str, object]:
    """One event of a stream."""
    return {"model": "m", "choices": [{"index": index, "delta": fields}]}


def message(answer: Answer) -> Message:
    """The only message of an answer."""
    (only,) = CHAT.read_response(answer).messages
    return only


@pytest.mark.parametrize(
    ("method", "path", "body", "speaks"),
    [
        ("POST", "/v1/chat/completions", {"messages": []}, True),
        ("POST", "/openai/deployments/d/chat/completions", {"messages": []}, True),
        ("GET", "/v1/chat/completions", None, False),
        ("POST", "/v1/responses", {"messages": []}, False),
        ("POST", "/v1/chat/completions", {"prompt": "x"}, False),
    ],
    ids=["plain", "azure", "get", "other", "no-messages"],
)
def test_a_request_is_known_by_method_path_and_messages(
    method: str, path: str, body: Any, speaks: bool
) -> None:
    """Any host and prefix may speak it."""
    assert CHAT.speaks(method, path, body) is speaks


def test_the_model_stands_in_the_title_and_not_in_the_operation() -> None:
    """A changed model is a drift at the same place, not another call."""
    body: Any = {"model": "gpt-4o", "messages": []}
    assert (CHAT.operation("/v1/chat/completions", body), CHAT.title(body)) == (
        "chat",
        "chat gpt-4o",
    )
    assert CHAT.title({"messages": []}) == "chat"
    assert asked(CHAT, "/v1/chat/completions", {**body, "stream": True}) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.request.stream": True,
    }


def test_parallel_calls_are_put_together_from_fragments() -> None:
    """Fragments belong to a call by index; another id under the same index is another call."""
    answer = stream(
        delta(tool_calls=[{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}]),
        delta(tool_calls=[{"index": 1, "id": "b", "function": {"name": "g", "arguments": '{"x"'}}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": "{}"}}]),
        delta(tool_calls=[{"index": 1, "id": "b", "function": {"arguments": ": 1}"}}]),
        delta(tool_calls=[{"index": 1, "id": "c", "function": {"name": "h", "arguments": "{}"}}]),
    )
    assert message(answer).tool_calls == (
        ToolCall(name="f", arguments="{}", id="a"),
        ToolCall(name="g", arguments='{"x": 1}', id="b"),
        ToolCall(name="h", arguments="{}", id="c"),
    )


def test_choices_may_come_interleaved() -> None:
    """With `n` above 1 the events of all choices are mixed; each has its own message and reason."""
    answer = stream(
        delta(1, role="assistant", content="o"),
        delta(0, role="assistant", content="a"),
        delta(1, content="ne"),
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]},
    )
    assert [(one.text, one.finish_reason) for one in CHAT.read_response(answer).messages] == [
        ("a", "length"),
        ("one", ""),
    ]


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning"])
def test_thoughts_beside_the_content_are_reasoning(key: str) -> None:
    """DeepSeek and OpenRouter call it differently; whole and streamed alike."""
    parts = (Reasoning(content="hm, so"), Text(content="yes"))
    said: Any = {"role": "assistant", key: "hm, so", "content": "yes"}
    assert message(whole({"choices": [{"message": said}]})).parts == parts
    assert (
        message(stream(delta(**{key: "hm,"}), delta(**{key: " so"}), delta(content="yes"))).parts
        == parts
    )


def test_the_old_function_call_is_a_tool_call_and_stays_old() -> None:
    """It has no id, so it is told by how the message finished."""
    called = {
        "role": "assistant",
        "content": None,
        "function_call": {"name": "f", "arguments": "{}"},
    }
    choice = {"message": called, "finish_reason": "function_call"}
    response = CHAT.read_response(whole({"model": "m", "choices": [choice]}))
    assert response.messages[0] == Message(
        role="assistant",
        parts=(ToolCall(name="f", arguments="{}"),),
        finish_reason="function_call",
    )
    for streamed in (False, True):
        assert CHAT.read_response(written(CHAT, response, stream=streamed)) == response
    result = {"role": "function", "name": "f", "content": "3"}
    body: Any = {"model": "m", "messages": [called, result]}
    request = CHAT.read_request(body)
    assert request.messages[1].parts == (ToolResult(content="3"),)
    assert CHAT.write_request(request) == body


def test_content_of_other_kinds_is_kept_as_it_was() -> None:
    """Images, audio and files pass through untouched."""
    image = {"type": "image_url", "image_url": {"url": "data:,"}}
    content: Any = [{"type": "text", "text": "see"}, image]
    request = CHAT.read_request({"model": "m", "messages": [{"role": "user", "content": content}]})
    (asked_for,) = request.messages
    assert asked_for.parts == (Text(content="see"), Other(type="image_url", content=image))
    assert asked_for.text == "see"


def test_several_tool_results_become_a_message_each() -> None:
    """Other languages answer all calls in one message; this one cannot."""
    both = (ToolResult(content="1", id="a"), ToolResult(content={"n": 2}, id="b"))
    request = ModelRequest(model="m", messages=(Message(role="user", parts=both),))
    assert CHAT.write_request(request) == {
        "model": "m",
        "messages": [
            {"role": "tool", "tool_call_id": "a", "content": "1"},
            {"role": "tool", "tool_call_id": "b", "content": '{"n":2}'},
        ],
    }


def test_a_call_without_an_id_is_given_one() -> None:
    """Imported traces lack ids, and an SDK answers a call by its id."""
    calls = (ToolCall(name="f", arguments="{}"), ToolCall(name="f", arguments="{}"))
    response = ModelResponse(model="m", id="r1", messages=(Message(role="assistant", parts=calls),))
    read = CHAT.read_response(written(CHAT, response, stream=True))
    assert [call.id for call in read.messages[0].tool_calls] == ["call_r1_0", "call_r1_1"]


def test_usage_counts_cached_input_as_input_and_reasoning_as_output() -> None:
    """The rules of OpenTelemetry's GenAI conventions; OpenAI already counts so."""
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 40,
        "total_tokens": 140,
        "prompt_tokens_details": {"cached_tokens": 64},
        "completion_tokens_details": {"reasoning_tokens": 30},
    }
    used = usage_of(CHAT.read_response(whole({"model": "m", "choices": [], "usage": usage})))
    assert used is not None
    assert used.models == {"m": Tokens(input=100, output=40, cache_read=64, reasoning=30)}
    assert used.cost_usd is None
    assert not isinstance(used.cost_usd, Decimal)


def test_a_stream_without_include_usage_used_nobody_knows_what() -> None:
    """None is none, and 0 is zero."""
    assert usage_of(CHAT.read_response(stream(delta(content="hi")))) is None


@pytest.mark.parametrize(
    ("answer", "error", "status"),
    [
        (whole({"error": {"message": "slow down", "code": "rl"}}, 429), "slow down", 429),
        (whole({"error": "no such model"}, 404), "no such model", 404),
        (whole({"detail": "gone"}, 410), '{"detail": "gone"}', 410),
        (stream(delta(content="a"), {"error": {"message": "overloaded"}}), "overloaded", 500),
        (
            Answer(failure=Failure(type="httpx2.ReadTimeout", message="late")),
            "httpx2.ReadTimeout: late",
            500,
        ),
    ],
    ids=["openai", "text", "other", "in-stream", "transport"],
)
def test_every_kind_of_error_is_told(answer: Answer, error: str, status: int) -> None:
    """Servers that speak the language differ most when they fail."""
    response = CHAT.read_response(answer)
    assert (response.error, status_of(response)) == (error, status)


def test_half_a_surrogate_pair_does_not_stop_a_recording() -> None:
    """Some servers cut an emoji in two; halves that meet are whole again."""
    halves = [
        b'data: {"choices":[{"delta":{"content":"' + half + b'"}}]}\n\n'
        for half in (b"\\ud83d", b"\\ude00")
    ]
    both, one = ([Chunk(data=half) for half in halves[:count]] for count in (2, 1))
    assert message(Answer(chunks=tuple(both), streamed=True)).text == "😀"
    assert message(Answer(chunks=tuple(one), streamed=True)).text == "\ufffd"
