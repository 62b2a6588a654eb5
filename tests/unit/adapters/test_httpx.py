"""The httpx adapter, with real clients of both modules against a loopback model server."""

from __future__ import annotations

import asyncio
import gzip
import importlib
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import httpx2
import pytest

from agenttrace.adapters import httpx as httpx_adapter
from agenttrace.errors import StreamReadPast
from agenttrace.model.message import ModelRequest
from agenttrace.testing import ModelServer, Reply, cuts_after, fails, says, slow
from tests.fakes.replayed import a_run, replay_of, said

BOTH = pytest.mark.parametrize("http", [httpx, httpx2], ids=["httpx", "httpx2"])
CHAT = "/chat/completions"


def obliging(request: ModelRequest, nth: int) -> Reply:
    """Answer what the last message asks for."""
    wish = request.messages[-1].text
    if wish == "fail":
        return fails(429, retry_after=0)
    if wish == "slow":
        return slow(5, says("late"))
    if wish == "cut":
        return cuts_after(2, says("never said to the end"))
    return says(f"you said {wish}")


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A model that says each answer with a serial number."""
    with ModelServer(obliging, numbered=True) as one:
        yield one


def body(wish: str, **more: Any) -> dict[str, Any]:
    """A request's JSON."""
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": wish}], **more}


@BOTH
def test_a_replay_gives_the_recorded_response_and_asks_nobody(
    http: Any, server: ModelServer
) -> None:
    """Status, headers, and bytes are the same; the server is visited once."""

    def ask() -> tuple[int, dict[str, str], bytes]:
        with http.Client(base_url=server.url) as client:
            response = client.post(CHAT, json=body("hi"))
            return response.status_code, dict(response.headers), response.content

    with a_run() as recorded:
        first = ask()
    with replay_of(recorded.trace) as replayed:
        second = ask()

    assert second == first
    assert first[1] == {"content-type": "application/json", "x-request-id": "req-0"}
    assert server.count == 1
    assert said(replayed.trace) == said(recorded.trace)


@BOTH
def test_a_coroutine_is_answered_alike(http: Any, server: ModelServer) -> None:
    """Several at once, each with its own answer."""

    async def ask() -> list[bytes]:
        """Ask."""
        async with http.AsyncClient(base_url=server.url) as client:
            wishes = [client.post(CHAT, json=body(f"wish {n}")) for n in range(5)]
            return [(await wish).content for wish in wishes]

    with a_run() as recorded:
        first = asyncio.run(ask())
    with replay_of(recorded.trace):
        assert asyncio.run(ask()) == first
    assert server.count == 5


def test_a_golden_does_not_know_which_of_the_two_modules_made_it(server: ModelServer) -> None:
    """Programs move from httpx to httpx2; their goldens stay."""
    with a_run() as recorded:
        first = httpx.post(server.url + CHAT, json=body("hi")).content
    with replay_of(recorded.trace):
        response = httpx2.post("http://elsewhere.test:99/v1" + CHAT, json=body("hi"))

    assert response.content == first
    assert isinstance(response, httpx2.Response)


def test_a_model_call_is_a_span_with_its_model_tokens_and_reason(server: ModelServer) -> None:
    """Kind, name, operation and usage come from the language on the wire."""
    with a_run() as recorded:
        httpx2.post(server.url + CHAT, json=body("hi"))

    (span,) = recorded.calls
    assert (span.kind.value, span.name, span.operation) == ("llm", "chat gpt-4o", "chat")
    assert span.question == {
        "method": "POST",
        "path": "/v1" + CHAT,
        "query": [],
        "body": body("hi"),
    }
    assert span.usage is not None
    assert span.usage.tokens.total == 5
    assert dict(span.attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.response.id": "chatcmpl-0",
        "gen_ai.response.model": "gpt-4o",
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "url.path": "/v1/chat/completions",
    }


