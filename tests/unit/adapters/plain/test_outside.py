"""Outside a run every verb does nothing, quickly; importing them costs nothing."""

from __future__ import annotations

import subprocess
import sys
import timeit

import pytest

import agenttrace


def test_importing_agenttrace_loads_nothing_else() -> None:
    """What the verbs need comes at their first use, and is the standard library's."""
    script = (
        "import sys; before = set(sys.modules)\n"
        "import agenttrace\n"
        "print(sorted(set(sys.modules) - before - {'__future__'}))\n"
        "for name in agenttrace.__all__: getattr(agenttrace, name)\n"
        "known = sys.stdlib_module_names | {'agenttrace', '__mp_main__'}  # multiprocessing's own\n"
        "new = {m.split('.')[0] for m in set(sys.modules) - before if m[:12] != '_sysconfigda'}\n"
        "print(sorted(new - known))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines() == ["['agenttrace']", "[]"]


def test_all_that_is_public_is_there_and_nothing_else() -> None:
    """`__all__`, `dir` and what can be had agree."""
    assert set(agenttrace.__all__) <= set(dir(agenttrace))
    assert all(getattr(agenttrace, name) is not None for name in agenttrace.__all__)
    with pytest.raises(AttributeError, match="module 'agenttrace' has no attribute 'nonsense'"):
        agenttrace.nonsense  # noqa: B018 - reading it is the test


def test_outside_a_run_every_verb_does_nothing() -> None:
    """The same code runs in production, untouched."""

    @agenttrace.agent("planner")
    def agent() -> int:
        with (
            agenttrace.span("work") as span,
            agenttrace.turn(key=1),
            agenttrace.orchestration("swarm"),
        ):
            agenttrace.event("tick", lock=object())
            agenttrace.status("OK")
            agenttrace.link(span)
            agenttrace.snapshot(goal=object())
            agenttrace.delegation("task", phase="bid")
            assert agenttrace.inject({"a": "b"}) == {"a": "b"}
            with agenttrace.extract({}) as remote:
                assert (remote.id, span.id) == ("", "")
            envelope = agenttrace.send("orders", 7)
            published = agenttrace.publish("prices", 1)
            return int(agenttrace.receive(envelope)) + int(
                agenttrace.subscribe("prices").receive(published)
            )

    assert agent() == 8


def test_outside_a_run_a_verb_costs_about_as_much_as_a_call() -> None:
    """A bound that only a mistake would break: a hundred empty calls."""

    def empty(_name: str, **_attributes: object) -> None:
        """Do nothing."""

    @agenttrace.tool
    def tool() -> None:
        """Do nothing."""

    agenttrace.event("warm")
    least = min(timeit.repeat(lambda: empty("tick", a=1), number=2000, repeat=5))
    for verb in (lambda: agenttrace.event("tick", a=1), tool):
        assert min(timeit.repeat(verb, number=2000, repeat=5)) < 100 * least
