"""The real SDKs of OpenAI (Responses), Anthropic and Google understand what we write as we do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import types
from hypothesis import given, settings

from agenttrace.model.message import (
    Message,
    ModelRequest,
    ModelResponse,
    Other,
    Part,
    Reasoning,
    Text,
    ToolCall,
)
from agenttrace.model.usage import Tokens
from agenttrace.model.values import canonical
from agenttrace.providers.provider import to_json
from agenttrace.testing import ModelServer
from tests.fakes import languages

BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
FEW = settings(deadline=None, max_examples=12)


class Told:
    """A script that says whatever it was last told to say."""

    response = ModelResponse(model="")

    def __call__(self, request: ModelRequest, nth: int) -> ModelResponse:
        """Say it."""
        return self.response


@pytest.fixture(scope="module")
def told() -> Told:
    """What the server says next."""
    return Told()


@pytest.fixture(scope="module")
def host(told: Told) -> Iterator[str]:
    """Where the server is."""
    with ModelServer(told) as server:
        yield server.host


@pytest.fixture(scope="module")
def gpt(host: str) -> Iterator[openai.OpenAI]:
    """A real SDK before the server."""
    with openai.OpenAI(base_url=f"{host}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def claude(host: str) -> Iterator[anthropic.Anthropic]:
    """A real SDK before the server."""
    with anthropic.Anthropic(base_url=host, api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def google(host: str) -> Iterator[genai.Client]:
    """A real SDK before the server."""
    client = genai.Client(api_key="none", http_options=types.HttpOptions(base_url=host))
    yield client
    client.close()


def plain_of(response: ModelResponse, **changes: Any) -> ModelResponse:
    """Leave out what no SDK has a name for."""
    used = response.tokens or Tokens()
    return replace(response, extra={}, **{"tokens": used, **changes})


def ended(response: ModelResponse) -> ModelResponse:
    """The SDK's helper for streams of responses takes none that was cut short."""
    (message,) = response.messages
    reason = "tool_call" if message.tool_calls else "stop"
    return replace(response, messages=(replace(message, finish_reason=reason),))


def without_others(response: ModelResponse) -> ModelResponse:
    """Leave out other candidates, and parts whose fields the SDK checks."""
    message = response.messages[0]
    parts = tuple(part for part in message.parts if not isinstance(part, Other))
    return replace(response, messages=(replace(message, parts=parts),))


def compact(value: object) -> str:
    """Arguments as we write them."""
    return to_json(canonical(value))


# -- Responses ----------------------------------------------------------------------------------
def heard_by_openai(said: Any) -> ModelResponse:
    """What the SDK made of a response, in our words."""
    parts = tuple(part for item in said.output for part in _item(item))
    calls = any(isinstance(part, ToolCall) for part in parts)
    ended = {"completed": "tool_call" if calls else "stop", "incomplete": ""}[said.status]
    cut = said.incomplete_details.reason if said.incomplete_details else ""
    reason = {"max_output_tokens": "length"}.get(cut, cut) or ended
    return ModelResponse(
        model=said.model,
        id=said.id,
        created_s=int(said.created_at),
        messages=(Message(role="assistant", parts=parts, finish_reason=reason),),
        tokens=Tokens(
            input=said.usage.input_tokens,
            output=said.usage.output_tokens,
            cache_read=said.usage.input_tokens_details.cached_tokens,
            cache_write=said.usage.input_tokens_details.cache_write_tokens,
            reasoning=said.usage.output_tokens_details.reasoning_tokens,
        ),
    )


def _item(item: Any) -> list[Part]:
    if item.type == "message":
        return [part for one in item.content for part in _words(one)]
    if item.type == "function_call":
        return [ToolCall(name=item.name, arguments=item.arguments, id=item.call_id)]
    if item.type == "reasoning":
        text = "".join(one.text for one in item.summary)
        return [Reasoning(content=text, signature=item.encrypted_content or "")]
    return [Other(type=item.type, content=canonical(item.to_dict()))]


def _words(part: Any) -> list[Part]:
    if part.type == "refusal":
        return [Text(content=part.refusal, refusal=True)]
    notes = [note.to_dict() for note in part.annotations]
    words: list[Part] = [Text(content=part.text)]
    return [*words, Other(type="annotations", content=canonical(notes))] if notes else words


@BOTH
@FEW
@given(response=languages.responses_api.responses.map(plain_of))
def test_the_openai_sdk_hears_a_response_as_we_said_it(
    gpt: openai.OpenAI, told: Told, response: ModelResponse, stream: bool
) -> None:
    """Every item; the SDK's own helper puts the stream together."""
    told.response = response = ended(response) if stream else response
    if stream:
        with gpt.responses.stream(model="m", input="go on") as events:
            said: Any = events.get_final_response()
    else:
        said = gpt.responses.create(model="m", input="go on")
    assert heard_by_openai(said) == response


