"""The names that somebody may have meant: one rule for every message."""

from __future__ import annotations

from agenttrace.check.nearest import nearest, nearest_line


def test_the_nearest_comes_first_and_the_unlike_not_at_all() -> None:
    """Three are enough to find the one that was meant."""
    known = ["planner", "plan", "clerk", "planet", "plane"]

    assert nearest("plannr", known) == ("planner", "plan", "plane")
    assert nearest("plannr", known, most=1) == ("planner",)
    assert nearest("xyz", known) == ()
    assert nearest("plannr", known, likeness=0.9) == ("planner",)


def test_a_message_has_a_line_of_them_or_none() -> None:
    """A name comes from a trace, and may hold anything."""
    assert nearest_line("palnner", ["planner"]) == ["  nearest   planner"]
    assert nearest_line("palnner", ["planner\x1b"]) == [r"  nearest   planner\x1b"]
    assert nearest_line("palnner", ["xyz"]) == []
