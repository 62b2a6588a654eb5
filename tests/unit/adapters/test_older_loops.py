"""Older loops: a client that outlives its loop goes on in the next one while a run is recorded."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any

import httpx
import httpx2
import pytest

from agenttrace.testing import ModelServer, says
from tests.fakes.replayed import a_run

QUESTION = {"model": "gpt-4o", "messages": [{"role": "user", "content": "well?"}]}


async def asked(client: Any, *, last: bool) -> int:
    """Ask once, and close the client when it was the last time; give the status."""
    answer = await client.post("/chat/completions", json=QUESTION)
    if last:
        await client.aclose()
    return int(answer.status_code)


@pytest.mark.parametrize("library", [httpx, httpx2], ids=lambda library: str(library.__name__))
def test_one_client_serves_two_loops(library: ModuleType) -> None:
    """Frameworks keep a client for the whole process, and each test has a loop of its own.

    Without a run the second request fails: "Event loop is closed".
    """
    names: Any = library
    with ModelServer(lambda _request, _nth: says("Well.")) as model:
        client = names.AsyncClient(base_url=model.url)
        with a_run() as one:
            found = [asyncio.run(asked(client, last=nth == 2)) for nth in range(3)]

    assert found == [200, 200, 200]
    assert len(one.calls) == 3
