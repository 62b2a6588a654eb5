"""Settle: what libraries do between calls leaves no mark, however often one looks."""

from hypothesis import given

from agenttrace.causal.agents import provisional
from agenttrace.causal.position import span_id, trace_id
from agenttrace.causal.settle import settled
from agenttrace.model.agent import Agent
from agenttrace.model.lane import Join, Lane, Position, Step
from agenttrace.model.span import Event, Span, SpanKind
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace
from tests.fakes.strategies import traces

IDLE, BUSY, INNER = (
    (Step("thread", "platform", 0),),
    (Step("task", "worker", 0),),
    (Step("task", "worker", 0), Step("task", "helper", 0)),
)


def a_span(lane: Position, seq: int, name: str = "call", **fields: object) -> Span:
    """A span at a step of a lane."""
    position = (*lane, Step("tool", name, seq))
    return Span(
        id=span_id("run", position),
        name=name,
        kind=SpanKind.TOOL,
        position=position,
        lane=lane,
        seq=seq,
        end_seq=seq,
        **fields,  # type: ignore[arg-type]
    )


def a_trace(*spans: Span, lanes: tuple[Lane, ...] = (), **fields: object) -> Trace:
    """A trace with its own span."""
    own = Span(id=span_id("run", ()), name="run", kind=SpanKind.RUN)
    return Trace(
        id=trace_id("run"),
        name="run",
        spans=(own, *spans),
        lanes=(Lane(path=()), *lanes),
        **fields,  # type: ignore[arg-type]
    )


@given(traces())
def test_settling_twice_is_settling_once(trace: Trace) -> None:
    """A golden read back and written again is the same golden."""
    once = settled(trace)

    assert settled(once) == once


def test_a_lane_in_which_nothing_is_recorded_leaves_no_mark() -> None:
    """An SDK that asks for its platform in a thread does so once a process, and never again."""
    first = a_trace(
        a_span((), 1, "a"),
        a_span((), 3, "b"),
        lanes=(Lane(path=IDLE, parent=(), spawn_seq=2, joins=(Join(by=(), seq=2),)),),
    )
    second = a_trace(a_span((), 1, "a"), a_span((), 2, "b"))

    def told(trace: Trace) -> list[tuple[str, int, int]]:
        return [(span.name, span.seq, span.end_seq) for span in settled(trace)]

    assert told(first) == told(second) == [("run", 0, 0), ("a", 1, 1), ("b", 2, 2)]
    assert settled(first).lanes == (Lane(path=()),)


def test_who_was_told_by_an_idle_lane_was_told_by_the_lane() -> None:
    """A join goes through the idle lane that passed the news on."""
    trace = a_trace(
        a_span(BUSY, 1),
        a_span((), 5),
        lanes=(
            Lane(path=BUSY, parent=(), spawn_seq=1, joins=(Join(by=IDLE, seq=9),)),
            Lane(path=IDLE, parent=(), spawn_seq=2, joins=(Join(by=(), seq=4),)),
        ),
    )

    assert settled(trace).lanes == (
        Lane(path=()),
        Lane(path=BUSY, parent=(), spawn_seq=1, joins=(Join(by=(), seq=1),)),
    )


def test_a_lane_above_a_busy_one_and_a_hole_are_kept() -> None:
    """What is needed to say where a call stands stays; a missing journal is not silence."""
    hole = (Step("process", "child", 0),)
    trace = a_trace(
        a_span(INNER, 1),
        lanes=(
            Lane(path=BUSY, parent=(), spawn_seq=1),
            Lane(path=INNER, parent=BUSY, spawn_seq=1),
            Lane(path=hole, parent=(), spawn_seq=2, end="hole"),
        ),
    )

    assert [lane.path for lane in settled(trace).lanes] == [(), hole, BUSY, INNER]


def test_steps_of_events_and_snapshots_are_counted_with_the_spans() -> None:
    """They stay between the same calls."""
    shot = StateSnapshot(agent="a", position=(Step("state", "a", 0),), lane=(), seq=8)
    event = Event(name="planning", seq=9)
    trace = a_trace(a_span((), 4, "a"), a_span((), 9, "b", events=(event,)), snapshots=(shot,))

    result = settled(trace)

    assert [span.seq for span in result] == [0, 1, 3]
    assert [shot.seq for shot in result.snapshots] == [2]
    assert result.spans[2].events == (Event(name="planning", seq=3),)


def test_agents_of_one_name_are_counted_in_causal_order() -> None:
    """Which of three workers came first by the clock changes no name; a given id is kept."""
    ids = [provisional("worker", lane) for lane in (INNER, (), BUSY)]
    trace = a_trace(
        *(a_span(lane, 1, agent=agent) for lane, agent in zip((INNER, (), BUSY), ids, strict=True)),
        agents=(
            *(Agent(id=agent, name="worker") for agent in ids),
            Agent(id="worker#1", name="mine"),
        ),
        lanes=(
            Lane(path=BUSY, parent=(), spawn_seq=1),
            Lane(path=INNER, parent=BUSY, spawn_seq=1),
        ),
        snapshots=(StateSnapshot(agent=ids[0], position=(), lane=INNER, seq=1),),
    )

    result = settled(trace)

    assert [(span.lane, span.agent) for span in result if span.agent] == [
        ((), "worker"),
        (BUSY, "worker#2"),
        (INNER, "worker#3"),
    ]
    assert [agent.id for agent in result.agents] == ["worker", "worker#1", "worker#2", "worker#3"]
    assert result.snapshots[0].agent == "worker#3"


def test_agents_that_did_nothing_are_counted_by_their_place() -> None:
    """Whoever was noted first by the clock has no say in it."""
    one, two = (
        Agent(id=provisional("idle", lane), name="idle", role=str(lane)) for lane in (BUSY, INNER)
    )

    assert settled(a_trace(agents=(one, two))) == settled(a_trace(agents=(two, one)))
