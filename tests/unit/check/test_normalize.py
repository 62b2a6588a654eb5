"""Normalise: what means nothing is called by its sort, and who is who is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenttrace.check.diff import diff
from agenttrace.check.normalize import LONGEST, RULES, named, normalized
from agenttrace.check.vary import Vary
from agenttrace.errors import UsageError
from agenttrace.explore.programs import Ask, Note, played
from agenttrace.explore.strategies import traces
from agenttrace.model.trace import Trace
from agenttrace.model.values import Value

ONE = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
TWO = "00112233-4455-6677-8899-aabbccddeeff"


def run(asked: str, used: str, **more: Value) -> Trace:
    """A run that is given an id by one tool, hands it to another, and notes it."""
    return played(
        (
            Ask(tool="create", answer={"id": asked}),
            Ask(tool="pay", body={"id": used, **more}, answer=f"paid {used}"),
            Note(value={"paid": used}),
        )
    )


def kinds(golden: Trace, other: Trace, *vary: str) -> list[str]:
    """The classes of what differs."""
    return [it.kind for it in diff(golden, other, Vary.of(vary))]


def test_nothing_is_normalised_unless_it_is_asked_for() -> None:
    """A payment to another account is another payment."""
    assert "tool_args" in kinds(run(ONE, ONE), run(TWO, TWO))


def test_another_id_everywhere_is_the_same_run() -> None:
    """In a result, a question, an answer's bytes and a state."""
    assert kinds(run(ONE, ONE), run(TWO, TWO), "<uuid>") == []


def test_an_id_that_is_no_longer_itself_is_found() -> None:
    """The agent pays with an id that no tool gave it."""
    assert kinds(run(ONE, ONE), run(TWO, ONE), "<uuid>")[0] == "tool_args"


@pytest.mark.parametrize(
    ("rule", "one", "other"),
    [
        ("uuid", ONE, TWO.upper()),
        ("id", "call_abcdEFGH1234", "call_zzzzzzzzzzzz99"),
        ("id", "chatcmpl-9aB3xyzzy", "chatcmpl-000000000"),
        ("time", "2026-01-02T03:04:05.678Z", "2025-12-31 23:59"),
        ("time", "2026-01-02T03:04:05+02:00", "2026-01-02T03:04:05Z"),
        ("path", "/tmp/pytest-of-me/pytest-1/x.txt", "/private/var/folders/zz/T/tmpab12/x.txt"),
        ("port", "http://127.0.0.1:8080/v1", "http://127.0.0.1:49152/v1"),
        ("port", "localhost:80", "localhost:65535"),
    ],
)
def test_each_rule_knows_its_sort_by_its_form(rule: str, one: str, other: str) -> None:
    """And no other rule lets it through."""
    golden, again = run("a", "a", said=f"({one})"), run("a", "a", said=f"({other})")
    others = [f"<{name}>" for name in RULES if name != rule]

    assert kinds(golden, again, f"<{rule}>") == []
    assert kinds(golden, again, *others) != []


@pytest.mark.parametrize(
    "text", ["17", "A-17", "3.11.7", "2026-01-02", "12:30", "db:5432", "/etc/passwd", "call me"]
)
def test_other_numbers_and_words_are_left_alone(text: str) -> None:
    """A rule that strips digits lets the wrong order be paid."""
    assert named(text, frozenset(RULES)) == text


@given(traces(), st.sets(st.sampled_from(sorted(RULES))))
def test_normalising_twice_is_normalising_once(trace: Trace, rules: set[str]) -> None:
    """What a thing is called is not a thing of its sort."""
    once = normalized(trace, frozenset(rules))

    assert normalized(once, frozenset(rules)) == once


def test_a_text_of_megabytes_is_left_as_it_is() -> None:
    """Rules are bounded; what is longer is compared as it stands."""
    long = ONE + "x" * LONGEST

    assert named(long, frozenset(RULES)) == long


def test_a_rule_that_is_none_is_refused_with_those_that_are() -> None:
    """A typing error would let nothing vary, silently."""
    with pytest.raises(UsageError, match="there is no such rule; there are <uuid>, <id>, <time>"):
        Vary.of(["<uid>"])


def test_a_rule_holds_for_the_questions_of_a_replay_too() -> None:
    """A prompt with a fresh uuid is the recorded prompt."""
    vary = Vary.of(["<uuid>"])

    assert vary.agree("chat", {"a": [ONE, ONE]}, {"a": [TWO, TWO]})
    assert not vary.agree("chat", {"a": [ONE, ONE]}, {"a": [TWO, ONE]})
    assert vary.strangers(frozenset()) == ()
