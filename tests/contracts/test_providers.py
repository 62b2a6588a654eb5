"""What every provider keeps: what it writes it reads back, whole or streamed, real or made up."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given

from agenttrace.model.call import Answer, Chunk, Failure
from agenttrace.model.message import ModelRequest, ModelResponse
from agenttrace.model.values import Value, canonical
from agenttrace.providers import catalog, sse
from agenttrace.providers.provider import Provider, usage_of, written
from tests.fakes.messages import errors, requests, responses

EVERY_PROVIDER = pytest.mark.parametrize(
    "provider", catalog.all_providers(), ids=lambda it: it.name
)
CASSETTES = Path(__file__).parents[1] / "data" / "cassettes"


@dataclass(frozen=True)
class Interaction:
    """One request of a cassette, and what the real service answered."""

    method: str
    path: str
    body: Value
    answer: Answer


def interactions(cassette: Path) -> Iterator[Interaction]:
    """Read a cassette, whichever of the common ways it keeps bodies in."""
    for one in yaml.safe_load(cassette.read_text("utf-8"))["interactions"]:
        asked, said = one["request"], one["response"]
        body = asked["parsed_body"] if "parsed_body" in asked else json.loads(asked["body"])
        if "parsed_body" in said:
            data = json.dumps(said["parsed_body"]).encode()
        else:
            text = said["body"]["string"]
            data = gzip.decompress(text) if isinstance(text, bytes) else text.encode()
        streamed = data.startswith(b"data:")
        kind = "text/event-stream" if streamed else "application/json"
        head: Value = {"status": said["status"]["code"], "headers": [["content-type", kind]]}
        chunks = sse.split(data) if streamed else (data,)
        yield Interaction(
            asked["method"],
            "/" + asked["uri"].split("/", 3)[3],
            canonical(body),
            Answer(head=head, chunks=tuple(Chunk(data=it) for it in chunks), streamed=streamed),
        )


def real() -> list[Any]:
    """Every interaction of every cassette of a provider's."""
    return [
        pytest.param(provider, one, id=f"{cassette.stem}-{nth}")
        for provider in catalog.all_providers()
        for cassette in sorted((CASSETTES / provider.name).glob("*.yaml"))
        for nth, one in enumerate(interactions(cassette))
    ]


REAL = pytest.mark.parametrize(("provider", "one"), real())


@EVERY_PROVIDER
@given(request=requests)
def test_a_request_that_was_written_reads_back(provider: Provider, request: ModelRequest) -> None:
    """Stubs and imports lose no word on their way to the wire."""
    body = provider.write_request(request)
    assert provider.read_request(canonical(json.loads(json.dumps(body)))) == request


@EVERY_PROVIDER
@given(response=responses)
def test_an_answer_that_was_written_reads_back(provider: Provider, response: ModelResponse) -> None:
    """Whole answers say what they were made from."""
    assert provider.read_response(written(provider, response, stream=False)) == response


@EVERY_PROVIDER
@given(response=responses)
def test_a_stream_says_what_the_whole_answer_says(
    provider: Provider, response: ModelResponse
) -> None:
    """An agent that streams and one that does not get the same message."""
    stream = written(provider, response, stream=True)
    assert stream.streamed
    assert sse.split(stream.body) == tuple(chunk.data for chunk in stream.chunks)
    assert provider.is_last(stream.chunks[-1].data)
    assert not any(provider.is_last(chunk.data) for chunk in stream.chunks[:-1])
    assert provider.read_response(stream) == response


@EVERY_PROVIDER
@given(response=errors)
def test_an_error_that_was_written_reads_back(provider: Provider, response: ModelResponse) -> None:
    """Status, message and kind survive; an error is never streamed."""
    answer = written(provider, response, stream=True)
    assert not answer.streamed
    assert provider.read_response(answer) == response


@REAL
def test_the_real_world_is_understood(provider: Provider, one: Interaction) -> None:
    """Each recorded request is known for what it is, and each answer has a message or an error."""
    assert catalog.provider_for(one.method, one.path, one.body) is provider
    request, response = provider.read_request(one.body), provider.read_response(one.answer)
    assert request.model
    assert request.messages
    assert bool(response.messages) != bool(response.error)
    assert response.error or usage_of(response) is not None


@REAL
def test_a_real_conversation_survives_being_written_again(
    provider: Provider, one: Interaction
) -> None:
    """What the world said can be said again to an SDK, in either way."""
    request = provider.read_request(one.body)
    assert provider.read_request(canonical(provider.write_request(request))) == request
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
