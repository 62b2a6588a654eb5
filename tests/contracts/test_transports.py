"""One suite over every client: what was said is said again, and nobody is asked."""

from __future__ import annotations

import asyncio
import http.client
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests
import urllib3

import agenttrace
from agenttrace.causal.places import POSITION
from agenttrace.errors import StreamReadPast
from agenttrace.model.lane import text_of
from tests.fakes.plain_server import PlainServer, nowhere
from tests.fakes.replayed import a_run, replay_of, said

BODY = b'{"a": 1}'
Headers = dict[str, str]
JSON: Headers = {"content-type": "application/json"}

Seen = tuple[int, dict[str, str], bytes]


def patience_s(url: str) -> float:
    """How long a client waits: too short for the slow path, and for no other on a busy machine."""
    return 0.3 if url.endswith("/slow") else 60


def by_httpx(url: str, headers: Headers = JSON) -> Seen:
    """httpx, whole."""
    response = httpx.post(url, content=BODY, headers=headers, timeout=patience_s(url))
    return response.status_code, dict(response.headers), response.content


def by_httpx2(url: str, headers: Headers = JSON) -> Seen:
    """httpx2, in pieces."""
    with httpx2.stream(
        "POST", url, content=BODY, headers=headers, timeout=patience_s(url)
    ) as response:
        return response.status_code, dict(response.headers), b"|".join(response.iter_bytes())


def by_requests(url: str, headers: Headers = JSON) -> Seen:
    """requests, whole."""
    response = requests.post(
        url, data=BODY, headers=headers, timeout=patience_s(url), allow_redirects=False
    )
    return response.status_code, dict(response.headers), response.content


def by_requests_lines(url: str, headers: Headers = JSON) -> Seen:
    """requests, line by line."""
    asked: Any = {"data": BODY, "headers": headers, "timeout": patience_s(url), "stream": True}
    with requests.post(url, allow_redirects=False, **asked) as response:
        return response.status_code, dict(response.headers), b"|".join(response.iter_lines())


def by_urllib3(url: str, headers: Headers = JSON) -> Seen:
    """urllib3, whole."""
    with urllib3.PoolManager(retries=False) as pool:
        response = pool.request("POST", url, body=BODY, headers=headers, timeout=patience_s(url))
        return response.status, dict(response.headers), response.data


def by_urllib3_pieces(url: str, headers: Headers = JSON) -> Seen:
    """urllib3, as it comes."""
    with urllib3.PoolManager(retries=False) as pool:
        asked: Any = {"body": BODY, "headers": headers, "timeout": patience_s(url)}
        response = pool.request("POST", url, preload_content=False, **asked)
        found = b"|".join(response.stream())
        response.release_conn()
        return response.status, dict(response.headers), found


def by_urllib(url: str, headers: Headers = JSON) -> Seen:
    """urllib.request, whole."""
    request = urllib.request.Request(url, data=BODY, headers=headers)
    with urllib.request.urlopen(request, timeout=patience_s(url)) as response:
        return response.status, dict(response.headers), response.read()


def by_http_client(url: str, headers: Headers = JSON) -> Seen:
    """http.client, the body sent after the head, the answer read line by line."""
    address, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(address, timeout=patience_s(url))
    try:
        connection.putrequest("POST", f"/{path}")
        for name, value in {**headers, "content-length": f"{len(BODY)}"}.items():
            connection.putheader(name, value)
        connection.endheaders()
        connection.send(BODY)
        response = connection.getresponse()
        return response.status, dict(response.headers), b"|".join(response)
    finally:
        connection.close()


def by_aiohttp(url: str, headers: Headers = JSON) -> Seen:
    """aiohttp, whole."""
    return asyncio.run(_by_aiohttp(url, lambda response: response.read(), headers))


def by_aiohttp_pieces(url: str, headers: Headers = JSON) -> Seen:
    """aiohttp, as it comes."""

    async def read(response: aiohttp.ClientResponse) -> bytes:
        return b"|".join([piece async for piece in response.content.iter_any()])

    return asyncio.run(_by_aiohttp(url, read, headers))


def by_aiohttp_lines(url: str, headers: Headers = JSON) -> Seen:
    """aiohttp, line by line, as google-genai reads."""

    async def read(response: aiohttp.ClientResponse) -> bytes:
        return b"|".join([line async for line in response.content])

    return asyncio.run(_by_aiohttp(url, read, headers))


