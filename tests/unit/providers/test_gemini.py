"""Gemini in the forms that the laws over all providers do not reach."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agenttrace.model.call import Answer, Chunk
from agenttrace.model.message import Message, ModelRequest, Reasoning, Text, ToolCall, ToolResult
from agenttrace.model.usage import Tokens
from agenttrace.providers.gemini import Gemini
from agenttrace.providers.provider import asked

GEMINI = Gemini()
PATH = "/v1beta/models/gemini-2.0-flash:generateContent"


@pytest.mark.parametrize(
    ("path", "speaks"),
    [
        (PATH, True),
        ("/v1/projects/p/locations/l/publishers/google/models/g:streamGenerateContent", True),
        ("/v1beta/models/gemini-2.0-flash:countTokens", False),
        ("/v1beta/models/embed:embedContent", False),
    ],
    ids=["plain", "vertex", "counting", "embedding"],
)
def test_a_request_is_known_by_the_verb_in_its_path(path: str, speaks: bool) -> None:
    """Vertex AI speaks it under longer paths."""
    assert GEMINI.speaks("POST", path, {"contents": []}) is speaks


def test_the_model_and_the_stream_stand_in_the_path() -> None:
    """The body names neither, and a span needs both."""
    path = PATH.replace(":generate", ":streamGenerate")
    assert GEMINI.title({"contents": []}, path) == "chat gemini-2.0-flash"
    assert asked(GEMINI, path, {"contents": []}) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "gcp.gemini",
        "gen_ai.request.model": "gemini-2.0-flash",
        "gen_ai.request.stream": True,
    }


def test_a_seal_on_a_call_is_an_empty_thought_before_it() -> None:
    """The model wants it back at the same call."""
    call = {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "c2VhbA=="}
    body: Any = {"contents": [{"role": "model", "parts": [call]}]}
    request = GEMINI.read_request(body, PATH)
    parts = (Reasoning(content="", signature="c2VhbA=="), ToolCall(name="f", arguments="{}"))
    assert request.messages == (Message(role="assistant", parts=parts),)
    assert GEMINI.write_request(request) == body


def test_a_result_is_known_by_the_calls_id_and_sent_back_with_its_name() -> None:
    """The language wants the name, others know the id alone."""
    messages = (
        Message(role="assistant", parts=(ToolCall(name="f", arguments="{}", id="c1"),)),
        Message(role="tool", parts=(ToolResult(content="3", id="c1"),)),
    )
    body: Any = GEMINI.write_request(ModelRequest(model="g", messages=messages))
    assert body["contents"][1]["parts"] == [
        {"functionResponse": {"id": "c1", "name": "f", "response": {"output": "3"}}}
    ]


def test_a_stream_may_come_as_one_array() -> None:
    """Without `alt=sse` the pieces are the items of a JSON array; thoughts count as output."""
    pieces = [
        {"candidates": [{"content": {"role": "model", "parts": [{"text": "one "}]}}]},
        {
            "candidates": [{"content": {"parts": [{"text": "two"}]}, "finishReason": "MAX_TOKENS"}],
            "usageMetadata": {
                "promptTokenCount": 5,
                "toolUsePromptTokenCount": 2,
                "cachedContentTokenCount": 4,
                "candidatesTokenCount": 3,
                "thoughtsTokenCount": 10,
            },
        },
    ]
    response = GEMINI.read_response(Answer(chunks=(Chunk(data=json.dumps(pieces).encode()),)))
    assert response.messages == (
        Message(role="assistant", parts=(Text(content="one two"),), finish_reason="length"),
    )
    assert response.tokens == Tokens(input=7, output=13, cache_read=4, reasoning=10)


def test_both_spellings_of_names_are_read() -> None:
    """SDKs in Python send snake_case now and then."""
    body: Any = {
        "system_instruction": {"parts": {"text": "You add."}},
        "contents": "1 + 2?",
    }
    assert GEMINI.read_request(body, PATH).messages == (
        Message(role="system", parts=(Text(content="You add."),)),
        Message(role="user", parts=(Text(content="1 + 2?"),)),
    )
