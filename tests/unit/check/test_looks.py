"""What a value that differs looks like, and what a message says of it."""

import pytest

from agenttrace.check import looks
from agenttrace.check.looks import kind_of, varying

CASES = [
    ("Today is 2026-10-22.", "Today is 2026-11-22.", "date"),
    ("Thursday, October 22, 2026", "Sunday, Nov 22, 2026", "date"),
    ("It is Monday", "It is Tuesday", "date"),
    ("at 2026-10-22T08:01:02.123456Z", "at 2026-10-22T08:01:02.223456+01:00", "date"),
    ("22/10/2026", "23/10/2026", "date"),
    ("now: 08:01:02", "now: 18:44", "time"),
    ("1794000000", "1795000000", "time"),
    (1794000000.25, 1795000000.5, "time"),
    (
        "id 3c305dd9-c53f-4ce7-a48f-8296241bb72f",
        "id 131e7a68-307c-4450-a0f5-f58f07c8880a",
        "uuid",
    ),
    ("look into /tmp/tmp9pygm8fd/in", "look into /tmp/tmpnumb85lv/in", "path"),
    ("attempt 3 of 9", "attempt 4 of 9", "number"),
    (3, 4, "number"),
    ("A-17", "A-18", ""),
    ("You judge.", "You plan.", ""),
    (True, False, ""),
    ("on 2026-10-22, call 3", "on 2026-11-22, call 4", ""),
]


@pytest.mark.parametrize(("golden", "run", "kind"), CASES, ids=[str(case[0]) for case in CASES])
def test_what_alone_differs_is_named(golden: object, run: object, kind: str) -> None:
    """A date that differs needs another way on than a prompt that was changed."""
    assert kind_of(golden, run) == kind


def test_every_kind_is_one_that_a_pattern_may_name() -> None:
    """The message prints what can be pasted."""
    assert {kind for *_, kind in CASES} - {""} == set(looks.KINDS)


def test_the_same_words_in_another_order_come_from_a_set() -> None:
    """The way on is to sort them, and not to look away."""
    said = varying("messages[0].content", "chat", ("a, b and c", "c, a and b"))

    assert "another order: a set's" in said[0]
    assert said == [
        *said[:2],
        "  `messages[0].content` may differ from run to run:",
        '      @pytest.mark.agent_trace(vary=["chat.messages[0].content"])',
    ]


def test_a_date_is_let_go_and_the_text_around_it_is_kept() -> None:
    """What is printed lets the date vary and nothing else."""
    assert varying("q", "ask", ("on 2026-10-22", "on 2026-11-22")) == [
        "  `q` differs in a date alone, and that may differ from run to run:",
        '      @pytest.mark.agent_trace(vary=["ask.q:date"])',
    ]
