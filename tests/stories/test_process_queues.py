"""Queues between processes: which message a receive got is part of the golden, in every process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agenttrace.errors import MessageNeverCame
from agenttrace.model.lane import label_of
from agenttrace.session import Plan, load_golden
from agenttrace.testing import ModelServer, says
from tests.fakes import workers
from tests.fakes.campaign import times
from tests.fakes.sessions import Desk

REPLAYS = times(1, 20)
"""How often each golden is replayed; every replay begins processes."""


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A model on this machine that counts."""
    with ModelServer(lambda request, _nth: says(f"re {request.messages[-1].text}")) as server:
        yield server


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A place for one golden."""
    return Desk(tmp_path)


def deliveries(desk: Desk) -> list[tuple[str, str, str]]:
    """Who received what, as the golden says it."""
    plan = Plan(name="a run", golden=desk.golden, shown="the golden", journal=desk.golden)
    golden = load_golden(plan)
    assert golden is not None
    return [
        (label_of(one.receive), one.outcome, "" if one.message is None else label_of(one.message))
        for one in golden.deliveries
    ]


def test_processes_that_share_a_queue_get_the_messages_they_got(
    desk: Desk, server: ModelServer
) -> None:
    """Two workers, four jobs, answers in the order in which they came: the replay asks nobody."""
    said = desk.record(lambda: workers.shared_work(server.url))
    sent = len(server.requests)

    for _ in range(REPLAYS):
        assert desk.replay(lambda: workers.shared_work(server.url)) == said

    assert len(server.requests) == sent == 8
    assert desk.verdict is not None
    assert desk.verdict.warnings == ()
    found = deliveries(desk)
    assert len(found) == 4 + 4 + 2
    assert {outcome for _, outcome, _ in found} == {"message"}
    assert len({message for _, _, message in found}) == len(found)


def test_a_poll_finds_nothing_where_it_found_nothing(desk: Desk, server: ModelServer) -> None:
    """An empty queue and a timeout are answers too, however fast the replay is."""
    said = desk.record(lambda: workers.poll(server.url))

    assert desk.replay(lambda: workers.poll(server.url)) == said

    outcomes = [outcome for _, outcome, _ in deliveries(desk)]
    assert (outcomes[0], outcomes.count("message")) == ("empty", 2)


def test_a_message_that_no_process_sends_any_more_is_named(desk: Desk, server: ModelServer) -> None:
    """The receive that waits for it ends with the queue, the message, and the way on."""
    desk.record(lambda: workers.heard(server.url))

    with pytest.raises(MessageNeverCame, match=r"waits for the message tell#0/message:Queue#0"):
        desk.replay(lambda: workers.heard(server.url, silent=True))


def test_queues_inside_a_child_are_held_too(desk: Desk, server: ModelServer) -> None:
    """Its threads share work as chance will have it, and share it so again in a replay."""
    said = desk.record(lambda: workers.told_by(server.url, workers.inside))
    sent = len(server.requests)

    assert desk.replay(lambda: workers.told_by(server.url, workers.inside)) == said
    assert len(server.requests) == sent == 12


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_what_comes_from_a_stranger_is_nobodys_message_and_said_so(
    method: str, desk: Desk, server: ModelServer
) -> None:
    """A forked process is no part of the run: its message is handed on as it comes."""

    def program() -> tuple[object, str]:
        return workers.told_by(server.url, workers.word, method), workers.ask(server.url, "own")

    said = desk.record(program)
    assert desk.verdict is not None
    warned = [it for it in desk.verdict.warnings if "from a process that is no part" in it]
    assert len(warned) == (method == "fork")

    assert desk.replay(program) == said
