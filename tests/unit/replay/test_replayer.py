"""Replayer: answers, echoes what stood below them, and says what nobody asked for."""

from dataclasses import replace

import pytest

from agenttrace.boundary import cross
from agenttrace.causal import current
from agenttrace.errors import ReplayDiverged
from agenttrace.model.call import Answer, Failure
from agenttrace.model.lane import Lane, Step, label_of
from agenttrace.model.span import Link
from agenttrace.model.trace import Trace
from agenttrace.replay.matching import LENIENT
from agenttrace.replay.replayer import Note
from tests.fakes.fixed_run import FixedRun, a_chat, a_run, a_tool, recorded, replayer, way


def fetch(run: FixedRun, order: str) -> str:
    """A tool that makes a request in a task of its own."""

    def body() -> str:
        frame = current.frame()
        assert frame is not None
        lane = frame.lane.child("task", "download")
        token = current.stand(frame.on(lane))
        question = replace(a_tool("GET /orders", order=order), kind="http")
        said = cross(run.door, way(question), lambda: f"order {order}")
        current.reset(token)
        lane.end()
        lane.joined_by(frame.lane)
        return said

    return run.inside("fetch", body, order=order)


def no_world() -> str:
    """Nobody may come here."""
    raise AssertionError("the world was asked")


def fetch_answered(run: FixedRun, order: str) -> str:
    """The same tool, with no world behind it."""
    return cross(run.door, way(a_tool("fetch", order=order)), no_world)


def test_what_stood_below_an_answered_call_is_echoed() -> None:
    """The replay's trace is the recording's, though the tool did not run."""
    trace = recorded(lambda run: fetch(run, "A"))
    with a_run(replayer(trace)) as run:
        assert fetch_answered(run, "A") == "order A"

    echoes = [span for span in run.trace if span.echoed]
    assert [span.name for span in echoes] == ["GET /orders"]
    assert replace(run.trace, spans=tuple(replace(s, echoed=False) for s in run.trace)) == trace
    counts = run.door.counts
    assert (counts.asked, counts.answered, counts.echoed, counts.live) == (1, 1, 1, 0)


def test_an_echo_moves_with_its_call() -> None:
    """Ids, parents, lanes and links of an echo fit the trace that it is copied into."""
    trace = with_link(
        recorded(lambda run: [fetch(run, "A"), fetch(run, "B")]), to="tool:fetch#1", of="fetch#1"
    )
    source = replayer(trace, match=LENIENT)
    with a_run(source) as run:
        fetch_answered(run, "B")

    moved, echo = (span for span in run.trace if span.kind.value in ("tool", "http"))
    assert (moved.position, echo.parent) == ((Step("tool", "fetch", 0),), moved.id)
    assert echo.links == (Link(span=moved.id),)
    assert label_of(echo.lane) == "tool:fetch#0/download#0"
    assert [lane.path for lane in run.trace.lanes] == [(), moved.position, echo.lane]
    assert run.trace.lanes[1].joins[0].seq == moved.seq
    assert source.notes == [
        Note(
            how="moved",
            position=moved.position,
            title="fetch",
            recorded=(Step("tool", "fetch", 1),),
        )
    ]


def with_link(trace: Trace, *, to: str, of: str) -> Trace:
    """The trace, with a link from the request below a tool to the tool itself."""
    target = next(span for span in trace if label_of(span.position) == to)
    return replace(
        trace,
        spans=tuple(
            replace(span, links=(Link(span=target.id),))
            if span.kind.value == "http" and of in label_of(span.position)
            else span
            for span in trace
        ),
    )


def test_attempts_are_answered_one_by_one() -> None:
    """The client sees the refusal first, then the answer; one try more diverges."""
    busy, fine = Answer(head={"status": 429}), Answer(head={"status": 200})
    with a_run() as record:
        for answer in (busy, fine):
            record.door.ask(a_chat("hello")).close(answer)
    with a_run(replayer(record.trace)) as run:
        seen = []
        for _ in range(2):
            crossing = run.door.ask(a_chat("hello"))
            assert crossing.recalled is not None
            seen.append(crossing.recalled.answer.head)
            crossing.close(crossing.recalled.answer)

    assert seen == [{"status": 429}, {"status": 200}]
    assert run.trace == record.trace