def test_a_request_to_no_model_is_plain_http(server: ModelServer) -> None:
    """Operation and name are method and path; the query counts, the host does not."""
    with a_run() as recorded:
        assert httpx2.get(server.url + "/orders?id=17").status_code == 404

    (span,) = recorded.calls
    assert (span.kind.value, span.name) == ("http", "GET /v1/orders")
    assert span.question == {
        "method": "GET",
        "path": "/v1/orders",
        "query": [["id", "17"]],
        "body": None,
    }


@BOTH
def test_a_stream_is_handed_on_event_by_event(http: Any, server: ModelServer) -> None:
    """Each chunk of the answer is one event, and the replay gives the same ones."""

    def read() -> list[bytes]:
        with http.stream("POST", server.url + CHAT, json=body("a b c", stream=True)) as response:
            return list(response.iter_raw())

    with a_run() as recorded:
        first = read()
    with replay_of(recorded.trace) as replayed:
        assert read() == first

    assert first[-1] == b"data: [DONE]\n\n"
    assert [chunk.data for chunk in recorded.answers[0].chunks] == first
    assert (recorded.answers[0].streamed, recorded.answers[0].end) == (True, "complete")
    assert said(replayed.trace) == said(recorded.trace)
    assert server.count == 1


@BOTH
def test_a_stream_that_is_left_early_ends_closed_and_cannot_be_read_past(
    http: Any, server: ModelServer
) -> None:
    """What the agent never read was never recorded, so the replay stops where it reads on."""

    def read(pieces: int) -> list[bytes]:
        found = []
        with http.stream("POST", server.url + CHAT, json=body("a b c", stream=True)) as response:
            for piece in response.iter_raw():
                found.append(piece)
                if len(found) == pieces:
                    break
        return found

    with a_run() as recorded:
        first = read(2)
    with replay_of(recorded.trace) as replayed:
        assert read(2) == first
    with replay_of(recorded.trace), pytest.raises(StreamReadPast):
        read(3)

    assert recorded.answers[0].end == "closed"
    assert said(replayed.trace) == said(recorded.trace)


@BOTH
def test_a_cut_stream_breaks_at_the_same_chunk_with_the_same_error(
    http: Any, server: ModelServer
) -> None:
    """The error is the module's own class, with a request, as clients expect."""

    async def read() -> tuple[list[bytes], BaseException | None]:
        """Read to the end, or to the break."""
        found: list[bytes] = []
        async with http.AsyncClient() as client:
            ask = client.stream("POST", server.url + CHAT, json=body("cut", stream=True))
            try:
                async with ask as response:
                    async for piece in response.aiter_raw():
                        found.append(piece)  # noqa: PERF401 - it raises midway
            except http.RemoteProtocolError as error:
                return found, error
        return found, None

    with a_run() as recorded:
        first, error = asyncio.run(read())
    with replay_of(recorded.trace) as replayed:
        second, again = asyncio.run(read())

    assert second == first
    assert len(first) == 2
    assert (type(again), str(again)) == (type(error), str(error))
    assert again is not None
    assert again.request.url.path == "/v1" + CHAT
    assert recorded.answers[0].end == "cut"
    assert said(replayed.trace) == said(recorded.trace)


@BOTH
def test_a_timeout_is_raised_again_without_waiting(http: Any, server: ModelServer) -> None:
    """A transport's failure is part of what the world said."""

    def ask() -> str:
        with pytest.raises(http.ReadTimeout) as caught:
            http.post(server.url + CHAT, json=body("slow"), timeout=http.Timeout(60, read=0.2))
        return str(caught.value)

    with a_run() as recorded:
        first = ask()
    server.stop()
    with replay_of(recorded.trace):
        assert ask() == first


def test_a_cancelled_request_ends_cancelled(server: ModelServer) -> None:
    """The asker went away; nobody failed."""

    async def leave() -> None:
        """Ask, and go away."""
        async with httpx2.AsyncClient() as client:
            async with asyncio.timeout(0.1):
                await client.post(server.url + CHAT, json=body("slow"))

    with a_run() as recorded, pytest.raises(TimeoutError):
        asyncio.run(leave())

    assert [answer.end for answer in recorded.answers] == ["cancelled"]


