"""Ending: what failed a run, as its own span says it."""

from __future__ import annotations

import pytest

from agenttrace.formats import journal, native
from agenttrace.model.span import ERROR, Event, Span, SpanKind, Status
from agenttrace.model.trace import Trace
from agenttrace.session.ending import Failing


class Silent(Exception):
    """An exception that says nothing, however it is asked."""

    def __str__(self) -> str:
        raise RuntimeError("no")


def shout(text: str) -> str:
    """Stands for what takes the secrets out."""
    return text.replace("secret", "<key>")


def test_the_first_line_is_enough() -> None:
    """An assertion explains itself at any length; the type is the status, as in any span."""
    failing = Failing.of(ValueError("\nthe secret is out\nand more"), shout)

    assert failing.status == Status(code=ERROR, message="ValueError")
    assert failing.event.name == "error"
    assert failing.event.attributes == {
        "exception.type": "ValueError",
        "exception.message": "the <key> is out",
        "exception.causes": [],
        "exception.stacktrace": "",
    }


def test_no_secret_is_in_its_causes() -> None:
    """What an exception came of was said by somebody, too."""
    try:
        raise ValueError("it failed") from KeyError("secret")
    except ValueError as error:
        failing = Failing.of(error, shout)

    assert failing.event.attributes["exception.causes"] == ["KeyError: '<key>'"]


def test_an_exception_that_says_nothing_is_told_by_its_type() -> None:
    """A test's own failure is reported, and none of ours in its place."""
    assert Failing.of(Silent(), shout) == Failing(
        status=Status(code=ERROR, message="Silent"),
        event=Event(name="error", attributes={"exception.type": "Silent"}),
    )


@pytest.mark.parametrize("said", ["order \udce9", "\x00"])
def test_whatever_it_says_can_be_written(said: str) -> None:
    """A path that is no UTF-8 stands in many an `OSError`."""
    run = Span(id="f" * 16, name="run", kind=SpanKind.RUN, end_ns=7, end_seq=3)
    trace = Trace(id="1" * 32, name="a run", spans=(run,))
    failing = Failing.of(ValueError(said), str).at_the_end_of(trace)

    told = failing.told_in(trace)

    assert native.read(native.write(told)).root == told.root
    assert journal.read(journal.write(told)).root == told.root
    assert (failing.event.seq, failing.event.at_ns) == (3, 7)


def test_a_trace_without_its_run_says_nothing() -> None:
    """There is no span that could."""
    trace = Trace(id="1" * 32, name="a part")

    assert Failing.of(ValueError("no"), str).at_the_end_of(trace).told_in(trace) == trace
