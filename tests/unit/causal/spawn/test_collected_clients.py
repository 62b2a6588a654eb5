"""Real clients that nobody closes: the collector does, whenever it comes to it."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

import pytest

from tests.fakes.lanes import in_run, lanes, where

if TYPE_CHECKING:
    from collections.abc import Callable


def _openai() -> object:
    from openai import AsyncOpenAI

    return AsyncOpenAI(api_key="none")


def _anthropic() -> object:
    from anthropic import AsyncAnthropic

    return AsyncAnthropic(api_key="none")


def _gemini() -> object:
    from google.genai import Client

    return Client(api_key="none").aio


def _mistral() -> object:
    from mistralai.client import Mistral

    return Mistral(api_key="none")


@pytest.mark.parametrize("make", [_openai, _anthropic, _gemini, _mistral])
def test_a_client_that_the_collector_closes_makes_no_lane(make: Callable[[], object]) -> None:
    """Some close themselves in `__del__`, some through their loop: none is part of the program."""

    async def worker() -> str:
        await asyncio.sleep(0)
        return where()

    def leave() -> None:
        for _ in range(3):
            kept: list[object] = [make()]
            kept.append(kept)  # a circle: only the collector comes by

    async def program() -> None:
        leave()
        gc.collect()
        await asyncio.create_task(worker())

    gc.collect()  # what other tests have left is none of this run's
    assert lanes(in_run(program)) == ["worker#0"]
