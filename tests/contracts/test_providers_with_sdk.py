"""The real OpenAI SDK accepts what we write, and understands it as we do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion

from agenttrace.model.message import Message, ModelRequest, ModelResponse, Reasoning, Text, ToolCall
from agenttrace.model.usage import Tokens
from agenttrace.testing import ModelServer
from tests.fakes.messages import responses

MESSAGES = [{"role": "user", "content": "go on"}]


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
def client(told: Told) -> Iterator[openai.OpenAI]:
    """A real SDK before the server."""
    with (
        ModelServer(told) as server,
        openai.OpenAI(base_url=server.url, api_key="none", max_retries=0) as one,
    ):
        yield one


def understood(said: ChatCompletion) -> ModelResponse:
    """What the SDK made of an answer, in our words."""
    usage = said.usage
    return ModelResponse(
        model=said.model,
        id=said.id,
        created_s=said.created,
        messages=tuple(
            Message(
                role=choice.message.role,
                parts=_parts(choice.message),
                finish_reason=(choice.finish_reason or "").replace("tool_calls", "tool_call"),
            )
            for choice in said.choices
        ),
        tokens=None
        if usage is None
        else Tokens(
            input=usage.prompt_tokens,
            output=usage.completion_tokens,
            cache_read=usage.prompt_tokens_details.cached_tokens or 0,
            cache_write=usage.prompt_tokens_details.cache_write_tokens or 0,
            reasoning=usage.completion_tokens_details.reasoning_tokens or 0,
        ),
    )


def _parts(message: object) -> tuple[object, ...]:
    """The parts of one message, in the order in which we keep them."""
    thoughts = getattr(message, "reasoning_content", None)
    return (
        *([Reasoning(content=thoughts)] if thoughts is not None else []),
        *([Text(content=message.content)] if message.content is not None else []),
        *([Text(content=message.refusal, refusal=True)] if message.refusal is not None else []),
        *(
            ToolCall(name=call.function.name, arguments=call.function.arguments, id=call.id)
            for call in message.tool_calls or ()
        ),
    )


def sayable(response: ModelResponse) -> ModelResponse:
    """Leave out what the SDK has no name for."""
    kinds = (Reasoning, Text, ToolCall)
    messages = tuple(
        replace(
            one,
            parts=tuple(part for part in one.parts if isinstance(part, kinds)),
            finish_reason=one.finish_reason or "stop",
        )
        for one in response.messages
    )
    return replace(response, messages=messages, extra={}, tokens=response.tokens or Tokens())


def unharmed(response: ModelResponse) -> ModelResponse:
    """The SDK's helper for streams raises where the model was stopped by a limit or a filter."""
    whole = {"length": "stop", "content_filter": "stop"}
    messages = (
        replace(one, finish_reason=whole.get(one.finish_reason, one.finish_reason))
        for one in response.messages
    )
    return replace(response, messages=tuple(messages))


@settings(deadline=None, max_examples=60)
@given(response=responses.map(sayable))
def test_the_sdk_reads_a_whole_answer_as_we_do(
    client: openai.OpenAI, told: Told, response: ModelResponse
) -> None:
    """Every field of every choice."""
    told.response = response
    assert understood(client.chat.completions.create(model="m", messages=MESSAGES)) == response


@settings(deadline=None, max_examples=60)
@given(response=responses.map(sayable).filter(lambda it: it.messages).map(unharmed))
def test_the_sdk_puts_a_stream_together_as_we_do(
    client: openai.OpenAI, told: Told, response: ModelResponse
) -> None:
    """Words and arguments in fragments, calls in parallel, usage at the end."""
    told.response = response
    options = {"include_usage": True}
    with client.chat.completions.stream(
        model="m", messages=MESSAGES, stream_options=options
    ) as stream:
        said = stream.get_final_completion()
    assert understood(said) == response


@given(status=st.sampled_from([400, 401, 404, 422, 429, 500, 503]))
@settings(deadline=None)
def test_the_sdk_raises_its_own_class_for_each_error(
    client: openai.OpenAI, told: Told, status: int
) -> None:
    """Agents catch `RateLimitError`, so they must be given one."""
    told.response = ModelResponse(model="", error="no", extra={"status": status, "code": "why"})
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="m", messages=MESSAGES)
    assert (caught.value.status_code, caught.value.code) == (status, "why")
    assert isinstance(caught.value, openai.RateLimitError) == (status == 429)
