"""Events, statuses, links and snapshots: what is worth saying inside a span."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

import agenttrace
from agenttrace.causal.position import trace_id
from agenttrace.errors import NotCanonical, UsageError
from agenttrace.model import names
from agenttrace.model.span import Link, Span, Status
from tests.fakes.twice import traced


def inside(agent: Callable[[], object]) -> Span:
    """Run an agent in a span of its own; give that span."""

    def whole() -> None:
        with agenttrace.span("inside"):
            agent()

    return next(span for span in traced(whole)[0].spans if span.name == "inside")


@pytest.mark.parametrize(
    ("name", "given", "written"),
    [
        (
            "planning",
            {"chosen": "refund", "reason": None},
            {names.EVENT_CHOSEN: "refund", names.EVENT_REASON: None},
        ),
        (
            "state_change",
            {"key": "mood", "before": 1, "after": (2,)},
            {names.STATE_KEY: "mood", names.STATE_BEFORE: 1, names.STATE_AFTER: [2]},
        ),
        (
            "error",
            {"type": "Busy", "message": "later"},
            {names.EXCEPTION_TYPE: "Busy", names.EXCEPTION_MESSAGE: "later"},
        ),
        ("reflection", {"thought": "twice"}, {"thought": "twice"}),
        ("my own", {"name": {1}}, {"name": {"!": "set", "items": [1]}}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_event_keeps_what_is_known_of_it(
    name: str, given: dict[str, object], written: dict[str, object]
) -> None:
    """The words of the known events are the vocabulary's; others stay as they are."""
    span = inside(lambda: agenttrace.event(name, **given))

    assert [(event.name, event.attributes) for event in span.events] == [(name, written)]


def test_events_stand_in_the_order_in_which_they_occurred() -> None:
    """Between calls and among themselves."""

    def agent() -> None:
        for number in range(3):
            agenttrace.event("tick", number=number)

    assert [event.attributes["number"] for event in inside(agent).events] == [0, 1, 2]


def test_an_event_without_a_form_is_refused_by_name() -> None:
    """The text says which attribute, and what is the matter with it."""

    def agent() -> None:
        agenttrace.event("tick", inner={"lock": threading.Lock()})

    with pytest.raises(
        NotCanonical, match=r"event\('tick'\): inner\.lock is a _thread\.lock, and what it holds"
    ):
        traced(agent)


@pytest.mark.parametrize(
    ("name", "given", "refused"),
    [
        ("waitng", {"agents": ["critic"]}, r"event\('waitng'\): .*\n\n  nearest   waiting\n"),
        ("asisgned", {"task": "soup"}, r"event\('asisgned'\): .*\n\n  nearest   assigned\n"),
        ("resummed", {}, r"event\('resummed'\): .*\n\n  nearest   resumed\n"),
        ("enqueued", {"tsk": "soup"}, r"it has no word 'tsk'.*\n\n  nearest   task\n"),
        ("assigned", {"task": 1, "workker": 2}, r"no word 'workker'.*\n\n  nearest   worker\n"),
        ("waiting", {"mode": "some"}, r"event\('waiting', mode='some'\): it is all or any"),
        ("waiting", {names.WAITING_MODE: "ALL"}, r"mode='ALL'\): it is all or any"),
    ],
    ids=str,
)
def test_a_slip_of_a_word_of_ours_is_refused(
    name: str, given: dict[str, object], refused: str
) -> None:
    """Nothing would ever find it: an analysis that reads the word would pass on nothing."""
    with pytest.raises(UsageError, match=refused):
        traced(lambda: agenttrace.event(name, **given))


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("waited", {"agents": "critic"}),
        ("writing", {}),
        ("requeued", {"tsk": "soup"}),
        ("resume", {}),
        ("plan", {"chose": "refund"}),
        ("Waiting", {}),
        ("my.waitng", {"my.tsk": 1}),
        ("planning", {"id": 1, "choice": 2, "reasoning": 3}),
        ("waiting", {"agents": ["critic"], "model": "gpt-4o", "mode": None}),
        ("enqueued", {"task": "soup", "tsk": 2, "task_id": 3, "tasks": 4}),
        ("reflection", {"tsk": "soup"}),
    ],
    ids=str,
)
def test_a_word_of_ones_own_is_kept(name: str, given: dict[str, object]) -> None:
    """Likeness is no slip: a person's own events and attributes may be called almost as ours."""
    (event,) = inside(lambda: agenttrace.event(name, **given)).events

    assert event.name == name
    assert list(event.attributes.values()) == list(given.values())


def test_a_status_is_the_current_spans() -> None:
    """Any word will do; the last one counts."""

    def agent() -> None:
        agenttrace.status("OK")
        agenttrace.status("NEEDS_HUMAN", "amount over 100")

    assert inside(agent).status == Status(code="NEEDS_HUMAN", message="amount over 100")


def test_a_link_points_to_what_came_first() -> None:
    """To a handle, an id, an envelope, or what came from another process."""
    foreign = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    own = {"traceparent": f"00-{trace_id('a run')}-{'c' * 16}-01"}

    def agent() -> None:
        with agenttrace.span("earlier") as earlier:
            pass
        agenttrace.link(earlier, "handoff", why="done")
        agenttrace.link("d" * 16)
        agenttrace.link("d" * 16, trace="e" * 32)
        agenttrace.link(agenttrace.extract(foreign))
        agenttrace.link(agenttrace.extract(own))
        agenttrace.link(agenttrace.extract({}))

    links = inside(agent).links

    assert links[0].attributes == {"why": "done"}
    assert links[0].relationship == "handoff"
    assert links[1:] == (
        Link(span="d" * 16),
        Link(span="d" * 16, trace="e" * 32),
        Link(span="b" * 16, trace="a" * 32),
        Link(span="c" * 16),
    )


@pytest.mark.parametrize("target", ["planner", 7, None], ids=repr)
def test_a_link_to_what_is_no_span_is_refused(target: object) -> None:
    """A name is not enough: several spans may have it."""
    with pytest.raises(UsageError, match="this is no span"):
        inside(lambda: agenttrace.link(target))  # type: ignore[arg-type]


def test_a_snapshot_keeps_an_agents_state() -> None:
    """Whose it is, where it was taken, and what it held at that moment and not later."""
    beliefs = {"paid": 1}

    def agent() -> None:
        with agenttrace.agent("planner"):
            agenttrace.snapshot(goal="refund", beliefs=beliefs, status="working", mood=(1,))
            beliefs["paid"] = 2
            agenttrace.snapshot(beliefs=beliefs)
        agenttrace.snapshot(agent="critic", perceptions=["hello"])

    shots = traced(agent)[0].snapshots

    assert [(shot.agent, shot.goal, shot.beliefs, shot.status, shot.extra) for shot in shots] == [
        ("planner", "refund", {"paid": 1}, "working", {"mood": [1]}),
        ("planner", None, {"paid": 2}, "", {}),
        ("critic", None, None, "", {}),
    ]
    assert [shot.perceptions for shot in shots] == [None, None, ["hello"]]
    assert len({shot.position for shot in shots}) == 3
