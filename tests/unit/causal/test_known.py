"""What a lane of a run that goes on can know of the others."""

from __future__ import annotations

from agenttrace.causal.current import Run
from agenttrace.causal.known import known_at


def test_program_order_spawns_and_joins_lead_to_a_step_and_nothing_else() -> None:
    """Two lanes that nobody joined know nothing of each other; the one who waited knows both."""
    run = Run("a run")
    run.root.mint("tool", "first")
    left, right = run.root.child("task", "left"), run.root.child("task", "right")
    for lane in (left, right):
        lane.mint("tool", "pay")

    assert known_at(left, left.seq) == {left.path: 1, (): 2}
    assert known_at(right, right.seq) == {right.path: 1, (): 3}

    for lane in (left, right):
        lane.end()
        lane.joined_by(run.root)
    run.root.mint("tool", "last")

    assert known_at(run.root, run.root.seq) == {(): 4, left.path: 2, right.path: 2}
