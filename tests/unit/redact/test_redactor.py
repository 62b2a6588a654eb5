"""Redactor: what goes out of a text and what stays, and that both stay so."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenttrace.errors import UsageError
from agenttrace.model.lane import Step
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.trace import Trace
from agenttrace.redact import KNOWN, Redactor, Wishes, left_in, numbered
from agenttrace.redact.markers import NAME, marker
from agenttrace.redact.redactor import Found
from agenttrace.redact.streams import Stream
from tests.fakes.secrets import Sample, leaks, samples

KEY = b"k" * 16
SAMPLES = samples()
NAMED = pytest.mark.parametrize(
    "sample", SAMPLES, ids=[f"{nth} {sample.kind}" for nth, sample in enumerate(SAMPLES)]
)


def ordinary(size: int) -> str:
    """Text as agents say it: words, ids, hashes, images, numbers of tokens; none of it a secret."""
    picture = base64.b64encode(hashlib.shake_256(b"picture").digest(3000)).decode()
    parts = [
        "The key to a password is to keep it secret; a token, an api key: ask the bearer of it. ",
        str(uuid.UUID(bytes=hashlib.sha256(b"id").digest()[:16])),
        hashlib.sha256(b"hash").hexdigest(),
        hashlib.sha1(b"hash", usedforsecurity=False).hexdigest(),
        json.dumps({"max_tokens": 100, "prompt_tokens": 5, "tool_call_id": "call_9aKf82LkQm2"}),
        json.dumps({"id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT", "toolu": "toolu_01A09q90qw9"}),
        f"data:image/png;base64,{picture}",
        "https://docs.example/a/b?page_token=3&q=1 me@example.com git@github.com:a/b.git",
        "sha512-" + base64.b64encode(hashlib.sha512(b"lock").digest()).decode(),
        "risk-averse task-force disk-based ask-me-anything-about-this-very-long-thing",
    ]
    whole = " ".join(parts)
    return (whole * (size // len(whole) + 1))[:size]


@NAMED
def test_each_kind_is_known_by_its_name_and_nothing_of_it_stays(sample: Sample) -> None:
    """The marker says the kind, whatever stands around the secret."""
    for around in ("{}", "so: {} .", '"{}"', "a\n{}\nb", "({})"):
        clean = Redactor(key=KEY).text(around.format(sample.text))

        assert leaks(clean, (sample,)) == []
        assert marker(sample.kind) in clean


@NAMED
def test_what_is_clean_stays_as_it_is(sample: Sample) -> None:
    """A replay gives the agent what was written down; what it says of that is the same again."""
    redactor = Redactor(key=KEY)
    said, heard = redactor.text(sample.text), redactor.given(sample.text)

    assert Redactor(key=b"another").text(said) == said
    assert Redactor(key=b"another").given(heard) == heard
    assert Redactor(key=b"another").text(heard) == said


def test_no_marker_holds_what_would_be_taken_out_again() -> None:
    """Every kind that we know has a marker that is left alone, under every name."""
    redactor = Redactor(key=KEY)

    for name in KNOWN:
        assert NAME.fullmatch(name), name
        for text in (marker(name), f"password={marker(name)}", f'{{"api_key": "{marker(name)}"}}'):
            assert redactor.text(text) == text


def test_ten_million_characters_of_ordinary_text_are_given_back_as_they_are() -> None:
    """Ids, hashes, pictures and talk of passwords: the same object, in one pass."""
    text = ordinary(10_000_000)

    assert Redactor(key=KEY).text(text) is text


@pytest.mark.parametrize(
    "hard",
    [
        "sk-" * 200_000,
        "eyJ" * 200_000,
        "-----BEGIN PRIVATE KEY-----" * 20_000,
        "-----BEGIN RSA PRIVATE KEY-----\\n" * 20_000,
        "://a:" * 100_000,
        "password=" * 20_000,
        'password="' * 20_000,
        "Authorization: Bearer " * 10_000,
        "AKIA" * 150_000,
        "a" * 500_000,
        "JQQJ99" * 80_000,
        "xoxb-" * 100_000,
    ],
    ids=lambda text: text[:31],
)
def test_texts_made_to_be_slow_are_read_as_far_as_any(hard: str) -> None:
    """Literals without end, and nothing behind them: one pass; what is quadratic takes hours."""
    redactor = Redactor(key=KEY)

    assert redactor.text(hard) == redactor.text(redactor.text(hard))


def test_a_value_that_stood_under_a_secrets_name_is_known_wherever_it_comes_again() -> None:
    """A token that was returned is sent on in a place that says nothing about it."""
    redactor = Redactor(key=KEY)

    answer = redactor.given('{"access_token": "opaque-4711-token"}')

    assert re.fullmatch(r'{"access_token": "<token~[0-9a-f]{12}>"}', answer)
    assert redactor.text("GET /x?t=opaque-4711-token") == "GET /x?t=<token>"


def test_secrets_of_the_environment_are_known_by_their_variables() -> None:
    """A key that looks like nothing is known because its variable is called a key."""
    plain = hashlib.sha256(b"mistral").hexdigest()[:32]

    redactor = Redactor(environment={"MISTRAL_API_KEY": plain, "HOME": "/home/a-user-of-ours"})

    assert redactor.text(f"use {plain} in /home/a-user-of-ours") == (
        "use <api-key> in /home/a-user-of-ours"
    )


def test_names_are_known_in_mappings_pairs_and_keys_of_any_case() -> None:
    """Structure says more than text: a value under a secret's name needs no look of one."""
    value = {
        "headers": [["X-API-Key", "abc"], ["Accept", "text/plain"]],
        "clientSecret": "abc",
        "schema": {"password": {"type": "string"}},
        "Set-Cookie": "sid=abc; Path=/",
        "tokens": ["abc"],
    }

    assert Redactor().said(value) == {
        "headers": [["X-API-Key", "<api-key>"], ["Accept", "text/plain"]],
        "clientSecret": "<secret>",
        "schema": {"password": {"type": "string"}},
        "Set-Cookie": "sid=<cookie>; Path=/",
        "tokens": ["abc"],
    }