def test_a_stream_left_by_a_cancelled_agent_keeps_what_came(server: ModelServer) -> None:
    """Cancelled between two chunks, it closes the stream; what it read is recorded."""

    async def leave() -> None:
        """Ask, and go away."""
        async with httpx2.AsyncClient() as client:
            ask = client.stream("POST", server.url + CHAT, json=body("a b", stream=True))
            async with ask as response:
                async for _ in response.aiter_raw():
                    raise asyncio.CancelledError

    with a_run() as recorded, pytest.raises(asyncio.CancelledError):
        asyncio.run(leave())

    (answer,) = recorded.answers
    assert (answer.end, len(answer.chunks)) == ("closed", 1)


def test_equal_questions_after_a_429_are_attempts_of_one_call(server: ModelServer) -> None:
    """A retry moves no later call to another position."""
    with a_run() as recorded:
        for wish in ("fail", "fail", "fail", "hi"):
            httpx2.post(server.url + CHAT, json=body(wish))

    assert [len(span.answers) for span in recorded.calls] == [3, 1]
    assert [span.position[-1].occurrence for span in recorded.calls] == [0, 1]


@BOTH
def test_a_compressed_body_is_recorded_as_it_reads(http: Any) -> None:
    """The golden holds words, and no header says otherwise; a replay decodes nothing."""
    words = b'{"found": 2}'

    def world(request: Any) -> Any:
        headers = {
            "content-type": "application/json",
            "content-encoding": "gzip",
            "set-cookie": "a=b",
        }
        return http.Response(200, headers=headers, content=gzip.compress(words))

    def ask() -> tuple[Any, bytes, dict[str, str]]:
        with http.Client(transport=http.MockTransport(world)) as client:
            response = client.get("http://world.test/orders")
            return response.json(), response.content, dict(client.cookies)

    with a_run() as recorded:
        first = ask()
    with replay_of(recorded.trace):
        second = ask()

    assert recorded.answers[0].body == words
    assert recorded.answers[0].head == {
        "status": 200,
        "headers": [["content-type", "application/json"]],
    }
    assert first == ({"found": 2}, words, {"a": "b"})
    assert second == ({"found": 2}, words, {})


@BOTH
def test_a_custom_transport_is_the_world_unless_it_hands_on_to_an_ordinary_one(
    http: Any, server: ModelServer
) -> None:
    """It is asked once at the client; a wrapper's retries are seen, and nothing is asked twice."""

    class Own(http.BaseTransport):  # type: ignore[misc, name-defined]
        def handle_request(self, request: Any) -> Any:
            return http.Response(200, content=b"own")

    class Stubborn(http.BaseTransport):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            self.inner = http.HTTPTransport()

        def handle_request(self, request: Any) -> Any:
            self.inner.handle_request(request).close()
            return self.inner.handle_request(request)

        def close(self) -> None:
            self.inner.close()

    with a_run() as recorded:
        with http.Client(transport=Own()) as client:
            assert client.get("http://own.test/x").content == b"own"
        with http.Client(transport=Stubborn()) as client:
            client.post(server.url + CHAT, json=body("fail"))

    assert [(span.name, len(span.answers)) for span in recorded.calls] == [
        ("GET /x", 1),
        ("chat gpt-4o", 2),
    ]


