"""Door: one decision a question, attempts of wire calls, and a stop that stays."""

import asyncio
from dataclasses import replace

import pytest

from agenttrace.boundary import Chain, Nobody, Packed, Recall, cross, ended_by, here, is_retryable
from agenttrace.causal import current
from agenttrace.errors import GoldenMissing, ReplayDiverged, RunEnded
from agenttrace.model.call import Answer, Call, Chunk, Failure, Question
from agenttrace.model.lane import Step, text_of
from agenttrace.replay.replayer import Refusing
from tests.fakes.fixed_run import FixedRun, a_chat, a_run, a_tool, recorded, replayer, way


class FixedSource:
    """Knows one answer to everything."""

    def __init__(self, how: str = "same", said: str = "known") -> None:
        self.how = how
        self.answer = Answer(chunks=(Chunk(data=said.encode()),))

    def recall(self, call: Call) -> Recall | None:
        """Give it."""
        return Recall(answer=self.answer, how=self.how)


def refused() -> str:
    """A world that nobody may reach."""
    raise AssertionError("the world was asked")


def test_a_stop_is_raised_again_at_every_later_call() -> None:
    """An agent that swallows the first cannot go on; the first stop is the one that counts."""
    trace = recorded(lambda run: run.tool("look_up", order="A"))
    with a_run(replayer(trace)) as run:
        with pytest.raises(ReplayDiverged) as first:
            run.tool("look_up", order="B")
        with pytest.raises(ReplayDiverged) as second:
            run.tool("look_up", order="A")
        assert run.run.stop(GoldenMissing("later")) is first.value

    assert second.value is first.value
    assert run.run.stopped is first.value
    assert not isinstance(first.value, Exception)


def test_whoever_waits_is_woken_once_by_a_stop() -> None:
    """The first error wakes the waiting doors; later ones wake nobody."""
    woken: list[object] = []
    with a_run(Refusing(GoldenMissing("none"))) as run:
        run.run.wakers.append(woken.append)
        for _ in range(2):
            with pytest.raises(GoldenMissing):
                run.tool("look_up")

    assert woken == [run.run.stopped]


def test_a_call_that_stopped_the_run_is_written_down_as_open() -> None:
    """The trace of a diverged run shows the call, without an answer."""
    with a_run(Refusing(GoldenMissing("none"))) as run, pytest.raises(GoldenMissing):
        run.tool("look_up")

    assert [span.answers[0].end for span in run.trace.calls] == ["open"]


def test_a_call_after_the_end_is_refused_and_counted() -> None:
    """A thread that outlives its run reaches neither the world nor the trace."""
    with a_run() as run:
        frame = current.carried()
    token = current.stand(frame)
    try:
        with pytest.raises(RunEnded, match="look_up was asked after the run"):
            cross(run.door, way(a_tool("look_up", site="refund.py:58")), refused)
    finally:
        current.reset(token)

    assert run.run.refused == 1
    assert run.trace.calls == ()


def test_a_guard_refuses_calls_and_stops_the_run() -> None:
    """A run that may not ask now says why."""
    guard = GoldenMissing("not here")
    with a_run() as run:
        run.run.guard = guard
        with pytest.raises(GoldenMissing) as refusal:
            cross(run.door, way(a_tool("look_up")), refused)

    assert refusal.value is guard is run.run.stopped


@pytest.mark.parametrize(
    ("answer", "retryable"),
    [
        (Answer(head={"status": 429}), True),
        (Answer(head={"status": 408}), True),
        (Answer(head={"status": 409}), True),
        (Answer(head={"status": 500}), True),
        (Answer(head={"status": 599}), True),
        (Answer(head={"status": 200}), False),
        (Answer(head={"status": 400}), False),
        (Answer(failure=Failure(type="httpx.ReadTimeout")), True),
        (Answer(head={"status": 200}, failure=Failure(type="httpx.ReadError")), True),
        (Answer(), False),
    ],
    ids=["429", "408", "409", "500", "599", "200", "400", "timeout", "broken body", "none"],
)
def test_what_is_tried_again_is_a_refusal_or_a_broken_transport(
    answer: Answer, retryable: bool
) -> None:
    """An SDK's retry is an attempt, so later positions do not move."""
    assert is_retryable(answer) is retryable


def a_try(run: FixedRun, question: Question, answer: Answer) -> Call:
    """Ask, and end it so."""
    crossing = run.door.ask(question)
    crossing.close(answer)
    return crossing.call