async def _by_aiohttp(
    url: str, read: Callable[[aiohttp.ClientResponse], Any], headers: Headers
) -> Seen:
    timeout = aiohttp.ClientTimeout(total=patience_s(url))
    async with aiohttp.ClientSession(timeout=timeout) as session:
        asked: Any = {"data": BODY, "headers": headers, "allow_redirects": False}
        async with session.post(url, **asked) as response:
            assert isinstance(response, aiohttp.ClientResponse)
            return response.status, dict(response.headers), await read(response)


CLIENTS = (
    by_httpx,
    by_httpx2,
    by_requests,
    by_requests_lines,
    by_urllib3,
    by_urllib3_pieces,
    by_urllib,
    by_http_client,
    by_aiohttp,
    by_aiohttp_pieces,
    by_aiohttp_lines,
)
EVERY_CLIENT = pytest.mark.parametrize("client", CLIENTS, ids=lambda one: one.__name__)
PATHS = (
    "/echo?q=1",
    "/status/204",
    "/status/400",
    "/status/429",
    "/gzip",
    "/deflate",
    "/again",
    "/events",
    "/cut",
    "/half",
    "/drop",
    "/slow",
)


def told(client: Callable[[str], Seen], url: str) -> object:
    """Ask; give what is answered, or all that the error says. Cookies are for the live client."""
    try:
        status, headers, body = client(url)
    except Exception as error:
        return type(error), str(error), getattr(error, "status", None)
    return status, {name: value for name, value in headers.items() if name != "set-cookie"}, body


@pytest.fixture
def server() -> Iterator[PlainServer]:
    """A server that counts, and misbehaves where it is told to."""
    with PlainServer() as one:
        yield one


@EVERY_CLIENT
def test_what_was_said_is_said_again(client: Callable[[str], Seen], server: PlainServer) -> None:
    """Bodies, compressed or not, streams, statuses and every kind of failure, from no server."""
    with nowhere() as there:
        urls = [server.url + path for path in PATHS] + [there + "/echo"]
        with a_run() as recorded:
            first = [told(client, url) for url in urls]
        came = server.count
        with replay_of(recorded.trace) as replayed:
            second = [told(client, url) for url in urls]

    assert second == first
    assert said(replayed.trace) == said(recorded.trace)
    assert server.count == came
    assert replayed.door.counts.live == 0


@EVERY_CLIENT
def test_every_client_says_the_same_question(
    client: Callable[[str], Seen], server: PlainServer
) -> None:
    """A golden does not know which client made it."""
    with a_run() as recorded:
        client(server.url + "/echo?q=1")
        client(server.url + "/gzip")

    echo, packed = recorded.calls
    assert echo.question == {
        "method": "POST",
        "path": "/echo",
        "query": [["q", "1"]],
        "body": {"a": 1},
    }
    assert (echo.name, packed.answers[0].body) == ("POST /echo", b'{"found": 2}')
    assert packed.answers[0].head == {
        "status": 200,
        "headers": [["content-type", "application/json"]],
    }


@EVERY_CLIENT
def test_a_request_that_says_who_asks_says_which_call_it_is(
    client: Callable[..., Seen], server: PlainServer
) -> None:
    """Who serves it stands in the call itself, whichever client brought it; others say nothing."""
    with a_run() as recorded:
        client(server.url + "/echo", dict(agenttrace.inject(JSON.copy())))
        client(server.url + "/echo")
    with replay_of(recorded.trace) as replayed:
        client(server.url + "/echo", dict(agenttrace.inject(JSON.copy())))

    call, headers, plain = recorded.calls[0], *server.headers
    caller = agenttrace.extract(headers)
    assert (caller.place, caller.id) == (text_of(call.position), call.id)
    assert headers.get_all(POSITION) == [headers[POSITION]]
    assert headers.get_all("content-type") == ["application/json"]
    assert POSITION not in plain
    assert replayed.calls[0].position == call.position


@EVERY_CLIENT
def test_an_event_stream_is_recorded_event_by_event(
    client: Callable[[str], Seen], server: PlainServer
) -> None:
    """However the network cuts it, and however the client reads it."""
    with a_run() as recorded:
        client(server.url + "/events")

    (answer,) = recorded.answers
    assert (answer.streamed, answer.end) == (True, "complete")
    assert [chunk.data for chunk in answer.chunks] == [
        b"data: 1\n\n",
        b"data: 2\n\n",
        b"data: 3\n\n",
    ]


def leave_requests(url: str, pieces: int) -> list[bytes]:
    """Read some of a stream, then close it."""
    with requests.get(url, stream=True, timeout=60) as response:
        source = response.iter_content(None)
        return [next(source) for _ in range(pieces)]


