"""Today's code runs against what the world said in production, and shows where it departs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx2
import openai
import pytest

import agenttrace
from agenttrace.errors import (
    IncidentSilent,
    ReplayDiverged,
    RunStopped,
    StoppedThere,
    UsageError,
)
from agenttrace.model.message import ModelRequest
from agenttrace.model.trace import Trace
from agenttrace.providers.catalog import named
from agenttrace.providers.reading import request_of, response_of
from agenttrace.replay.incident import Calls, Wishes
from agenttrace.replay.incident.known import Result
from agenttrace.replay.stubs import Stubs
from agenttrace.session.rerun import Rerun, rerun
from agenttrace.session.starting import calls_of, cut_of
from agenttrace.testing import ModelServer, calls_tool, says
from agenttrace.testing.replies import Reply, fails
from tests.fakes.incidents import TRAIL, as_kept, read
from tests.fakes.sessions import Desk

MODEL = "gpt-4o"
GIVEN = ("alice", "bob")
"""Two agents that are asked the same at once, and whose models answer otherwise."""


# -- real traces, through the real client ----------------------------------------------------------
def heard(requests: list[ModelRequest], *, stream: bool, change: int | None = None) -> list[object]:
    """Ask as the incident did, with OpenAI's own client; give what it parsed of each answer."""
    language = named("openai-chat")
    assert language is not None
    client, found = openai.OpenAI(api_key="none"), []
    for place, request in enumerate(requests):
        body = language.write_request(request)
        assert isinstance(body, dict)
        messages: list[object] = list(body["messages"])
        if place == change:
            messages[-1] = {**messages[-1], "content": "something else"}
        found.append((streamed if stream else whole)(client, messages))
    return found


def whole(client: openai.OpenAI, messages: list[object]) -> object:
    """Ask, and wait for the whole answer."""
    answer = client.chat.completions.create(model=MODEL, messages=messages)
    choice, usage = answer.choices[0], answer.usage
    return (
        choice.message.content,
        choice.finish_reason,
        usage.prompt_tokens,
        usage.completion_tokens,
    )


def streamed(client: openai.OpenAI, messages: list[object]) -> object:
    """Ask for a stream, and put it together."""
    text, reason, usage = "", None, None
    for chunk in client.chat.completions.create(
        model=MODEL, messages=messages, stream=True, stream_options={"include_usage": True}
    ):
        for choice in chunk.choices:
            text += choice.delta.content or ""
            reason = choice.finish_reason or reason
        usage = chunk.usage or usage
    assert usage is not None
    return (text, reason, usage.prompt_tokens, usage.completion_tokens)


def answered(trace: Trace) -> tuple[list[ModelRequest], list[object]]:
    """What the models of a trace were asked, and what its attributes say that they answered."""
    requests, said = [], []
    for span in trace.spans:
        request, response = request_of(span), response_of(span)
        if request is not None and response is not None and span.usage is not None:
            (tokens,) = span.usage.models.values()
            text = "".join(message.text for message in response.messages)
            requests.append(request)
            said.append((text, "stop", tokens.input, tokens.output))
    return requests, said


@pytest.mark.parametrize("stream", [False, True], ids=["json", "sse"])
@pytest.mark.parametrize("path", TRAIL, ids=lambda path: path.stem[:8])
def test_the_real_client_parses_what_the_incident_says(path: Path, stream: bool) -> None:
    """Content, finish reason and usage equal the span's attributes, in JSON and as a stream."""
    trace = read(path)
    requests, said = answered(trace)

    became = rerun(Calls.of(trace), lambda: heard(requests, stream=stream), name="trail")

    assert became.stopped is None
    assert became.returned == said
    assert len(said) >= 6


@pytest.mark.parametrize("change", range(6))
def test_a_changed_prompt_departs_there_and_nowhere_before(change: int) -> None:
    """The calls before it are answered, and the message names both sides of this one."""
    trace = read(TRAIL[0])
    requests, _ = answered(trace)

    became = rerun(
        Calls.of(trace), lambda: heard(requests, stream=False, change=change), name="trail"
    )

    assert isinstance(became.stopped, ReplayDiverged)
    assert [one.before for one in became.incident.departures] == [change]
    asked = [one.number for one in Calls.of(trace).all if one.kind == "llm"]
    assert f"#{asked[change]}" in became.stopped.headline
    assert "'something else'" in became.stopped.detail


# -- a team of ours --------------------------------------------------------------------------------
@agenttrace.tool
def price_of(item: str) -> dict[str, int]:
    """What an item costs, as a shop would say."""
    return {"price": len(item) * 10}


