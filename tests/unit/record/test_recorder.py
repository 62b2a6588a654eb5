"""Recorder: everything in causal order, whoever came first by the clock."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from agenttrace.causal import current
from agenttrace.causal.agents import provisional
from agenttrace.model.agent import Agent
from agenttrace.model.call import Answer, Chunk, Failure
from agenttrace.model.lane import Lane, Step
from agenttrace.model.span import Event, Link, Span, SpanKind, Status
from agenttrace.model.usage import Tokens, Usage
from tests.fakes.fixed_run import NAME, FixedRun, a_chat, a_run, a_tool


@dataclass
class ScriptedJournal:
    """Remembers what it was told."""

    told: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        def tell(*args: object, **_kwargs: object) -> None:
            self.told.append(f"{name} {type(args[0]).__name__}")

        return tell


def lanes(run: FixedRun, *names: str) -> list[Any]:
    """Spawn tasks of the run."""
    return [run.run.root.child("task", name) for name in names]


def test_events_and_links_stand_in_causal_order() -> None:
    """Two lanes note on one span: program order decides, not who came first."""
    with a_run() as run:
        first, second = lanes(run, "a", "b")
        for lane, name in ((second, "late"), (first, "early"), (first, "early too")):
            lane.step()
            run.recorder.noted(Event(name=name), span=run.run.span, lane=lane)
            run.recorder.noted(Link(span="00000000000000aa", relationship=name), lane=lane)

    own = run.trace.spans[0]
    assert [event.name for event in own.events] == ["early", "early too", "late"]
    assert [link.relationship for link in own.links] == ["early", "early too", "late"]


def test_the_step_of_an_event_is_one_of_its_span_s_lane() -> None:
    """What libraries do in a lane below must not move it: its own steps say nothing up here."""

    def seqs(idle_steps: int) -> list[int]:
        with a_run() as run:
            run.tool("first")
            (lane,) = lanes(run, "worker")
            for number in range(idle_steps):
                lane.child("thread", f"idle {number}")
            run.recorder.noted(Event(name="planning"), lane=lane)
            token = current.stand(run.run.frame().on(lane))
            run.tool("second")
            current.reset(token)
        return [event.seq for event in run.trace.spans[0].events]

    assert seqs(0) == seqs(5) == [2]


def test_a_note_for_a_span_that_is_not_known_goes_to_the_run() -> None:
    """Nothing that a user says is lost."""
    with a_run() as run:
        run.recorder.noted(Event(name="planning"), span="00000000000000aa")

    assert [event.name for event in run.trace.spans[0].events] == ["planning"]


def test_a_status_that_the_user_set_wins() -> None:
    """`agenttrace.status` says more than the answer does."""
    with a_run() as run:
        crossing = run.door.ask(a_tool("pay"))
        run.recorder.noted(Status(code="TOOL_LIMIT_EXCEEDED"), span=crossing.call.span)
        crossing.close(Answer())

    assert run.trace.calls[0].status == Status(code="TOOL_LIMIT_EXCEEDED")


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer(), Status(code="OK")),
        (Answer(end="closed", streamed=True), Status(code="OK")),
        (Answer(head={"status": 200}), Status(code="OK")),
        (Answer(head={"status": 404}), Status(code="ERROR", message="HTTP 404")),
        (Answer(failure=Failure(type="OSError")), Status(code="ERROR", message="OSError")),
        (Answer(end="cancelled"), Status(code="UNSET", message="cancelled")),
        (Answer(end="open"), Status(code="UNSET", message="open")),
    ],
    ids=["whole", "left", "200", "404", "failed", "cancelled", "open"],
)
def test_an_answer_says_how_its_span_ended(answer: Answer, status: Status) -> None:
    """An error that came as an answer is an error."""
    with a_run() as run:
        run.door.ask(a_chat("hello")).close(answer)

    assert run.trace.calls[0].status == status


def test_agents_are_named_when_the_run_is_over() -> None:
    """Ids depend on where agents began, not on which began first."""
    with a_run() as run:
        for lane in reversed(lanes(run, "a", "b")):
            lane.step()
            agent = provisional("worker", lane.path)
            run.recorder.noted(Agent(id=agent, name="worker"))
            position = (*lane.path, Step("agent", "worker", 0))
            run.recorder.noted(
                Span(
                    id=f"{len(run.recorder.trace().spans):016x}",
                    name="worker",
                    kind=SpanKind.AGENT,
                    position=position,
                    lane=lane.path,
                    seq=lane.seq,
                    agent=agent,
                )
            )

    assert [(span.lane, span.agent) for span in run.trace.spans[1:]] == [
        ((Step("task", "a", 0),), "worker"),
        ((Step("task", "b", 0),), "worker#1"),
    ]
    assert [agent.id for agent in run.trace.agents] == ["worker", "worker#1"]


def test_times_and_usage_are_kept() -> None:
    """A span lasts from the first question to the last answer."""
    usage = Usage(models={"m": Tokens(input=1)})
    with a_run() as run:
        run.clock.at_ns = 5
        crossing = run.door.ask(a_chat("hello"))
        run.clock.at_ns = 7
        crossing.chunk(b"piece")
        run.clock.at_ns = 9
        crossing.end_stream(usage=usage, attributes={"k": "v"})

    (call,) = run.trace.calls
    assert (call.start_ns, call.end_ns, call.usage, call.attributes) == (5, 9, usage, {"k": "v"})
    assert call.answers == (
        Answer(chunks=(Chunk(data=b"piece", offset_ns=2),), streamed=True, asked_ns=5, ended_ns=9),
    )
    assert run.trace.spans[0].end_ns == 9


def test_a_stream_that_nobody_ended_is_named() -> None:
    """It was neither read to its end nor closed."""
    with a_run() as run:
        for words, ends in (("left", False), ("read", True)):
            crossing = run.door.ask(a_chat(words))
            crossing.chunk(b"piece")
            if ends:
                crossing.end_stream()
        left = run.recorder.streams_left_open()

    assert [span.question["body"]["messages"][0]["content"] for span in left] == ["left"]  # type: ignore[index,call-overload]


def test_a_stream_in_a_lane_that_was_cut_may_stay_open() -> None:
    """Whoever was cancelled cannot be asked to close."""
    with a_run() as run:
        (lane,) = lanes(run, "worker")
        token = current.stand(run.run.frame().on(lane))
        run.door.ask(a_chat("hello")).chunk(b"piece")
        current.reset(token)
        lane.end(cut=True)
        assert run.recorder.streams_left_open() == ()


def test_the_journal_is_told_before_the_agent() -> None:
    """A kill at any moment loses nothing that the agent has seen."""
    journal = ScriptedJournal()
    with a_run(journal=journal) as run:  # type: ignore[arg-type]
        run.tool("pay")
        run.run.root.child("task", "worker")
        run.recorder.noted(Event(name="planning"))
        run.recorder.noted(Lane(path=(Step("task", "copied", 0),), parent=()))
        run.recorder.forget_journal()
        run.tool("unheard")

    assert journal.told == [
        "began Span",
        "opened Call",
        "lane Lane",
        "closed Call",
        "lane Lane",
        "noted Event",
        "lane Lane",
    ]


def test_an_empty_run_is_a_trace_of_its_own_span() -> None:
    """The run itself is the root."""
    with a_run() as run:
        run.clock.at_ns = 3

    own = run.trace.spans[0]
    assert (run.trace.name, own.name, own.kind, own.end_ns) == (NAME, NAME, SpanKind.RUN, 3)
    assert run.trace.lanes == (Lane(path=()),)
    assert run.trace.complete
