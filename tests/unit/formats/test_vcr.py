"""Cassettes in every layout, and those that nobody should read."""

from __future__ import annotations

import base64
import gzip
import json
import time
import zlib
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from vcr.request import Request
from vcr.serialize import serialize
from vcr.serializers import jsonserializer, yamlserializer

from agenttrace.errors import CassetteUnreadable
from agenttrace.formats import vcr
from agenttrace.formats.vcr import Exchange

URL = "https://api.example.com/v1/messages?beta=true"
ASKED, SAID = b'{"model":"m","text":"d\xc3\xa9j\xc3\xa0"}', b'{"said":"\xf0\x9f\x91\x8d"}'
EXCHANGE = Exchange(
    method="POST",
    url=URL,
    body=ASKED,
    content_type="application/json",
    status=200,
    headers=(("content-type", "application/json"),),
    answer=SAID,
)


def written_by_vcrpy(serializer: object, body: bytes = SAID, **headers: str) -> bytes:
    """One exchange, as vcrpy itself writes it."""
    request = Request("POST", URL, ASKED, {"content-type": "application/json"})
    response = {
        "status": {"code": 200, "message": "OK"},
        "headers": {"content-type": ["application/json"], **{k: [v] for k, v in headers.items()}},
        "body": {"string": body},
    }
    text: str = serialize({"requests": [request], "responses": [response]}, serializer)
    return text.encode()


def read(text: str | bytes) -> list[Exchange]:
    """Read a cassette, lines forgotten."""
    from dataclasses import replace

    data = text if isinstance(text, bytes) else text.encode()
    return [replace(one, line=0) for one in vcr.read(data, name="c.yaml")]


@pytest.mark.parametrize("serializer", [yamlserializer, jsonserializer], ids=["yaml", "json"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzipped"])
def test_what_vcrpy_writes_is_read_to_the_byte(serializer: object, packed: bool) -> None:
    """Both of its serializers, and files that somebody compressed."""
    data = written_by_vcrpy(serializer)

    assert read(gzip.compress(data) if packed else data) == [EXCHANGE]


RAW = zlib.compressobj(wbits=-15)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(SAID)),
        ("deflate", zlib.compress(SAID)),
        ("deflate", RAW.compress(SAID) + RAW.flush()),
        ("gzip", SAID),
        ("br", SAID),
    ],
    ids=["gzip", "zlib", "raw", "decoded", "brotli-decoded"],
)
def test_a_compressed_body_is_read_as_the_program_saw_it(encoding: str, body: bytes) -> None:
    """Whether vcrpy decoded it or not, the answer is the same."""
    data = written_by_vcrpy(yamlserializer, body, **{"content-encoding": encoding})

    assert [one.answer for one in read(data)] == [SAID]


def test_the_three_layouts_say_the_same() -> None:
    """The one of vcrpy, LangChain's two lists, and one exchange in a file."""
    request = {
        "method": "POST",
        "uri": URL,
        "body": ASKED.decode(),
        "headers": {"content-type": ["application/json"]},
    }
    response = {
        "status": {"code": 200},
        "headers": {"content-type": "application/json"},
        "body": {"string": SAID.decode()},
    }
    one = {"request": request, "response": response}

    for layout in (
        {"interactions": [one], "version": 1},
        {"requests": [request], "responses": [response]},
        {"request": {**request, "url": URL}, "response": {**response, "body": SAID.decode()}},
    ):
        assert read(json.dumps(layout)) == [EXCHANGE]


@pytest.mark.parametrize(
    "body",
    [
        {"base64_string": base64.b64encode(SAID).decode()},
        {"string": base64.b64encode(SAID).decode(), "encoding": "base64"},
        {"string": SAID.decode(), "encoding": "utf-8"},
    ],
    ids=["base64_string", "encoding", "text"],
)
def test_a_body_in_base64_is_read(body: object) -> None:
    """Serializers keep bytes in one of two ways."""
    one = {"request": {"uri": URL}, "response": {"body": body}}

    assert [it.answer for it in read(json.dumps(one))] == [SAID]


