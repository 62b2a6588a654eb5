"""What only LiteLLM has: callbacks, prices from the network, tries and clients of its own."""

from __future__ import annotations

import asyncio
import importlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agenttrace.model.message import ModelRequest
from agenttrace.model.span import SpanKind
from agenttrace.testing import ModelServer, Reply, fails, says
from tests.frameworks import scenes
from tests.frameworks.scenes import Model, Stage, Troupe
from tests.frameworks.theatre import Played, Theatre, troupes

SAID = {"model": "gpt-4o", "messages": [{"role": "user", "content": "A word was said."}]}


@pytest.fixture(autouse=True)
def _there() -> None:
    if "litellm" not in troupes():
        pytest.skip("litellm is not installed here")


@pytest.fixture
def program() -> Any:
    """The programs of the contract."""
    return importlib.import_module("tests.frameworks.programs.litellm")


@pytest.fixture
def callbacks(program: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Who is told of answers in this test, nobody of another: LiteLLM knows them by name."""
    kept = ("input_callback", "success_callback", "failure_callback")
    for name in (*kept, *(f"_async_{name}" for name in kept), "callbacks"):
        monkeypatch.setattr(program.litellm, name, [])
    told: list[Any] = program.litellm.callbacks
    return told


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[ModelRequest]]]:
    """A server beside the model, and what it was asked."""
    asked: list[ModelRequest] = []

    def answer(request: ModelRequest, nth: int) -> Reply:
        asked.append(request)
        return says("thanks")

    with ModelServer(answer) as server:
        yield server.url, asked


def _theatre(tmp_path: Path, play: Callable[[Stage], Any]) -> Theatre:
    warns = (DeprecationWarning,)
    return Theatre(Troupe(framework="litellm", programs={"it": play}, warns=warns), "it", tmp_path)


def _twice(theatre: Theatre) -> Played:
    """Record; a replay must say and hold the same."""
    recorded = theatre.record()
    replayed = theatre.replay()

    assert replayed.said == recorded.said
    assert replayed.content == recorded.content
    return recorded


def test_prices_of_models_come_from_the_package_inside_a_run(
    program: Any,
    elsewhere: tuple[str, list[ModelRequest]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Whoever loads it inside a run would ask the network, and a replay would miss the question."""
    monkeypatch.delenv("LITELLM_LOCAL_MODEL_COST_MAP")
    url, asked = elsewhere
    prices = importlib.import_module("litellm.litellm_core_utils.get_model_cost_map")

    def load(stage: Stage) -> Any:
        program.twins(stage)
        known = prices.get_model_cost_map(url=f"{url}/models")
        return [known["gpt-4o"]["litellm_provider"], prices.get_model_cost_map_source_info()]

    recorded = _twice(_theatre(tmp_path, load))

    assert recorded.said[0] == "openai"
    assert recorded.said[1]["source"] == "local"
    assert asked == []
    assert [span.kind for span in recorded.trace.calls] == [SpanKind.LLM] * 3


def test_callbacks_are_no_part_of_a_run(
    program: Any,
    callbacks: list[Any],
    elsewhere: tuple[str, list[ModelRequest]],
    tmp_path: Path,
) -> None:
    """They are told in a replay, too; what they send is not recorded, nor sent far by a replay."""
    url, asked = elsewhere
    litellm = program.litellm
    client = importlib.import_module("httpx")  # what LiteLLM brings; not every environment has it
    told: list[str] = []

    class Telling(litellm.integrations.custom_logger.CustomLogger):  # type: ignore[misc, name-defined]
        def log_failure_event(self, *_: object, **about: object) -> None:
            client.post(f"{url}/chat/completions", json=SAID)
            with pytest.raises(socket.gaierror) as caught:  # there is no such host anywhere
                socket.getaddrinfo("collector.invalid", 80)
            told.append(str(caught.value))

    def play(stage: Stage) -> Any:
        desk = program._desk(stage, "nobody", "Nobody has this prompt.", tools=[])
        with desk.acting(), pytest.raises(litellm.BadRequestError):
            litellm.completion(**desk.asks(desk.begun()))

    callbacks.append(Telling())
    theatre = _theatre(tmp_path, play)
    recorded = theatre.record()
    replayed = theatre.replay()

    refused = "a replay does not reach collector.invalid"
    assert [said == refused for said in told] == [False, True]
    assert len(asked) == 2
    assert replayed.content == recorded.content
    assert [span.kind for span in recorded.trace.calls] == [SpanKind.LLM]


def test_whoever_waits_for_callbacks_waits_outside_of_the_run(
    program: Any, callbacks: list[Any], tmp_path: Path
) -> None:
    """Their queue may be begun, awaited and ended inside a run: none of it is the run's doing."""
    litellm = program.litellm
    worker = importlib.import_module("litellm.litellm_core_utils.logging_worker")
    told: list[str] = []

    class Telling(litellm.integrations.custom_logger.CustomLogger):  # type: ignore[misc, name-defined]
        async def async_log_success_event(self, *_: object, **about: object) -> None:
            await asyncio.sleep(0.01)
            told.append("told")

    def play(stage: Stage) -> Any:
        desk = program._desk(stage, "worker", scenes.WORKER, tools=[])

        async def main() -> Any:
            worker.GLOBAL_LOGGING_WORKER.start()
            with desk.acting():
                said = await litellm.acompletion(**desk.asks(desk.begun()))
            await asyncio.sleep(0)  # the callback stands in the queue from here on
            await worker.GLOBAL_LOGGING_WORKER.flush()
            await worker.GLOBAL_LOGGING_WORKER.stop()
            return said.choices[0].message.content

        return asyncio.run(main())

    callbacks.append(Telling())
    recorded = _twice(_theatre(tmp_path, play))

    assert told == ["told", "told"]
    assert [lane.path for lane in recorded.trace.lanes] == [()]
    assert [span.kind for span in recorded.trace.calls] == [SpanKind.LLM]


def test_what_is_tried_again_is_one_call(program: Any, tmp_path: Path) -> None:
    """A busy server is asked again, by the SDK below or by LiteLLM itself: attempts of one span."""

    class Busy(Model):
        """It has no time at first."""

        def _reply(self, request: ModelRequest) -> Reply:
            busy.append(1)
            return fails(503, "busy") if len(busy) % 3 else super()._reply(request)

    def ask(stage: Stage, **options: Any) -> Any:
        desk = program._desk(stage, "worker", scenes.WORKER, tools=[])
        with desk.acting():
            said = program.litellm.completion(**desk.asks(desk.begun()), **options)
        return said.choices[0].message.content

    def play(stage: Stage) -> Any:
        return [ask(stage, max_retries=2), ask(stage, num_retries=2, max_retries=0)]

    busy: list[int] = []
    theatre = _theatre(tmp_path, play)
    recorded = theatre.record(Busy())
    replayed = theatre.replay()

    assert recorded.said == replayed.said == ["A word.", "A word."]
    assert replayed.content == recorded.content
    assert [len(span.answers) for span in recorded.trace.calls] == [3, 3]


def test_a_client_that_is_kept_serves_runs_on_other_loops(program: Any, tmp_path: Path) -> None:
    """LiteLLM keeps its clients: one that a recording made serves its replay, and the reverse."""

    def play(stage: Stage) -> Any:
        return [program.twins(stage), program.twins(stage), program.sync(stage)]

    recorded = _twice(_theatre(tmp_path / "one", play))
    again = _twice(_theatre(tmp_path / "other", play))

    assert again.content == recorded.content
    assert again.stage.visits == ["A-17"]


def test_a_stream_whose_counts_nobody_asked_for_has_none(program: Any, tmp_path: Path) -> None:
    """LiteLLM then guesses tokens for itself; the trace holds what the model sent alone."""

    def play(stage: Stage) -> Any:
        desk = program._desk(stage, "worker", scenes.WORKER, tools=[])
        with desk.acting():
            pieces = program.litellm.completion(**desk.asks(desk.begun()), stream=True)
            return "".join(piece.choices[0].delta.content or "" for piece in pieces)

    recorded = _twice(_theatre(tmp_path, play))
    (call,) = recorded.trace.calls

    assert recorded.said == "A word."
    assert call.usage is None
