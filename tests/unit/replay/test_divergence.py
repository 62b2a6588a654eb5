"""Divergence: each message, to the letter."""

import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from agenttrace.errors import ReplayDiverged
from agenttrace.model.call import Answer
from agenttrace.model.lane import Lane, Step
from agenttrace.model.trace import Trace
from tests.fakes.fixed_run import (
    NAME,
    FixedRun,
    a_chat,
    a_run,
    a_tool,
    call_of,
    recorded,
    replayer,
)

COULD_BE = "and 2 recorded calls could be meant."
WAS_TRIED = "and was tried 2 when it was recorded."


def message(trace: Trace, program: Callable[[FixedRun], object]) -> str:
    """What a diverged replay says."""
    with a_run(replayer(trace)) as run, pytest.raises(ReplayDiverged) as stop:
        program(run)
    return str(stop.value)


def look_up(run: FixedRun, order: str) -> str:
    """A call whose line is known."""
    return str(run.door.ask(a_tool("look_up_order", site="refund.py:58", order=order, region="eu")))


def two_orders(run: FixedRun) -> None:
    """Look up A-17, then A-18."""
    for order in ("A-17", "A-18"):
        run.tool("look_up_order", order=order, region="eu")


def test_a_tool_argument_that_drifts() -> None:
    """Both calls, the argument that differs, and the two ways on."""
    trace = recorded(lambda run: run.tool("look_up_order", order="A-17", region="eu"))

    assert message(trace, lambda run: look_up(run, "A-18")) == (
        "tests/test_refund.py::test_refund: call 1 of 1 is not the one that was recorded."
        "  [replay-diverged]\n"
        "\n"
        "    golden    tool  look_up_order(order='A-17', region='eu')\n"
        "    this run  tool  look_up_order(order='A-18', region='eu')      refund.py:58\n"
        "                                        ^^^^^^ order differs; 1 of 2 arguments agree\n"
        "\n"
        "  inside    the run\n"
        "  golden    golden/tests/test_refund/test_refund.trace, schema 1\n"
        "  so far    no call was answered yet; nothing was sent anywhere\n"
        "\n"
        "  The agent is right, and the recording is old:\n"
        "      pytest tests/test_refund.py::test_refund --agenttrace=rewrite\n"
        "  `order` may differ from run to run:\n"
        '      @pytest.mark.agent_trace(vary=["look_up_order.order"])\n'
        "  More: agenttrace explain replay-diverged"
    )


def test_a_prompt_that_drifts() -> None:
    """The place inside the request, and the words on both sides."""
    trace = recorded(lambda run: [run.tool("pay"), run.chat("be kind")])

    def program(run: FixedRun) -> None:
        run.tool("pay")
        run.door.ask(a_chat("be kurt", site="refund.py:9"))

    assert message(trace, program) == (
        "tests/test_refund.py::test_refund: call 2 of 2 is not the one that was recorded."
        "  [replay-diverged]\n"
        "\n"
        "    golden    llm  chat m  messages[0].content = 'be kind'\n"
        "    this run  llm  chat m  messages[0].content = 'be kurt'      refund.py:9\n"
        "                                                      ^^^ messages[0].content differs; "
        "4 of 5 values agree\n"
        "\n"
        "  inside    the run\n"
        "  golden    golden/tests/test_refund/test_refund.trace, schema 1\n"
        "  so far    call 1 was answered from the recording; nothing was sent anywhere\n"
        "\n"
        "  The agent is right, and the recording is old:\n"
        "      pytest tests/test_refund.py::test_refund --agenttrace=rewrite\n"
        "  `messages[0].content` may differ from run to run:\n"
        '      @pytest.mark.agent_trace(vary=["chat.messages[0].content"])\n'
        "  More: agenttrace explain replay-diverged"
    )


def test_a_call_that_moved() -> None:
    """Where it was recorded, and the way to see everything at once."""
    assert message(recorded(two_orders), lambda run: look_up(run, "A-18")) == (
        "tests/test_refund.py::test_refund: call 2 of 2 comes at another place than recorded."
        "  [replay-diverged]\n"
        "\n"
        "    golden    tool  look_up_order(order='A-17', region='eu')\n"
        "    this run  tool  look_up_order(order='A-18', region='eu')      refund.py:58\n"
        "\n"
        "    recorded as call 2 of 2, inside the run\n"
        "\n"
        "  inside    the run\n"
        "  golden    golden/tests/test_refund/test_refund.trace, schema 1\n"
        "  so far    no call was answered yet; nothing was sent anywhere\n"
        "\n"
        "  The agent is right, and the recording is old:\n"
        "      pytest tests/test_refund.py::test_refund --agenttrace=rewrite\n"
        "  To see everything that differs at once:\n"
        "      pytest tests/test_refund.py::test_refund --agenttrace-match=lenient\n"
        "  More: agenttrace explain replay-diverged"
    )


