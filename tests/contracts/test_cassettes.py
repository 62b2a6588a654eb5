"""Real traffic, through the real SDKs: recorded from a server here, replayed without it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from agenttrace.formats import native
from agenttrace.model.call import Answer
from agenttrace.model.values import Value
from agenttrace.providers.provider import BAD, status_in
from tests.fakes.cassettes import DRIVEN, Interaction, cassettes, interactions
from tests.fakes.recorded_server import RecordedServer
from tests.fakes.sdks import Outcome, asking
from tests.fakes.sessions import Desk

REWORDS = ("generativelanguage.", "api.mistral.")
"""The hosts whose SDKs make a request anew, with defaults and names of their own."""


def conversation(cassette: Path) -> list[Interaction]:
    """The questions to models in a cassette; a framework's own telemetry is none."""
    return [one for one in interactions(cassette) if one.asks_a_model]


def statuses(said: list[Interaction], outcomes: list[Outcome]) -> list[int]:
    """The status that each call should end with: that of its last attempt."""
    found = [status_in(one.answer) for one in said]
    ends = itertools.accumulate(outcome.retries + 1 for outcome in outcomes)
    return [found[end - 1] for end in ends]


def meant(one: Interaction, body: Value) -> list[str]:
    """What a request says, where its SDK adds defaults or spells names in another way."""
    assert one.provider is not None
    assert one.host.startswith(REWORDS)
    return [repr(message) for message in one.provider.read_request(body, one.path).messages]


@pytest.mark.filterwarnings("ignore:The model:DeprecationWarning")  # the SDK's, about its models
@pytest.mark.parametrize(
    "cassette", cassettes(*DRIVEN), ids=lambda it: f"{it.parent.name}-{it.stem}"
)
def test_real_traffic_replays_as_the_sdk_parsed_it(cassette: Path, tmp_path: Path) -> None:
    """Objects, events of streams, errors, status and retries: equal, and no server is there."""
    said, desk = conversation(cassette), Desk(tmp_path)

    def agent() -> list[Outcome]:
        """Make every recorded request; what an SDK asks again by itself is not asked here."""
        found: list[Outcome] = []
        nth = 0
        while nth < len(said):
            found.append(asking(server.url, said[nth])())
            nth += found[-1].retries + 1
        return found

    with RecordedServer(said) as server:
        first = desk.record(agent)
    assert len(server.bodies) == len(said)
    for one, body in zip(said, server.bodies, strict=True):
        assert body == one.body or meant(one, body) == meant(one, one.body)

    second = desk.replay(agent)
    assert second == first
    assert [outcome.status for outcome in first] == statuses(said, first)
    assert len(server.bodies) == len(said)

    calls = native.read(desk.golden.read_bytes()).calls
    answers = [answer for span in calls for answer in span.answers]
    assert [pieces(it) for it in answers] == [pieces(one.answer) for one in said]
    assert {span.kind for span in calls} == kinds(said)
    ends = [it for it in said if status_in(it.answer) < BAD]
    spans = [span for span in calls if status_in(span.answer) < BAD]
    assert [span.usage is not None for span in spans] == [counted(one) for one in ends]


def kinds(said: list[Interaction]) -> set[str]:
    """What the calls are; a question in no language of ours is plain HTTP."""
    return {"http" if one.provider is None else "llm" for one in said}


def counted(one: Interaction) -> bool:
    """Whether an answer had to say what it used."""
    return one.provider is not None and one.provider.counts(
        one.provider.read_request(one.body, one.path)
    )


def pieces(answer: Answer) -> list[bytes]:
    """Where an answer's pieces begin and end."""
    return [chunk.data for chunk in answer.chunks]
