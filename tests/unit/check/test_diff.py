"""Compare: what differs between a golden and a run that did not diverge."""

from dataclasses import replace

import pytest

from agenttrace.check.diff import diff
from agenttrace.check.vary import Vary
from agenttrace.model.call import Answer, Chunk
from agenttrace.model.lane import Join, Lane, Step
from agenttrace.model.span import Event, Link, Span, Status
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace
from agenttrace.model.values import digest
from tests.fakes.fixed_run import FixedRun, recorded

WORKER = (Step("task", "worker", 0),)


def program(run: FixedRun) -> None:
    """A model call and a tool call."""
    run.chat("hello")
    run.tool("pay", amount=1)


GOLDEN = recorded(program)


def changed(trace: Trace, name: str, **fields: object) -> Trace:
    """The trace, one span of which has other fields."""
    spans = tuple(replace(s, **fields) if s.name == name else s for s in trace)  # type: ignore[arg-type]
    return replace(trace, spans=spans)


def asked(question: object) -> dict[str, object]:
    """The fields of a span that asks."""
    return {"question": question, "digest": digest(question)}  # type: ignore[arg-type]


def said(text: bytes, **fields: object) -> tuple[Answer, ...]:
    """One answer."""
    return (Answer(chunks=(Chunk(data=text),), **fields),)  # type: ignore[arg-type]


def told(golden: Trace, run: Trace, *vary: str) -> list[tuple[str, str, str]]:
    """Class, what and title of each difference."""
    return [(d.kind, d.what, d.title) for d in diff(golden, run, Vary.of(vary))]


def test_equal_traces_have_no_difference() -> None:
    """Times, sites and environments are for people, and never compared."""
    other = replace(GOLDEN, started="2026-01-01", environment={"hash_seed": "1"})
    other = changed(other, "pay", site="refund.py:58", start_ns=5, end_ns=6)

    assert diff(GOLDEN, other) == ()


@pytest.mark.parametrize(
    ("name", "fields", "kind"),
    [
        ("pay", asked({"amount": 2}), "tool_args"),
        ("chat m", asked({"prompt": "bye"}), "llm_input"),
        ("pay", {"answers": said(b"no")}, "tool_result"),
        ("chat m", {"answers": said(b"no")}, "llm_output"),
        ("pay", {"answers": 2 * said(b"pay {'amount': 1}")}, "status"),
        ("pay", {"status": Status(code="ERROR")}, "status"),
        ("pay", {"events": (Event(name="planning"),)}, "event"),
        ("pay", {"links": (Link(span="00000000000000aa"),)}, "link"),
        ("pay", {"agent": "planner"}, "metadata"),
        ("pay", {"attributes": {"a": 1}}, "metadata"),
        ("pay", {"operation": "refund"}, "structure"),
        ("pay", {"parent": None}, "structure"),
        ("chat m", {"seq": 9}, "order"),
    ],
)
def test_each_change_has_its_class(name: str, fields: dict[str, object], kind: str) -> None:
    """A policy allows or blocks by class, so a change must land in its own."""
    run = changed(GOLDEN, name, **fields)

    assert [difference.kind for difference in diff(GOLDEN, run)] == [kind]


def test_calls_that_went_and_came_are_named() -> None:
    """In the golden's order, then what only the run has."""
    run = recorded(lambda run: [run.chat("hello"), run.tool("mail")])

    assert told(GOLDEN, run) == [("structure", "missing", "pay"), ("structure", "extra", "mail")]


def test_what_may_vary_is_no_difference() -> None:
    """Only the part that is named."""
    run = changed(GOLDEN, "pay", **asked({"amount": 2}))

    assert told(GOLDEN, run, "pay.amount") == []
    assert told(GOLDEN, run, "pay.order") == [("tool_args", "changed", "pay")]


def test_a_lent_answer_is_a_difference() -> None:
    """A pair that the world did not give never passes as one."""
    assert told(GOLDEN, changed(GOLDEN, "pay", mark="lent")) == [("tool_result", "lent", "pay")]


def in_worker(trace: Trace, lane: Lane) -> Trace:
    """The trace, whose tool call stands in a task."""
    pay = next(span for span in trace if span.name == "pay")
    moved = replace(pay, lane=WORKER, position=(*WORKER, *pay.position))
    return replace(
        changed(trace, "pay"), spans=(*trace.spans[:-1], moved), lanes=(Lane(path=()), lane)
    )


@pytest.mark.parametrize("ragged", [True, False])
def test_what_chance_cut_short_is_no_difference(ragged: bool) -> None:
    """A hedge that got further this time is not a change; anywhere else it is."""
    lane = Lane(path=WORKER, parent=(), spawn_seq=2, ragged=ragged)
    golden = in_worker(GOLDEN, lane)
    shorter = replace(golden, spans=golden.spans[:-1])
    expected = [] if ragged else [("structure", "missing", "pay")]

    assert told(golden, shorter) == expected
    assert told(shorter, golden) == [(kind, "extra", title) for kind, _, title in expected]


def test_another_join_is_another_order() -> None:
    """A task that is no longer awaited before the next call."""
    lane = Lane(path=WORKER, parent=(), spawn_seq=2, joins=(Join(by=(), seq=2),))
    golden, run = in_worker(GOLDEN, lane), in_worker(GOLDEN, replace(lane, joins=()))

    assert told(golden, run) == [("order", "changed", "worker#0: waited for")]


def test_states_are_compared_by_place() -> None:
    """What an agent believed, at the same moment."""
    shot = StateSnapshot(agent="a", position=(Step("state", "a", 0),), lane=(), seq=1, beliefs=1)
    golden = replace(GOLDEN, snapshots=(shot,))

    assert told(golden, replace(golden, snapshots=(replace(shot, beliefs=2),))) == [
        ("state", "changed", "state of a")
    ]
    assert told(golden, GOLDEN) == [("state", "missing", "state of a")]
    assert told(GOLDEN, golden) == [("state", "extra", "state of a")]


def test_an_answer_that_never_came_is_not_compared() -> None:
    """How much of it had come was chance."""
    golden = changed(GOLDEN, "pay", answers=said(b"", end="cancelled"))

    assert told(golden, changed(GOLDEN, "pay", answers=said(b"x", end="cancelled"))) == []


def test_spans_of_two_sorts_are_one_difference() -> None:
    """Nothing else is said of a pair that is no pair."""
    run = changed(GOLDEN, "pay", operation="x", status=Status(code="ERROR"), agent="b")

    assert told(GOLDEN, run) == [("structure", "changed", "pay")]
    assert isinstance(run.spans[0], Span)


def test_how_far_a_cancelled_call_got_is_no_difference() -> None:
    """A loser of a race was done in one run and cut in the other; what it asked still counts."""
    lane = Lane(path=WORKER, parent=(), spawn_seq=2, ragged=True)
    golden = in_worker(GOLDEN, lane)
    cut = changed(
        golden,
        "pay",
        status=Status(message="cancelled"),
        answers=said(b"", end="cancelled"),
        attributes={"a": 1},
        links=(Link(span="00000000000000aa"),),
    )

    assert told(golden, cut) == told(cut, golden) == []
    assert told(golden, changed(cut, "pay", **asked({"amount": 2}))) == [
        ("tool_args", "changed", "pay")
    ]