@given(
    st.lists(st.integers(1, 20), min_size=1, max_size=12),
    st.sampled_from([s for s in SAMPLES if s.kind != "private-key"]),
)
def test_a_secret_that_is_cut_over_pieces_goes_out_of_all_of_them(
    sizes: list[int], sample: Sample
) -> None:
    """Wherever a stream is cut: as many pieces, none holds any of it, and a replay changes none."""
    text, pieces = f"It is {sample.text} now, and more.", []
    for size in sizes:
        pieces.append(text[:size])
        text = text[size:]
    documents = [json.dumps({"delta": {"text": piece}}) for piece in (*pieces, text)]
    events = [f"data: {document}\n\n".encode() for document in documents]

    clean = passed(events, KEY)

    assert len(clean) == len(events)
    said = "".join(json.loads(event[len(b"data: ") :])["delta"]["text"] for event in clean)
    assert leaks(said, (sample,)) == []
    assert passed(clean, b"another") == clean


def passed(events: list[bytes], key: bytes) -> list[bytes]:
    """Pieces after they went through a stream."""
    stream = Stream(Redactor(key=key))
    return [*(one for event in events for one in stream.feed(event)), *stream.finish()]


def test_pieces_of_ordinary_words_are_not_held_back() -> None:
    """What a kill loses is no more than what might have been the beginning of a secret."""
    stream = Stream(Redactor(key=KEY))

    for word in ("the ", "order ", "was ", "paid "):
        assert stream.feed(word.encode()) == [word.encode()]
    assert stream.feed(b"with sk-") == []


def test_two_secrets_of_a_kind_are_told_apart_by_their_order_and_one_by_none() -> None:
    """A program that keeps tokens in a dict keeps as many of them in a replay."""
    redactor = Redactor(key=KEY)
    first, second = samples("one")[25].secret, samples("two")[25].secret
    spans = [
        Span(
            id=f"{nth + 1:016x}",
            name=text,
            kind=SpanKind.TOOL,
            position=(Step("tool", "t", nth),),
            attributes={"said": redactor.given(text)},
        )
        for nth, text in enumerate([second, first, second])
    ]
    trace = Trace(id="1" * 32, name="a run", spans=tuple(spans))

    said = [span.attributes["said"] for span in numbered(trace).spans]

    assert said == ["<github-token>", "<github-token-2>", "<github-token>"]
    assert redactor.plain(tuple(said)) == ("<github-token>",) * 3


def test_a_trace_that_still_holds_a_secret_says_where_and_which_kind_and_not_what() -> None:
    """The last look before a golden is written, at names and places too."""
    sample = SAMPLES[0]
    span = Span(id="1" * 16, name=f"use {sample.secret}", kind=SpanKind.TOOL)
    trace = Trace(id="1" * 32, name="a run", spans=(span,))

    found = list(left_in(trace, Redactor()))

    assert [(it.span, it.place, it.kind) for it in found] == [
        ("use <openai-key>", "name", "openai-key")
    ]


def test_a_user_adds_kinds_and_leaves_others_in() -> None:
    """Personal data has no form that everybody knows."""
    redactor = Redactor(Wishes.of(["customer = C-[0-9]{6}", "!openai-key", "!password"]))
    key = SAMPLES[0].secret

    assert redactor.find("C-123456") == [Found(0, 8, "customer")]
    assert redactor.text(f"C-123456 {key}") == f"<customer> {key}"
    assert redactor.said({"password": "hunter2"}) == {"password": "hunter2"}


@pytest.mark.parametrize(
    "line", ["no", "!no-kind", "x = (", "x = a*", "Name = a", "x1 = a", "mark = <mark>"]
)
def test_a_line_that_says_no_kind_is_refused(line: str) -> None:
    """A pattern that would never work, or never stop, is found before anything is recorded."""
    with pytest.raises(UsageError, match=re.escape(repr(line))):
        Wishes.of([line])


def test_a_function_of_the_users_must_leave_alone_what_it_gave() -> None:
    """Else a replay would say something else than the recording."""
    good = Redactor(Wishes.of([], lambda text: text.replace("Ada", "<customer>")))
    bad = Redactor(Wishes.of([], lambda text: f"{text}!"))

    assert good.text("Ada called") == "<customer> called"
    with pytest.raises(UsageError, match="changed by it once more"):
        bad.text("Ada called")


def test_what_others_cut_short_is_still_taken_out_of_what_is_shown() -> None:
    """An assertion shows the two ends of a long string."""
    redactor, secret = Redactor(key=KEY), SAMPLES[0].secret
    redactor.text(secret)

    shown = redactor.shown(f"assert '{secret[:14]}...{secret[-12:]}' == 'nope'")

    assert shown == "assert '<openai-key>...' == 'nope'"