def team(url: str, opening: str = "what does it cost?") -> Callable[[], str]:
    """Two agents at once ask the same; each asks for a tool, and says what its model says."""

    async def one(client: openai.AsyncOpenAI, name: str) -> str:
        with agenttrace.agent(name):
            messages: list[object] = [{"role": "user", "content": opening}]
            while True:
                said = await client.chat.completions.create(model=MODEL, messages=messages)
                message = said.choices[0].message
                if not message.tool_calls:
                    return str(message.content)
                messages.append(message.model_dump(exclude_none=True))
                for call in message.tool_calls:
                    result = price_of(**json.loads(call.function.arguments))
                    messages.append(
                        {"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)}
                    )

    async def main() -> str:
        async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
            return " / ".join(await asyncio.gather(*(one(client, name) for name in GIVEN)))

    return lambda: asyncio.run(main())


def shop(request: ModelRequest, nth: int) -> Reply:
    """Ask for the price of something else each time, then say it."""
    last = request.messages[-1]
    if last.role == "user":
        return calls_tool("price_of", {"item": "x" * (nth + 1)})
    return says(f"it costs {last.parts[0]}")


@pytest.fixture
def incident(tmp_path: Path) -> Trace:
    """A run of the team, as it was."""
    desk = Desk(tmp_path, "team")
    with ModelServer(shop) as server:
        desk.record(team(server.url))
    assert desk.verdict is not None
    assert desk.verdict.trace is not None
    return desk.verdict.trace


def outcome(trace: Trace, program: Callable[[], object], **wishes: object) -> Rerun:
    """Replay what a backend kept of a run."""
    return rerun(Calls.of(trace), program, name="team", wishes=Wishes(**wishes))


def contents(trace: Trace) -> list[tuple[object, ...]]:
    """What each call of a trace asked and was told, by its place."""
    return [
        (span.position, span.digest, None if said is None else said.messages)
        if (said := response_of(span)) is not None
        else (span.position, span.digest, span.answers and span.answers[-1].body)
        for span in trace.calls
    ]


def test_agents_that_ask_the_same_at_once_get_their_own_answers(incident: Trace) -> None:
    """A cursor through the calls of the trace would hand one agent the other's."""
    became = outcome(as_kept(incident), team("http://127.0.0.1:9/v1"))

    assert not became.departed
    assert contents(became.trace) == contents(incident)


def test_what_nobody_can_tell_apart_is_refused(incident: Trace) -> None:
    """Without the agents' names two calls could be meant, and their answers differ."""
    kept = as_kept(incident)
    at_once = tuple(replace(span, agent=None, start_ns=0, end_ns=1_000) for span in kept.spans)
    nameless = replace(kept, spans=at_once)

    became = outcome(nameless, team("http://127.0.0.1:9/v1"))

    assert isinstance(became.stopped, ReplayDiverged)
    assert became.stopped.facts["why"] == "ambiguous"
    assert became.stopped.detail.count("chat gpt-4o") == 3


def test_questions_that_nobody_kept_are_known_by_their_agent(incident: Trace) -> None:
    """The next call of an agent is meant, and the run says that nobody compared what it asked."""
    became = outcome(
        as_kept(incident, without=frozenset({"questions"})), team("http://127.0.0.1:9/v1")
    )

    assert not became.departed
    assert contents(became.trace) == contents(incident)
    assert [one.how for one in became.incident.served].count("next") == 4


@pytest.mark.parametrize("without", ["answers", "tools"])
def test_what_a_tool_said_stands_in_the_next_question_as_well(
    incident: Trace, without: str
) -> None:
    """Where its span lacks the result, or there is no span, the model was told it all the same."""
    became = outcome(as_kept(incident, without=frozenset({without})), team("http://127.0.0.1:9/v1"))

    assert not became.departed
    assert contents(became.trace) == contents(incident)


def test_what_nobody_kept_at_all_is_not_made_up(incident: Trace) -> None:
    """The message names the call, and how to say what the world said."""
    kept = as_kept(incident, without=frozenset({"answers", "questions"}))

    became = outcome(kept, team("http://127.0.0.1:9/v1"))

    assert isinstance(became.stopped, IncidentSilent)
    assert "price_of" in became.stopped.headline
    assert "--override" in became.stopped.detail


def test_a_stub_answers_what_nobody_kept(incident: Trace) -> None:
    """The run comes to its end, and says that it is simulated."""
    kept = as_kept(incident, without=frozenset({"answers", "questions"}))
    stubs = Stubs()
    stubs.tool("price_of").returns({"price": 7})

    became = rerun(Calls.of(kept), team("http://127.0.0.1:9/v1"), name="team", stubs=stubs)

    assert not became.departed
    assert became.is_simulated


def test_departures_begin_at_the_first_call_that_depends_on_an_overridden_answer(
    incident: Trace,
) -> None:
    """Alice's tool says something else, so her next question departs; Bob's calls do not."""
    calls = Calls.of(as_kept(incident))
    tool = next(one for one in calls.all if one.kind == "tool" and one.agent == "alice")

    became = outcome(
        as_kept(incident),
        team("http://127.0.0.1:9/v1"),
        override={tool.label: Result({"price": 1})},
        lend=True,
    )

    (departure,) = became.incident.departures
    assert departure.call.agent is not None
    assert departure.call.agent.startswith("alice")
    assert departure.missed.why == "drift"
    told = [one.how for one in became.incident.served]
    assert (told.count("same"), told.count("override"), told.count("lent")) == (4, 1, 1)


def test_a_run_stops_at_the_call_that_a_person_names(incident: Trace) -> None:
    """It is not answered, and the trace holds what was done until then."""
    calls = Calls.of(as_kept(incident))
    last = calls.all[-1]

    became = outcome(as_kept(incident), team("http://127.0.0.1:9/v1"), until=last.label)

    assert isinstance(became.stopped, StoppedThere)
    assert not became.departed


def test_past_a_fork_nobody_answers_unless_the_world_is_asked_for(incident: Trace) -> None:
    """Without `live` the first call past it stops the run; with it, the world is asked."""
    calls = Calls.of(as_kept(incident))
    fork = [one for one in calls.all if one.kind == "llm" and one.agent == "alice"][1].label

    with ModelServer(shop) as server:
        stopped = outcome(as_kept(incident), team(server.url), fork=fork)
        asked_before = server.count
        live = outcome(as_kept(incident), team(server.url), fork=fork, live=True)
        asked_after = server.count

    assert isinstance(stopped.stopped, RunStopped)
    assert asked_before == 0
    assert live.stopped is None
    answered_by = [one.how for one in live.incident.served]
    world = [one.call for one in live.incident.served if one.how == "live"]
    assert answered_by[answered_by.index("live") :] == ["live"] * len(world)
    assert (world[0].agent or "").startswith("alice")
    assert asked_after == sum(call.question.kind == "llm" for call in world)  # Bob may have asked


def test_a_model_that_failed_then_fails_again() -> None:
    """The client raises what it raises for that status, after its own retries."""
    failed = read(TRAIL[-1])
    requests = [found for span in failed.spans if (found := request_of(span)) is not None]

    became = rerun(Calls.of(failed), lambda: heard(requests, stream=False), name="trail")

    assert became.stopped is None
    assert "RateLimitError" in str(became.raised)


def test_a_retry_of_the_clients_own_is_answered_as_the_call_was(tmp_path: Path) -> None:
    """A backend keeps one span of a call that its client tried three times."""

    def ask(url: str) -> Callable[[], object]:
        def program() -> object:
            try:
                return httpx2.post(
                    f"{url}/chat/completions",
                    json={"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]},
                ).status_code
            except httpx2.HTTPError as error:
                return error

        return program

    desk = Desk(tmp_path, "once")
    with ModelServer(lambda _request, _nth: fails(429, "slow down")) as server:
        desk.record(ask(server.url))
    assert desk.verdict is not None
    assert desk.verdict.trace is not None
    kept = desk.verdict.trace

    def patient() -> str:
        client = openai.OpenAI(api_key="none", max_retries=2)
        with pytest.raises(openai.RateLimitError) as caught:
            client.chat.completions.create(
                model=MODEL, messages=[{"role": "user", "content": "Hi"}]
            )
        return str(caught.value)

    became = rerun(Calls.of(kept), patient, name="once")

    assert became.stopped is None
    assert "slow down" in str(became.returned)
    assert became.asked == 3


# -- from a moment on ------------------------------------------------------------------------------
@pytest.mark.parametrize("without", [frozenset(), frozenset({"tools"})], ids=["spans", "messages"])
def test_unchanged_code_comes_to_every_moment_that_has_a_span(
    incident: Trace, without: frozenset[str]
) -> None:
    """A model's question tells which tools had ended; of when such a one was asked nobody tells."""
    calls = calls_of(as_kept(incident, without=without))
    program = team("http://127.0.0.1:9/v1")
    assert {one.kind for one in calls.all} == {"llm", "tool"}

    for one in calls.all:
        if not one.told_alone:
            with pytest.raises(UsageError, match="nobody knows when it was asked"):
                cut_of(calls, one.label)
            continue
        start = cut_of(calls, one.label)
        agent = [calls.all[place] for place in start.before if calls.all[place].agent == one.agent]
        assert len(agent) == [it for it in calls.all if it.agent == one.agent].index(one)
        became = rerun(calls, program, name="team", wishes=Wishes(start=start))
        assert became.stopped is None, one.label
        assert not became.departed
