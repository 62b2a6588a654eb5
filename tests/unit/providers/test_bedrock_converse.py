"""Bedrock's Converse and its binary frames; botocore reads what we write."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from agenttrace.adapters.http import Segments
from agenttrace.model.call import Answer, Chunk
from agenttrace.model.message import Message, ModelResponse, Reasoning, Text, ToolCall
from agenttrace.model.usage import Tokens
from agenttrace.providers import frames
from agenttrace.providers.bedrock_converse import BedrockConverse
from agenttrace.providers.provider import FRAMES, written

BEDROCK = BedrockConverse()
PATH = "/model/us.amazon.nova-micro-v1%3A0/converse"


@pytest.mark.parametrize(
    ("path", "speaks"),
    [
        (PATH, True),
        (f"{PATH}-stream", True),
        ("/model/claude/invoke-with-response-stream", False),
        ("/converse", False),
    ],
    ids=["whole", "stream", "invoke", "other"],
)
def test_a_request_is_known_by_its_path(path: str, speaks: bool) -> None:
    """`invoke` carries each vendor's own language, and stays plain HTTP."""
    assert BEDROCK.speaks("POST", path, {"messages": []}) is speaks


def test_the_model_stands_in_the_path() -> None:
    """With its colon, which the wire escapes."""
    assert BEDROCK.title({}, PATH) == "chat us.amazon.nova-micro-v1:0"


def test_cached_input_counts_as_input() -> None:
    """On the wire the caches stand beside the input."""
    usage = {"inputTokens": 5, "outputTokens": 3, "cacheReadInputTokens": 20}
    body = {"output": {"message": {"role": "assistant", "content": []}}, "usage": usage}
    response = BEDROCK.read_response(Answer(chunks=(Chunk(data=json.dumps(body).encode()),)))
    assert response.tokens == Tokens(input=25, output=3, cache_read=20)


def test_botocore_reads_the_frames_that_we_write() -> None:
    """Lengths, headers and both checksums are as Amazon wants them."""
    parts = (
        Reasoning(content="hm, so", signature="seal"),
        Text(content="one two"),
        ToolCall(name="f", arguments='{"order":"A-17"}', id="t1"),
    )
    said = Message(role="assistant", parts=parts, finish_reason="tool_call")
    response = ModelResponse(model="", messages=(said,), tokens=Tokens(input=2, output=1))
    buffer = EventStreamBuffer()
    buffer.add_data(written(BEDROCK, response, stream=True).body)
    events = [event.to_response_dict() for event in buffer]
    assert {event["headers"][":message-type"] for event in events} == {"event"}
    words = [
        json.loads(event["body"])["delta"].get("text", "")
        for event in events
        if event["headers"][":event-type"] == "contentBlockDelta"
    ]
    assert "".join(words) == "one two"
    assert events[-1]["headers"][":event-type"] == "metadata"


def test_an_exception_in_a_stream_is_an_error() -> None:
    """A throttled stream says so in a frame."""
    frame = frames.write("x", {"message": "slow down"})
    frame = frame.replace(b"\x0b:event-type\x07\x00\x01x", b"\x0f:exception-type\x07\x00\x01x")
    size = (len(frame)).to_bytes(4, "big")
    held = (int.from_bytes(frame[4:8], "big") + 4).to_bytes(4, "big")
    head: Any = {"status": 200, "headers": [["content-type", FRAMES]]}
    data = size + held + frame[8:]
    response = BEDROCK.read_response(Answer(head=head, chunks=(Chunk(data=data),), streamed=True))
    assert (response.error, response.extra) == ("slow down", {"type": "x"})
    assert BEDROCK.is_last(data)


@given(texts=st.lists(st.text(max_size=20), max_size=4), cuts=st.lists(st.integers(0, 400)))
def test_any_segmentation_gives_the_same_frames(texts: list[str], cuts: list[int]) -> None:
    """TCP segments differ from run to run; a golden must not."""
    whole = [frames.write("e", {"text": text}) for text in texts]
    stream = b"".join(whole)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    segments = Segments(FRAMES)
    found = [frame for a, b in itertools.pairwise(edges) for frame in segments.feed(stream[a:b])]
    assert [*found, *segments.finish()] == whole
    assert [frames.read(frame)[1] for frame in whole] == [{"text": text} for text in texts]


@given(stream=st.binary(max_size=60))
def test_what_is_no_frame_is_handed_on_as_it_is(stream: bytes) -> None:
    """No byte is lost, and nothing is raised."""
    assert b"".join(frames.split(stream)) == stream
    for piece in frames.split(stream):
        frames.read(piece)
