"""Secrets: of every kind, wherever they stand, none is ever written to a file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

import agenttrace
from agenttrace.session.plan import KEEP_ALL
from tests.fakes.plain_server import PlainServer
from tests.fakes.secrets import leaking, samples
from tests.fakes.sessions import Desk

SECRETS = samples()
TEXTS = [sample.text for sample in SECRETS]


@agenttrace.tool
def echo(text: object) -> Any:
    """Say what was said."""
    return text


@agenttrace.tool
def fail(text: str) -> str:
    """Fail with what was said."""
    error = RuntimeError(f"refused: {text}")
    error.response = {"said": text}  # type: ignore[attr-defined]
    raise error


@agenttrace.tool
def stutter(text: str) -> Iterator[str]:
    """Say it in three pieces."""
    third = max(1, len(text) // 3)
    yield from (text[:third], text[third : 2 * third], text[2 * third :])


def plain(text: str) -> str:
    """A text that may stand in a path as it is; others are left out."""
    return text if all(one.isalnum() or one in "-_.~:" for one in text) else "x"


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks whom over HTTP."""

    client: httpx2.Client
    server: PlainServer

    def asks_for(self, wanted: dict[str, Any]) -> int:
        """Let the server know what to say; give the number by which it is asked for."""
        if wanted not in self.server.wanted:
            self.server.wanted.append(wanted)
        return self.server.wanted.index(wanted)


def in_arguments(text: str, at: Asking) -> object:
    """A tool's arguments and its result."""
    return echo({"question": f"use {text} please", "more": [text]})


def in_keys(text: str, at: Asking) -> object:
    """The keys of a mapping."""
    return echo({text: 1})


def in_bytes(text: str, at: Asking) -> object:
    """Bytes that are no text."""
    return echo(b"\xff\x00 " + text.encode())


def in_exceptions(text: str, at: Asking) -> object:
    """An exception's text, its fields, and what the agent says of it."""
    try:
        return fail(text)
    except RuntimeError as error:
        agenttrace.event("error", type="RuntimeError", message=str(error), causes=[repr(error)])
        return "failed"


def in_events(text: str, at: Asking) -> object:
    """Events and statuses."""
    agenttrace.event("planning", chosen=text, candidates=[text], reason=f"for {text}")
    agenttrace.status("ERROR", text)
    return echo("x")


def in_snapshots(text: str, at: Asking) -> object:
    """What an agent knows, and what it was asked to do."""
    with agenttrace.agent("planner", task=text):
        agenttrace.snapshot(goal=text, beliefs={"key": text}, working_memory=[text])
        return echo("x")


def in_spans(text: str, at: Asking) -> object:
    """A span's attributes."""
    with agenttrace.span("rank", kind="plan", said=text):
        return echo("x")


def in_messages(text: str, at: Asking) -> object:
    """Messages, in envelopes and in a queue."""

    async def talk() -> object:
        queue: asyncio.Queue[object] = asyncio.Queue()
        await queue.put({"said": text})
        got = await queue.get()
        return echo(got)

    agenttrace.receive(agenttrace.send("worker", text))
    agenttrace.publish("keys", {"said": text})
    return asyncio.run(talk())


def in_request_headers(text: str, at: Asking) -> object:
    """The headers of a request, in any case."""
    head = {"X-Said": quote(text), "AUTHORIZATION": f"Bearer {quote(text)}", "Cookie": quote(text)}
    return at.client.post(f"{at.server.url}/echo", headers=head, json={"a": 1}).status_code


def in_response_headers(text: str, at: Asking) -> object:
    """The headers of an answer, `set-cookie` among them."""
    said = text.replace("\n", " ")
    heads = {"Location": f"/x?{said}", "X-Request-Id": said, "set-cookie": f"sid={said}"}
    wanted = {"type": "application/json", "headers": heads, "pieces": ["{}"]}
    return at.client.post(f"{at.server.url}/say", json=at.asks_for(wanted)).status_code


def in_urls(text: str, at: Asking) -> object:
    """The query of an address."""
    return at.client.post(
        f"{at.server.url}/echo", params={"said": text, "api_key": text}
    ).status_code


def in_json_bodies(text: str, at: Asking) -> object:
    """JSON, and JSON inside of JSON, both ways."""
    body = {"messages": [{"role": "user", "content": f"key: {text}"}], "nested": json.dumps([text])}
    return at.client.post(f"{at.server.url}/echo", json=body).json() is not None


def in_forms(text: str, at: Asking) -> object:
    """A body that is plain text, both ways."""
    return (
        at.client.post(f"{at.server.url}/echo", data={"said": "x"}, content=f"note\n{text}\n").text
        is not None
    )


def in_streams(text: str, at: Asking) -> object:
    """A stream of events that cuts it in two."""
    middle = len(text) // 2
    parts = ("It is ", text[:middle], text[middle:], " now.")
    events = [{"choices": [{"index": 0, "delta": {"content": part}}]} for part in parts]
    pieces = [f"data: {json.dumps(event)}\n\n" for event in events]
    wanted = {"type": "text/event-stream", "pieces": [*pieces, "data: [DONE]\n\n"]}
    with at.client.stream("POST", f"{at.server.url}/say", json=at.asks_for(wanted)) as response:
        return len(list(response.iter_bytes())) > 0


def in_yielded_values(text: str, at: Asking) -> object:
    """What a generator yields, in three parts."""
    return "".join(stutter(f"a {text} b")) is not None


def in_turns(text: str, at: Asking) -> object:
    """The key of a turn, which is a part of positions."""
    with agenttrace.turn(key=text):
        return echo("x")


def in_operations(text: str, at: Asking) -> object:
    """The path of an address, which is a part of positions."""
    return at.client.post(f"{at.server.url}/echo/{plain(text)}", json={}).status_code


PLACEMENTS = (
    in_arguments,
    in_keys,
    in_bytes,
    in_exceptions,
    in_events,
    in_snapshots,
    in_spans,
    in_messages,
    in_request_headers,
    in_response_headers,
    in_urls,
    in_json_bodies,
    in_forms,
    in_streams,
    in_yielded_values,
    in_turns,
    in_operations,
)


@pytest.fixture(scope="module")
def at() -> Iterator[Asking]:
    """A server on this machine, and a client."""
    with PlainServer() as server, httpx2.Client() as client:
        yield Asking(client, server)


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_no_secret_is_written_wherever_it_stands_and_the_run_replays(
    placement: Callable[[str, Asking], object], at: Asking, tmp_path: Path
) -> None:
    """Every kind in every place: none in golden, outline or journal; a replay sees no drift."""
    desk = Desk(tmp_path, keep=KEEP_ALL)

    def program() -> list[object]:
        return [placement(text, at) for text in TEXTS]

    desk.record(program)

    assert desk.golden.stat().st_size > 0
    assert desk.journal.stat().st_size > 0
    assert leaking(tmp_path, SECRETS) == {}
    desk.replay(program)