@pytest.mark.parametrize("parser", ["C", "Python"])
def test_a_parsed_body_keeps_its_types(parser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain scalars mean what YAML 1.1 says; what is quoted or looks like a date is text."""
    text = f"""
interactions:
- request:
    uri: {URL}
    method: post
    parsed_body: {{a: 1, b: 1.5, c: true, d: null, e: '1', f: 2026-01-02, g: 0x10, h: -0, i: off}}
  response:
    status: {{code: 201}}
    parsed_body: &shared [one, ~]
- request: {{uri: '{URL}', body: ''}}
  response: {{body: {{string: !!binary aGk=}}, status_code: "404", also: *shared}}
"""
    if parser == "Python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)

    first, second = read(text)

    assert json.loads(first.body) == {
        "a": 1,
        "b": 1.5,
        "c": True,
        "d": None,
        "e": "1",
        "f": "2026-01-02",
        "g": 16,
        "h": 0,
        "i": False,
    }
    assert (first.method, first.status, first.answer) == ("POST", 201, b'["one",null]')
    assert (second.method, second.status, second.answer, second.target) == (
        "GET",
        404,
        b"hi",
        "/v1/messages?beta=true",
    )


GOOD = f"interactions:\n- request: {{uri: {URL}}}\n  response: "
LAUGHS = "a0: &a0 [l, l, l, l, l, l, l, l, l, l]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (GOOD + "!!python/object/apply:os.system ['echo hi']", "c.yaml:3: the tag !!python/object"),
        (GOOD + "!!python/name:os.system x", "c.yaml:3: the tag !!python/name:os.system would"),
        (GOOD + "!mine {a: 1}", "c.yaml:3: the tag !mine would make an object"),
        (GOOD + "{body: {string: !!binary '&&&'}}", "c.yaml:3: a !!binary value is not base64"),
        (GOOD + "{body: {base64_string: '&&&'}}", "c.yaml:3: a body that is said to be base64"),
        (GOOD + "{status: {code: fine}}", "c.yaml:3: the status 'fine' is no number"),
        (GOOD + "{body: {string: !!binary H4sIAAAA}}", "c.yaml:2: "),
        (GOOD + "*nobody", "c.yaml:3: the alias *nobody stands for nothing before it"),
        (GOOD + "&own [*own]", "c.yaml:3: the alias *own stands for nothing before it"),
        (LAUGHS, "its aliases stand for more than 2000000 values"),
        ("[" * 200 + "]" * 200, "c.yaml: it is not JSON"),
        ("a: " + "[" * 200 + "]" * 200, "c.yaml:1: it is nested more than 100 deep"),
        ("interactions:\n- response: {}\n", "c.yaml:2: an interaction has no request"),
        ("interactions:\n- request: {}\n", "c.yaml:2: an interaction has no response"),
        ("interactions:\n- request: {}\n  response: {}\n", "c.yaml:2: the request's address was"),
        ("requests: [{}]\nresponses: []\n", "c.yaml:1: it holds 1 request and 0 responses"),
        ("a: b\n", "c.yaml:1: it holds no interactions, so it is no cassette"),
        ("a: b\n---\na: b\n", "it holds more than one document"),
        ("a: [b\nc: d", "c.yaml:2: it is not YAML"),
        ("? [a]\n: b\n", "a key is a list or a mapping"),
        ('{"a": }', "c.yaml:1: it is not JSON"),
        ("", "it holds no interactions"),
    ],
)
def test_what_cannot_be_read_safely_is_refused_with_file_and_line(text: str, why: str) -> None:
    """Nothing is executed, nothing blows up, and the message says where to look."""
    began = time.monotonic()

    with pytest.raises(CassetteUnreadable) as caught:
        vcr.read(text.encode(), name="c.yaml")

    assert why in str(caught.value)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (gzip.compress(b"a: b\n" * 1000)[:-30], "what is compressed in it was cut short"),
        (b"\x1f\x8b\x08\x00rubbish rubbish", "it is said to be gzip, and is damaged"),
        (
            written_by_vcrpy(yamlserializer, b"\xff\xfe\x00", **{"content-encoding": "br"}),
            "compressed as br, which we do not read",
        ),
        (
            written_by_vcrpy(yamlserializer, b"\xff\xfe\x00", **{"content-encoding": "deflate"}),
            "a body is said to be compressed, and is damaged",
        ),
    ],
    ids=["cut", "damaged", "brotli", "deflate"],
)
def test_what_is_compressed_and_damaged_is_refused(data: bytes, why: str) -> None:
    """An answer that was not understood must not be served as if it were."""
    with pytest.raises(CassetteUnreadable, match=why):
        vcr.read(data, name="c.yaml")


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would fill the memory is refused while it is unpacked."""
    monkeypatch.setattr(vcr, "LONGEST", 1 << 16)

    with pytest.raises(CassetteUnreadable, match="more than 65536 bytes"):
        vcr.read(gzip.compress(b" " * (1 << 20)), name="c.yaml")


@given(noise=st.binary(max_size=200))
def test_any_bytes_are_a_cassette_or_an_error_with_a_name(noise: bytes) -> None:
    """A stranger's file never surfaces as a KeyError from the depths."""
    for data in (noise, b"interactions:\n- " + noise, b'{"request": ' + noise):
        try:
            vcr.read(data)
        except CassetteUnreadable:
            continue


def test_a_cassette_of_plain_yaml_needs_the_library_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """PyYAML is an extra; JSON is read without it."""
    monkeypatch.setitem(__import__("sys").modules, "yaml", None)

    with pytest.raises(CassetteUnreadable, match="needs PyYAML, which is not installed"):
        vcr.read(b"a: b\n")
    assert read(written_by_vcrpy(jsonserializer)) == [EXCHANGE]
