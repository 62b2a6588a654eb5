"""What a replay costs: through the real SDK, in looking up, in loading.

    python benchmarks/replaying.py

Each peer gets the same answers. vcrpy matches by body, as it must where agents ask at once.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2
import openai
import paired
import vcr
from vcr.persisters.filesystem import FilesystemPersister
from vcr.serializers import yamlserializer

from agenttrace.formats import native
from agenttrace.session import REPLAY, REWRITE, Plan, Session, World
from agenttrace.testing import ModelServer, says

if TYPE_CHECKING:
    from agenttrace.model.trace import Trace

T = TypeVar("T")

CALLS = 100
QUESTION_BYTES, ANSWER_BYTES = 4_000, 2_000


def text(chance: random.Random, size: int) -> str:
    """So much text."""
    return " ".join(f"w{chance.randrange(5_000):x}" for _ in range(size // 5))


def questions(count: int) -> list[list[Any]]:
    """Conversations of five messages; each is another one."""
    chance = random.Random(7)
    return [
        [{"role": "user", "content": text(chance, QUESTION_BYTES // 5)} for _ in range(5)]
        for _ in range(count)
    ]


def asking(
    url: str, talks: list[list[Any]], transport: httpx2.BaseTransport | None = None
) -> Callable[[], list[str]]:
    """A program that asks through the SDK; its client, which costs 20 calls, is made once."""
    http = httpx2.Client(transport=transport) if transport else httpx2.Client()
    client = openai.OpenAI(base_url=url, api_key="none", http_client=http, max_retries=0)

    def program() -> list[str]:
        said = []
        for talk in talks:
            answer = client.chat.completions.create(model="gpt-5", messages=talk)
            said.append(str(answer.choices[0].message.content))
        return said

    return program


def ran(folder: Path, mode: str, program: Callable[[], T]) -> T:
    """Run a program as a session of ours."""
    plan = Plan(
        name="a run",
        golden=folder / "a.trace",
        shown="a.trace",
        journal=folder / "a.journal",
        mode=mode,
    )
    with World(live=plan.is_live) as world:
        session = Session(plan, world)
        with session:
            said = program()
        verdict = session.settle(passed=True)
    for problem in verdict.problems:
        raise problem
    return said


def rows_of_calls(folder: Path, url: str, talks: list[list[Any]]) -> list[paired.Row]:
    """Answered calls through the SDK, the loading left out on both sides."""
    program = asking(url, talks)
    said = ran(folder, REWRITE, program)
    by_body = vcr.VCR(match_on=("method", "uri", "body"))
    cassette = str(folder / "a.yaml")
    with by_body.use_cassette(cassette, record_mode="all"):
        assert program() == said

    bodies = {
        json.dumps(talk, sort_keys=True): answer for talk, answer in zip(talks, said, strict=True)
    }

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked = json.dumps(json.loads(request.content)["messages"], sort_keys=True)
        return httpx2.Response(200, content=whole(bodies[asked]))

    stubbed = asking(url, talks, httpx2.MockTransport(answer))

    def ours() -> float:
        return ran(folder, REPLAY, lambda: paired.cpu_s(program))

    def theirs() -> float:
        with by_body.use_cassette(cassette, record_mode="none"):
            return paired.cpu_s(program)

    return [
        paired.Row(
            name=f"{CALLS} calls through the OpenAI SDK / vcrpy, by body",
            target=0.5,
            ratios=paired.of_times(ours, theirs),
        ),
        paired.Row(
            name=f"{CALLS} calls through the OpenAI SDK / httpx2.MockTransport",
            target=1.2,
            ratios=paired.of_times(ours, lambda: paired.cpu_s(stubbed)),
        ),
    ]


def whole(said: str) -> bytes:
    """The answer of a chat as bytes."""
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 0,
            "model": "gpt-5",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": said},
                }
            ],
            "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18},
        }
    ).encode()


def lookups(folder: Path, url: str) -> Callable[[int], Callable[[], float]]:
    """Replays of so many calls: bare `httpx2`, so that the SDK does not hide the look-up."""

    def of(count: int) -> Callable[[], float]:
        place = folder / str(count)
        place.mkdir()
        talks = questions(count)

        def program() -> None:
            with httpx2.Client(base_url=url) as client:
                for talk in talks:
                    client.post("/chat/completions", json={"model": "gpt-5", "messages": talk})

        ran(place, REWRITE, program)
        return lambda: ran(place, REPLAY, lambda: paired.cpu_s(program)) / count

    return of


def loading(folder: Path, url: str) -> paired.Row:
    """Load a thousand answers of 5 kB."""
    place = folder / "1000"
    data = (place / "a.trace").read_bytes()
    talks, bodies = questions(1_000), vcr.VCR(match_on=("method", "uri", "body"))
    cassette = place / "a.yaml"

    def program() -> None:
        with httpx2.Client(base_url=url) as client:
            for talk in talks:
                client.post("/chat/completions", json={"model": "gpt-5", "messages": talk})

    with bodies.use_cassette(str(cassette), record_mode="all"):
        program()

    def ours() -> Trace:
        return native.read(data)

    def theirs() -> object:
        return FilesystemPersister.load_cassette(str(cassette), yamlserializer)

    return paired.Row(
        name="load 1,000 answers of 5 kB / vcrpy's YAML",
        target=1 / 25,
        ratios=paired.ratios(ours, theirs, rounds=5),
    )


def main() -> None:
    """Print the rows."""
    chance = random.Random(3)
    answer = text(chance, ANSWER_BYTES)
    with (
        tempfile.TemporaryDirectory() as place,
        ModelServer(lambda request, _: says(f"{request.messages[-1].text[:9]} {answer}")) as model,
    ):
        folder = Path(place)
        rows = rows_of_calls(folder, model.url, questions(CALLS))
        of = lookups(folder, model.url)
        few, many = of(100), of(1_000)
        rows.append(
            paired.Row(
                name="a call's look-up among 1,000 answers / among 100",
                target=1.3,
                ratios=paired.of_times(many, few, rounds=3),
            )
        )
        rows.append(loading(folder, model.url))
    paired.told("replaying", *rows)


if __name__ == "__main__":
    main()