@BOTH
def test_a_transport_into_the_users_own_app_is_no_question(http: Any, server: ModelServer) -> None:
    """The app is the program; what it asks is recorded, and it runs in every replay."""
    visits = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        """Serve one request by asking a model."""
        visits.append(scope["path"])
        async with http.AsyncClient() as client:
            said = await client.post(server.url + CHAT, json=body("hi"))
        await send({"type": "http.response.start", "status": said.status_code, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    async def ask() -> bytes:
        """Ask."""
        async with http.AsyncClient(transport=http.ASGITransport(app=app)) as client:
            content: bytes = (await client.get("http://desk.test/ask")).content
            return content

    with a_run() as recorded:
        asyncio.run(ask())
    with replay_of(recorded.trace):
        assert asyncio.run(ask()) == b"done"

    assert [span.name for span in recorded.calls] == ["chat gpt-4o"]
    assert visits == ["/ask", "/ask"]
    assert server.count == 1


def test_what_is_asked_does_not_depend_on_the_key_or_the_client(server: ModelServer) -> None:
    """Authorization, user agent, idempotency keys and SDK headers are no part of the question."""
    with a_run() as recorded:
        httpx2.post(server.url + CHAT, json=body("hi"), headers={"authorization": "Bearer sk-1"})
    with replay_of(recorded.trace):
        headers = {
            "authorization": "Bearer sk-2",
            "x-stainless-retry-count": "1",
            "idempotency-key": "k",
        }
        assert httpx2.post(server.url + CHAT, json=body("hi"), headers=headers).status_code == 200
    assert "sk-1" not in repr(recorded.trace)


def test_a_multipart_body_is_the_same_question_each_time(server: ModelServer) -> None:
    """Its boundary is chance, not content."""
    with a_run() as recorded:
        httpx2.post(server.url + "/files", files={"file": ("a.txt", b"words")})
    with replay_of(recorded.trace):
        httpx2.post(server.url + "/files", files={"file": ("a.txt", b"words")})
    assert server.count == 1


@BOTH
def test_outside_a_run_the_world_is_asked_and_nothing_is_kept(
    http: Any, server: ModelServer
) -> None:
    """Patched or not, a program without a run behaves as ever."""
    with httpx_adapter.installed(), http.Client() as client:
        response = client.post(server.url + CHAT, json=body("hi"))
    assert "content-length" in response.headers
    assert server.count == 1


@BOTH
def test_everything_is_put_back_when_the_last_one_leaves(http: Any) -> None:
    """Two who want the patches share them; afterwards the classes are as they were."""
    owners = (http.HTTPTransport, http.AsyncHTTPTransport, http.Client, http.AsyncClient)
    before = [dict(vars(owner)) for owner in owners]
    with httpx_adapter.installed():
        with httpx_adapter.installed():
            pass
        assert [dict(vars(owner)) for owner in owners] != before
    assert [dict(vars(owner)) for owner in owners] == before
    assert not any(type(finder).__module__.startswith("agenttrace") for finder in sys.meta_path)


def test_a_module_that_is_loaded_later_is_patched_then(server: ModelServer) -> None:
    """Nobody is made to import it, and its import looks as it always does."""
    kept = {
        name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "httpx"
    }
    try:
        with a_run() as recorded:
            assert "httpx" not in sys.modules
            late = importlib.import_module("httpx")
            late.post(server.url + CHAT, json=body("hi"))
        assert late.__spec__ is not None
        assert type(late.__spec__.loader).__name__ == "SourceFileLoader"
        assert len(recorded.calls) == 1
        assert not hasattr(late.HTTPTransport.handle_request, "__wrapped__")
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "httpx"]:
            del sys.modules[name]
        sys.modules.update(kept)


@BOTH
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_stream_of_another_type_is_handed_on_where_the_client_asks_for_one(
    http: Any, stream: bool
) -> None:
    """A body of unknown length may have no end; nobody is made to wait for it."""

    class Pieces(http.SyncByteStream):  # type: ignore[misc, name-defined]
        def __iter__(self) -> Iterator[bytes]:
            yield b"one "
            yield b"two"

    transport = http.MockTransport(lambda request: http.Response(200, stream=Pieces()))

    def read() -> list[bytes]:
        with http.Client(transport=transport) as client:
            if not stream:
                return [client.get("http://world.test/").content]
            with client.stream("GET", "http://world.test/") as response:
                return list(response.iter_bytes())

    with a_run() as recorded:
        first = read()
    with replay_of(recorded.trace):
        assert read() == first
    assert first == ([b"one ", b"two"] if stream else [b"one two"])
    assert recorded.answers[0].streamed is stream