@pytest.mark.parametrize(
    "answer",
    [Answer(head={"status": 429}), Answer(head={"status": 503}), Answer(failure=Failure(type="T"))],
    ids=["429", "503", "timeout"],
)
def test_the_same_question_after_a_refusal_is_another_attempt(answer: Answer) -> None:
    """A run with two 429s and one without agree on every later position."""
    with a_run() as run:
        first, second = (a_try(run, a_chat("a"), answer) for _ in range(2))
        third = a_try(run, a_chat("a"), Answer(head={"status": 200}))
        fourth = a_try(run, a_chat("a"), Answer(head={"status": 200}))

    assert (first.attempt, second.attempt, third.attempt, fourth.attempt) == (0, 1, 2, 0)
    assert first.position == second.position == third.position
    assert fourth.position == (Step("llm", "chat", 1),)
    assert [len(span.answers) for span in run.trace.calls] == [3, 1]
    assert [span.seq for span in run.trace.calls] == [1, 2]


def test_a_tool_called_again_is_a_new_call() -> None:
    """An agent that calls a failed tool again has decided to; that is behaviour."""
    with a_run() as run:
        calls = [
            a_try(run, a_tool("pay"), Answer(failure=Failure(type="OSError"))) for _ in range(2)
        ]

    assert [(call.attempt, text_of(call.position)) for call in calls] == [
        (0, "tool:pay#0"),
        (0, "tool:pay#1"),
    ]


def test_another_question_between_two_tries_makes_a_new_call() -> None:
    """Only what follows at once is a retry."""
    with a_run() as run:
        busy = Answer(head={"status": 429})
        calls = [a_try(run, a_chat(words), busy) for words in ("a", "b", "a")]

    assert [call.attempt for call in calls] == [0, 0, 0]


def test_live_code_stands_in_a_lane_of_its_own() -> None:
    """What a client does inside a call moves none of the agent's positions."""
    with a_run() as run:
        run.inside("outer", lambda: [run.tool("inner"), run.tool("inner")])
        run.tool("inner")

    outer = (Step("tool", "outer", 0),)
    assert [(text_of(span.position), span.lane) for span in run.trace.calls] == [
        ("tool:outer#0", ()),
        ("tool:inner#0", ()),
        ("tool:outer#0/tool:inner#0", outer),
        ("tool:outer#0/tool:inner#1", outer),
    ]
    inner = run.trace.calls[2]
    assert inner.parent == run.trace.calls[0].id
    assert [lane.path for lane in run.trace.lanes] == [(), outer]
    assert run.trace.lanes[1].joins[0].by == ()


def test_who_answered_is_counted() -> None:
    """Every Verdict says how many calls the world answered."""
    with a_run(FixedSource()) as run:
        run.tool("a")
        cross(run.door, way(replace(a_tool("b"), live=True)), lambda: "live")

    counts = run.door.counts
    assert (counts.asked, counts.answered, counts.live, counts.echoed) == (2, 1, 1, 0)


@pytest.mark.parametrize(
    ("how", "mark"),
    [("same", ""), ("moved", ""), ("lent", "lent"), ("stub", "stub"), ("fault", "fault")],
)
def test_a_pair_that_the_world_did_not_give_is_marked(how: str, mark: str) -> None:
    """A golden holds only pairs of question and answer that belong together."""
    with a_run(FixedSource(how)) as run:
        run.tool("a")

    assert run.trace.calls[0].mark == mark


def test_the_first_source_that_knows_answers() -> None:
    """Sources compose: a stub stands before the recording, the world behind both."""
    chain = Chain(Nobody(), FixedSource(said="first"), FixedSource(said="second"))
    with a_run(chain) as run:
        assert run.tool("a") == "first"
    with a_run(Chain(Nobody(), Nobody())) as run:
        assert run.tool("a") == "a {}"


def test_closing_twice_is_closing_once() -> None:
    """A client that closes a response twice ends one call."""
    with a_run() as run:
        crossing = run.door.ask(a_tool("a"))
        crossing.complete(Packed(data=b"first"))
        crossing.fail(ValueError("late"))

    assert [answer.body for answer in run.trace.calls[0].answers] == [b"first"]


@pytest.mark.parametrize(
    ("error", "end", "failure"),
    [
        (ValueError("no"), "complete", "ValueError"),
        (asyncio.CancelledError(), "cancelled", None),
        (GeneratorExit(), "closed", None),
        (KeyboardInterrupt(), "open", None),
        (ReplayDiverged("x"), "open", None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_each_way_out_of_live_code_is_an_end(
    error: BaseException, end: str, failure: str | None
) -> None:
    """A cancelled call never arrives again; an interrupted one had no answer."""
    answer = ended_by(error)

    assert (answer.end, answer.failure and answer.failure.type) == (end, failure)


def test_outside_every_run_there_is_no_door() -> None:
    """In production the verbs cost nothing."""
    assert here() is None
    with a_run() as run:
        assert here() is run.door