def test_agent_code_that_is_tried_again_runs_again() -> None:
    """A retrieval with a model below runs; its second attempt is not a second question."""
    question = replace(a_tool("search"), kind="retrieval")

    def program(run: FixedRun) -> str:
        tries = []

        def search() -> str:
            tries.append(run.chat(f"try {len(tries)}"))
            if len(tries) == 1:
                raise OSError("busy")
            return "found"

        with pytest.raises(OSError, match="busy"):
            cross(run.door, way(question), search)
        return cross(run.door, way(question), search)

    trace = recorded(program)
    with a_run(replayer(trace)) as run:
        assert program(run) == "found"


def test_live_kinds_run_and_use_their_recording_up() -> None:
    """With models stubbed and tools live, a tool's recorded answer is not left unused."""
    trace = recorded(lambda run: [run.chat("hello"), run.tool("pay")])
    source = replayer(trace, stub=frozenset({"llm"}))
    with a_run(source) as run:
        run.chat("hello")
        run.tool("pay")
        run.tool("something else")

    assert source.unused() == ()
    assert (run.door.counts.answered, run.door.counts.live) == (1, 2)


def test_a_composite_call_runs_unless_it_is_forced() -> None:
    """`stub=True` answers a sub-agent whole."""
    trace = recorded(lambda run: run.inside("ask_expert", lambda: run.chat("hello")))
    ran: list[str] = []

    def expert(run: FixedRun) -> str:
        ran.append("ran")
        return run.chat("hello")

    with a_run(replayer(trace)) as run:
        run.inside("ask_expert", lambda: expert(run))
    with a_run(replayer(trace)) as forced:
        question = replace(a_tool("ask_expert"), stub=True)
        assert cross(forced.door, way(question), no_world) == "yes to hello"

    assert ran == ["ran"]
    assert [span.echoed for span in run.trace.calls] == [False, False]
    assert [span.echoed for span in forced.trace.calls] == [False, True]


def test_answers_that_nobody_asked_for_are_named() -> None:
    """A branch not taken shows; what was asked, lent or echoed does not."""
    trace = recorded(lambda run: [fetch(run, "A"), run.tool("pay"), run.tool("mail")])
    source = replayer(trace)
    with a_run(source) as run:
        fetch_answered(run, "A")
        run.tool("mail")

    assert [span.name for span in source.unused()] == ["pay"]


def test_a_ragged_answer_may_stay_unused() -> None:
    """Chance may cut a lane short before the call."""
    trace = recorded(lambda run: run.tool("pay"))
    path = (Step("task", "worker", 0),)
    spans = tuple(
        replace(span, lane=path, position=path + span.position) if span.is_call else span
        for span in trace
    )
    ragged = Lane(path=path, parent=(), ragged=True, end="cut")
    source = replayer(replace(trace, spans=spans, lanes=(*trace.lanes, ragged)))

    assert source.unused() == ()


def test_a_lent_answer_stays_for_its_own_question() -> None:
    """Lenient matching lends, and the pair is marked."""
    trace = recorded(lambda run: [run.tool("look_up", order="A"), run.tool("look_up", order="B")])
    with a_run(replayer(trace, match=LENIENT)) as run:
        lent = run.tool("look_up", order="C")
        moved = run.tool("look_up", order="A")

    assert lent == moved == "look_up {'order': 'A'}"
    assert [span.mark for span in run.trace.calls] == ["lent", ""]


def test_an_extra_call_diverges_leniently_too() -> None:
    """There is nothing that could be lent."""
    trace = recorded(lambda run: run.tool("look_up"))
    with a_run(replayer(trace, match=LENIENT)) as run, pytest.raises(ReplayDiverged) as stop:
        run.tool("pay")

    assert stop.value.facts["why"] == "extra"


def test_a_recorded_failure_of_an_attempt_is_given() -> None:
    """A timeout is answered like anything else."""
    failed = Answer(failure=Failure(type="TimeoutError", message="slow"))
    with a_run() as record:
        record.door.ask(a_chat("hello")).close(failed)
    with a_run(replayer(record.trace)) as run, pytest.raises(TimeoutError):
        run.chat("hello")