def headline_and_sides(text: str) -> list[str]:
    """The message up to the place where it happened."""
    return text.partition("\n\n  inside")[0].splitlines()


def test_several_calls_that_could_be_meant() -> None:
    """All candidates are named."""
    trace = recorded(lambda run: [two_orders(run), two_orders(run)])

    assert headline_and_sides(message(trace, lambda run: look_up(run, "A-18"))) == [
        f"{NAME}: a call comes at another place than recorded, {COULD_BE}  [replay-diverged]",
        "",
        "    golden    tool  look_up_order(order='A-17', region='eu')",
        "    this run  tool  look_up_order(order='A-18', region='eu')      refund.py:58",
        "",
        "    recorded as call 2 of 4, inside the run",
        "    recorded as call 4 of 4, inside the run",
    ]


def test_a_call_asked_again() -> None:
    """A recorded answer is given once."""
    source = replayer(recorded(two_orders))
    call = call_of(a_tool("look_up_order", order="A-17", region="eu"))
    source.recall(call)
    with pytest.raises(ReplayDiverged) as stop:
        source.recall(call)

    assert headline_and_sides(str(stop.value)) == [
        f"{NAME}: call 1 of 2 is asked again, and was recorded once.  [replay-diverged]",
        "",
        "    golden    tool  look_up_order(order='A-17', region='eu')",
        "    this run  tool  look_up_order(order='A-17', region='eu')",
    ]


def test_one_attempt_more_than_recorded() -> None:
    """The client now tries three times, and did twice."""
    busy = Answer(head={"status": 429})

    def tries(run: FixedRun, times: int) -> None:
        for _ in range(times):
            run.door.ask(a_chat("hello")).close(busy)

    trace = recorded(lambda run: tries(run, 2))

    assert headline_and_sides(message(trace, lambda run: tries(run, 3))) == [
        f"{NAME}: call 1 of 1 is tried 3 times, {WAS_TRIED}  [replay-diverged]",
        "",
        "    golden    llm  chat m  messages[0] = 'hello'",
        "    this run  llm  chat m  messages[0] = 'hello'",
    ]


def in_lanes(trace: Trace, count: int) -> Trace:
    """The trace, each of whose calls stands in a task of its own."""
    spans = [span for span in trace if not span.is_call]
    lanes = list(trace.lanes)
    for number, span in enumerate(trace.calls[:count]):
        path = (Step("task", "app.worker", number),)
        place = (*path, Step("tool", span.operation, 0))
        spans.append(replace(span, lane=path, position=place))
        lanes.append(Lane(path=path, parent=(), spawn_seq=1))
    return replace(trace, spans=tuple(spans), lanes=tuple(lanes))


def test_a_call_that_was_not_recorded_names_the_lanes_that_nobody_entered() -> None:
    """Work that was started elsewhere is the likely reason."""
    trace = in_lanes(recorded(lambda run: [run.tool("pay", n=n) for n in range(7)]), 7)

    assert headline_and_sides(message(trace, lambda run: look_up(run, "A-17"))) == [
        f"{NAME}: a call was not recorded: look_up_order.  [replay-diverged]",
        "",
        "    golden    (no call at this place)",
        "    this run  tool  look_up_order(order='A-17', region='eu')      refund.py:58",
        "",
        "    recorded, and not entered yet:",
        "              task worker",
        "              task worker #1",
        "              task worker #2",
        "              task worker #3",
        "              task worker #4",
        "              … and 2 more",
    ]


@pytest.mark.parametrize(
    ("recorded_under", "now", "told"),
    [("0", "1", True), ("0", None, True), ("0", "0", False), ("random", "1", False)],
)
def test_another_hash_seed_is_named(
    monkeypatch: pytest.MonkeyPatch, recorded_under: str, now: str | None, told: bool
) -> None:
    """A drift under another seed may be nothing but the order of a set."""
    trace = recorded(lambda run: run.tool("pay"), hash_seed=recorded_under)
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    if now is not None:
        monkeypatch.setitem(os.environ, "PYTHONHASHSEED", now)

    lines = message(trace, lambda run: run.tool("pay", n=1)).splitlines()

    seed = [line for line in lines if line.startswith("  hash seed")]
    expected = (
        f"  hash seed PYTHONHASHSEED was 0 when it was recorded, and is {now or 'random'} now:"
    )
    assert seed == ([expected] if told else [])


def test_hostile_names_cannot_act_on_the_terminal() -> None:
    """A recorded name or key is data, whoever wrote it."""
    hostile = "pay\x1b[2J\u202e\n"
    trace = recorded(lambda run: run.tool(hostile, **{hostile: 1}))

    told = message(trace, lambda run: run.tool(hostile, **{hostile: 2}))

    assert "\x1b" not in told
    assert "\u202e" not in told
    assert "pay\\x1b[2J\\u202e\\x0a" in told