@FEW
@given(response=languages.responses_api.responses.map(plain_of))
def test_the_pieces_of_a_response_say_what_its_last_event_repeats(
    gpt: openai.OpenAI, told: Told, response: ModelResponse
) -> None:
    """Agents that show words as they come never look at the last event."""
    told.response = response
    words, arguments = "", ""
    for event in gpt.responses.create(model="m", input="go on", stream=True):
        if event.type in ("response.output_text.delta", "response.refusal.delta"):
            words += event.delta
        if event.type == "response.function_call_arguments.delta":
            arguments += event.delta
    (message,) = response.messages
    assert words == message.text
    assert arguments == "".join(call.arguments for call in message.tool_calls)


# -- Messages -----------------------------------------------------------------------------------
def heard_by_anthropic(said: anthropic.types.Message) -> ModelResponse:
    """What the SDK made of a message, in our words."""
    reasons = {
        "end_turn": "stop",
        "tool_use": "tool_call",
        "max_tokens": "length",
        "refusal": "content_filter",
    }
    usage = said.usage
    read, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
    parts = tuple(part for block in said.content for part in _block(block))
    return ModelResponse(
        model=said.model,
        id=said.id,
        messages=(
            Message(role=said.role, parts=parts, finish_reason=reasons[said.stop_reason or ""]),
        ),
        tokens=Tokens(
            input=usage.input_tokens + read + written,
            output=usage.output_tokens,
            cache_read=read,
            cache_write=written,
            reasoning=usage.output_tokens_details.thinking_tokens
            if usage.output_tokens_details
            else 0,
        ),
    )


def _block(block: Any) -> list[Part]:
    if block.type == "text":
        notes = [note.to_dict() for note in block.citations or ()]
        words: list[Part] = [Text(content=block.text)]
        return [*words, Other(type="citations", content=canonical(notes))] if notes else words
    if block.type == "thinking":
        return [Reasoning(content=block.thinking, signature=block.signature)]
    if block.type == "tool_use":
        return [ToolCall(name=block.name, arguments=compact(block.input), id=block.id)]
    return [Other(type=block.type, content=canonical(block.to_dict()))]


@BOTH
@FEW
@given(response=languages.anthropic.responses.map(plain_of))
def test_the_anthropic_sdk_hears_a_message_as_we_said_it(
    claude: anthropic.Anthropic, told: Told, response: ModelResponse, stream: bool
) -> None:
    """Thoughts with their seals, words, calls and the server's own tools, in their order."""
    told.response = response
    ask: dict[str, Any] = {
        "model": "m",
        "max_tokens": 64,
        "messages": [{"role": "user", "content": "go on"}],
    }
    if stream:
        with claude.messages.stream(**ask) as events:
            said = events.get_final_message()
    else:
        said = claude.messages.create(**ask)
    assert heard_by_anthropic(said) == response


# -- Gemini -------------------------------------------------------------------------------------
@BOTH
@FEW
@given(response=languages.gemini.responses.map(plain_of).map(without_others))
def test_the_google_sdk_hears_content_as_we_said_it(
    google: genai.Client, told: Told, response: ModelResponse, stream: bool
) -> None:
    """Words, thoughts and calls; what it used, thoughts among the output."""
    told.response = response
    if stream:
        said = list(google.models.generate_content_stream(model="m", contents="go on"))
    else:
        said = [google.models.generate_content(model="m", contents="go on")]
    parts = [part for it in said for part in it.candidates[0].content.parts or ()]
    used = said[-1].usage_metadata
    (message,) = response.messages
    thoughts = [part.content for part in message.parts if isinstance(part, Reasoning)]
    assert "".join(it.text or "" for it in parts if not it.thought) == message.text
    assert "".join(it.text or "" for it in parts if it.thought) == "".join(thoughts)
    calls = [it.function_call for it in parts if it.function_call]
    assert [(it.id, it.name, compact(it.args)) for it in calls] == [
        (it.id, it.name, it.arguments) for it in message.tool_calls
    ]
    assert response.tokens is not None
    assert used.prompt_token_count == response.tokens.input
    assert used.total_token_count == response.tokens.total


# -- errors -------------------------------------------------------------------------------------
@pytest.mark.parametrize("status", [400, 401, 404, 422, 429, 500, 503])
def test_each_sdk_raises_its_own_class_for_each_error(
    gpt: openai.OpenAI, claude: anthropic.Anthropic, told: Told, status: int
) -> None:
    """Agents catch `RateLimitError`, so they must be given one."""
    told.response = ModelResponse(model="", error="no", extra={"status": status, "type": "why"})
    with pytest.raises(openai.APIStatusError) as caught:
        gpt.responses.create(model="m", input="go on")
    assert (caught.value.status_code, caught.value.type) == (status, "why")
    assert isinstance(caught.value, openai.RateLimitError) == (status == 429)
    with pytest.raises(anthropic.APIStatusError) as met:
        claude.messages.create(
            model="m", max_tokens=9, messages=[{"role": "user", "content": "go on"}]
        )
    assert met.value.status_code == status
    assert met.value.body == {"type": "error", "error": {"message": "no", "type": "why"}}
    assert isinstance(met.value, anthropic.RateLimitError) == (status == 429)
