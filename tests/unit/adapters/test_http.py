"""HTTP as questions and answers, whichever client carries it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agenttrace.adapters.http import Segments, head_of, question_of, status_and_headers


@given(pieces=st.lists(st.sampled_from([b"a", b"\n", b"bc\r\n", b""]), max_size=10))
def test_lines_are_the_pieces_of_a_stream_of_lines(pieces: list[bytes]) -> None:
    """However the network cuts them."""
    segments = Segments("application/x-ndjson")
    lines = [line for piece in pieces for line in segments.feed(piece)] + segments.finish()
    whole = b"".join(pieces)
    assert b"".join(lines) == whole
    assert all(line.count(b"\n") <= 1 for line in lines)
    assert all(line.endswith(b"\n") for line in lines[: whole.count(b"\n")])


def test_of_any_other_stream_the_segments_are_handed_on() -> None:
    """Nobody knows what belongs together, and nobody may wait for more."""
    segments = Segments("text/plain")
    assert [*segments.feed(b"one "), *segments.feed(b""), *segments.feed(b"two")] == [
        b"one ",
        b"two",
    ]
    assert segments.finish() == []


def test_only_headers_that_clients_act_on_are_kept() -> None:
    """Dates, cookies, limits and server names vary from run to run."""
    headers = [
        ("Content-Type", "text/plain"),
        ("Date", "today"),
        ("Set-Cookie", "a"),
        ("Retry-After", "1"),
    ]
    head = head_of(429, headers)
    assert status_and_headers(head) == (429, [("content-type", "text/plain"), ("retry-after", "1")])


def test_a_json_body_is_what_it_says_and_not_how_it_is_spelled() -> None:
    """Order of keys and spaces mean nothing."""
    one, _ = question_of("POST", "/x", b'{"a": 1, "b": [2]}', "application/json")
    two, _ = question_of("POST", "/x", b'{"b":[2],"a":1}', "application/json")
    assert (
        one.body
        == two.body
        == {"method": "POST", "path": "/x", "query": [], "body": {"a": 1, "b": [2]}}
    )


def test_a_body_that_is_no_json_is_text_or_bytes() -> None:
    """Nothing is guessed."""
    kinds = [b"a=1", b"\xff\x00", b"", b"{broken"]
    said = [question_of("PUT", "/x", body, "")[0].body["body"] for body in kinds]
    assert said == ["a=1", b"\xff\x00", None, "{broken"]


def test_an_unknown_json_api_stays_a_plain_call() -> None:
    """A service that nobody taught us is recorded and replayed all the same."""
    question, provider = question_of(
        "POST", "/v2/think?n=1", b'{"prompt": "x"}', "application/json"
    )
    assert provider is None
    assert (question.kind, question.operation) == ("http", "POST /v2/think")


def test_a_model_that_only_the_path_names_is_named() -> None:
    """Gemini and Bedrock have it there; the span and its title need it."""
    path = "/v1beta/models/gemini-3:streamGenerateContent"
    question, provider = question_of("POST", f"{path}?alt=sse", b'{"contents": []}', "")
    assert provider is not None
    assert (question.kind, question.operation, question.title) == ("llm", "chat", "chat gemini-3")
    assert question.attributes["gen_ai.request.model"] == "gemini-3"
