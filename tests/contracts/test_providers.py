"""What every provider keeps: what it writes it reads back, whole or streamed, real or made up."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenttrace.model.call import Answer, Chunk, Failure
from agenttrace.model.message import ModelRequest
from agenttrace.model.values import Value, canonical
from agenttrace.providers import catalog, frames, sse
from agenttrace.providers.provider import FRAMES, Provider, usage_of, written
from tests.fakes.cassettes import Interaction, cassettes, interactions
from tests.fakes.languages import LANGUAGES

EVERY_PROVIDER = pytest.mark.parametrize(
    "provider", catalog.all_providers(), ids=lambda it: it.name
)
SPEAKS = {
    "anthropic": {"anthropic-messages"},
    "bedrock": {"bedrock-converse"},
    "gemini": {"gemini"},
    "json-format": {"openai-chat"},
    "langchain-gz": {"anthropic-messages", "openai-responses"},
    "mcp": {"openai-chat"},
    "multi-agent": {"openai-chat", "openai-responses"},
    "openai-chat": {"openai-chat"},
    "openai-responses": {"openai-responses"},
    "other": {"anthropic-messages", "openai-chat", "openai-responses"},
}
"""The languages that the cassettes of each folder are in."""


def real() -> list[Any]:
    """Every question to a model in every cassette."""
    return [
        pytest.param(one.provider, one, id=f"{cassette.parent.name}-{cassette.stem}-{nth}")
        for cassette in cassettes()
        for nth, one in enumerate(interactions(cassette))
        if one.provider is not None
    ]


REAL = pytest.mark.parametrize(("provider", "one"), real())


def test_every_folder_of_real_traffic_is_in_the_language_that_it_says() -> None:
    """A language that is no longer recognised would leave its cassettes out, and nobody see it."""
    found: dict[str, set[str]] = {}
    for cassette in cassettes():
        known = (one.provider for one in interactions(cassette))
        spoken = found.setdefault(cassette.parent.name, set())
        spoken |= {provider.name for provider in known if provider is not None}
    assert found == SPEAKS


def read_again(provider: Provider, request: ModelRequest) -> ModelRequest:
    """Say a request, and understand what was said."""
    body = canonical(json.loads(json.dumps(provider.write_request(request))))
    assert provider.speaks("POST", provider.path(request), body)
    return provider.read_request(body, provider.path(request))


@EVERY_PROVIDER
@given(data=st.data())
def test_a_request_that_was_written_reads_back(provider: Provider, data: st.DataObject) -> None:
    """Stubs and imports lose no word on their way to the wire."""
    request = data.draw(LANGUAGES[provider.name].requests)
    assert read_again(provider, request) == request


@EVERY_PROVIDER
@given(data=st.data())
def test_an_answer_that_was_written_reads_back(provider: Provider, data: st.DataObject) -> None:
    """Whole answers say what they were made from."""
    response = data.draw(LANGUAGES[provider.name].responses)
    assert provider.read_response(written(provider, response, stream=False)) == response


@EVERY_PROVIDER
@given(data=st.data())
def test_a_stream_says_what_the_whole_answer_says(provider: Provider, data: st.DataObject) -> None:
    """An agent that streams and one that does not get the same message."""
    response = data.draw(LANGUAGES[provider.name].responses)
    stream = written(provider, response, stream=True)
    assert stream.streamed
    split = frames.split if provider.headers(stream=True)["content-type"] == FRAMES else sse.split
    assert split(stream.body) == tuple(chunk.data for chunk in stream.chunks)
    assert provider.is_last(stream.chunks[-1].data)
    assert not any(provider.is_last(chunk.data) for chunk in stream.chunks[:-1])
    assert provider.read_response(stream) == response


@EVERY_PROVIDER
@given(data=st.data())
def test_an_error_that_was_written_reads_back(provider: Provider, data: st.DataObject) -> None:
    """Status, message and kind survive; an error is never streamed."""
    response = data.draw(LANGUAGES[provider.name].errors)
    answer = written(provider, response, stream=True)
    assert not answer.streamed
    assert provider.read_response(answer) == response


@REAL
def test_the_real_world_is_understood(provider: Provider, one: Interaction) -> None:
    """Each recorded request is known for what it is, and each answer has a message or an error."""
    assert catalog.provider_for(one.method, one.path, one.body) is provider
    request = provider.read_request(one.body, one.path)
    response = provider.read_response(one.answer)
    assert request.model
    assert request.messages
    assert bool(response.messages) != bool(response.error)
    assert response.error or (usage_of(response) is not None) == provider.counts(request)


@REAL
def test_a_real_conversation_survives_being_written_again(
    provider: Provider, one: Interaction
) -> None:
    """What the world said can be said again to an SDK, in either way."""
    request = provider.read_request(one.body, one.path)
    assert read_again(provider, request) == request
    response = provider.read_response(one.answer)
    for stream in (False, True):
        assert provider.read_response(written(provider, response, stream=stream)) == response


@REAL
def test_a_real_stream_may_be_cut_anywhere(provider: Provider, one: Interaction) -> None:
    """A cut stream tells what came before the cut, and reading it never raises."""
    for kept in range(len(one.answer.chunks)):
        chunks = one.answer.chunks[:kept]
        failure = Failure(type="httpx2.ReadError", message="gone")
        cut = replace(one.answer, chunks=chunks, end="cut", failure=failure)
        assert provider.read_response(cut).error
        assert provider.read_response(replace(cut, end="closed", failure=None)) is not None


@EVERY_PROVIDER
@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"choices": 3}', b"\xff", b"[" * 5000])
def test_nonsense_is_no_message_and_no_exception(provider: Provider, body: bytes) -> None:
    """A span is still made for an answer that nobody understands."""
    for status in (200, 502):
        head: Value = {"status": status, "headers": []}
        response = provider.read_response(Answer(head=head, chunks=(Chunk(data=body),)))
        assert response.messages == ()
        assert response.error or status == 200