def leave_aiohttp(url: str, pieces: int) -> list[bytes]:
    """Likewise."""

    async def read() -> list[bytes]:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return [await response.content.readany() for _ in range(pieces)]

    return asyncio.run(read())


def leave_http_client(url: str, pieces: int) -> list[bytes]:
    """Likewise."""
    with urllib.request.urlopen(url, timeout=60) as response:
        return [response.read1() for _ in range(pieces)]


@pytest.mark.parametrize("leave", [leave_requests, leave_aiohttp, leave_http_client])
def test_a_stream_that_was_left_early_cannot_be_read_past(
    leave: Callable[[str, int], list[bytes]], server: PlainServer
) -> None:
    """What the agent never read was never recorded."""
    with a_run() as recorded:
        first = leave(server.url + "/events", 2)
    with replay_of(recorded.trace) as replayed:
        assert leave(server.url + "/events", 2) == first
    with replay_of(recorded.trace), pytest.raises(StreamReadPast):
        leave(server.url + "/events", 3)

    assert recorded.answers[0].end == "closed"
    assert said(replayed.trace) == said(recorded.trace)


def test_the_retries_of_urllib3_are_attempts_of_one_call(server: PlainServer) -> None:
    """A golden with two tries and one with three agree on all later positions."""

    def ask() -> int:
        retry = urllib3.Retry(
            2, status_forcelist=[429], allowed_methods=None, raise_on_status=False
        )
        with requests.Session() as session:
            session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retry))
            return session.post(server.url + "/status/429", json={"a": 1}, timeout=60).status_code

    with a_run() as recorded:
        assert ask() == 429
    came = server.count
    with replay_of(recorded.trace):
        assert ask() == 429

    assert [len(span.answers) for span in recorded.calls] == [3]
    assert server.count == came == 3


def test_a_redirect_is_followed_as_it_was(server: PlainServer) -> None:
    """Where requests asks again by itself, aiohttp's session answers with the last response."""

    async def by_session() -> bytes:
        path = server.url + "/again"
        async with aiohttp.ClientSession() as session, session.get(path) as response:
            return await response.read()

    def ask() -> tuple[list[int], bytes]:
        response = requests.get(server.url + "/again", timeout=60)
        return [one.status_code for one in response.history], asyncio.run(by_session())

    with a_run() as recorded:
        first = ask()
    with replay_of(recorded.trace):
        assert ask() == first

    assert first == ([302], b"")
    assert [span.name for span in recorded.calls] == ["GET /again", "GET /echo", "GET /again"]


def test_a_form_of_aiohttp_is_read_before_it_is_asked(server: PlainServer) -> None:
    """Whatever form a body comes in, the question is its bytes, and the server gets them all."""

    async def parts() -> Any:
        yield b"one "
        yield b"two"

    async def ask() -> list[bytes]:
        form = aiohttp.FormData({"a": "1"})
        async with aiohttp.ClientSession() as session:
            return [
                await (await session.post(server.url + "/echo", data=data)).read()
                for data in (form, parts(), "text", {"b": "2"})
            ]

    with a_run() as recorded:
        first = asyncio.run(ask())
    with replay_of(recorded.trace):
        assert asyncio.run(ask()) == first

    assert first == [b"a=1", b"one two", b"text", b"b=2"]


def test_a_client_on_another_is_asked_once(server: PlainServer) -> None:
    """For requests stands on urllib3, and that on http.client: the outermost asks."""
    with a_run() as recorded:
        by_requests(server.url + "/echo")
        by_urllib(server.url + "/echo")

    assert recorded.door.counts.asked == server.count == 2


def test_botocore_is_answered_below_its_own_parsers(server: PlainServer) -> None:
    """It leaves status and body to be read from urllib3; `stream_output` says how."""
    awsrequest = pytest.importorskip("botocore.awsrequest")
    httpsession = pytest.importorskip("botocore.httpsession")

    def ask() -> list[tuple[int, bytes]]:
        session, found = httpsession.URLLib3Session(), []
        for path, streams in (("/echo", False), ("/events", True), ("/status/400", False)):
            request = awsrequest.AWSRequest("POST", server.url + path, data=BODY, headers=JSON)
            request.stream_output = streams
            response = session.send(request.prepare())
            found.append((response.status_code, response.content))
        session.close()
        return found

    with a_run() as recorded:
        first = ask()
    came = server.count
    with replay_of(recorded.trace):
        assert ask() == first

    assert [status for status, _ in first] == [200, 200, 400]
    assert server.count == came
