"""Telling of states: what differs between two states of an agent, key by key, as a diff reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.check.sides import all_unlike

if TYPE_CHECKING:
    from agenttrace.model.difference import Difference
    from agenttrace.model.values import Value

GONE, COME = "- ", "+ "
"""What stands before the golden's value and before this run's."""

MOST = 20
"""How many keys of one state are listed; it is said how many more there are."""


def is_of_states(difference: Difference) -> bool:
    """Whether a difference is one between two states that stand for one another."""
    return difference.kind == "state" and difference.what == "changed"


def state_lines(golden: Value, run: Value) -> list[str]:
    """Say what differs, a line a side: `- beliefs.paid = 1`, `+ beliefs.paid = 2`."""
    places = list(all_unlike(golden, run))
    lines = [
        f"{sign}{path} = {side}"
        for path, *sides in places[:MOST]
        for sign, side in zip((GONE, COME), sides, strict=True)
        if side is not None
    ]
    more = len(places) - MOST
    return [*lines, f"… and {more} more key{'' if more == 1 else 's'}"] if more > 0 else lines
