"""`agenttrace show --view work`: what a team did with its tasks, on a line each."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from agenttrace.cli import main
from agenttrace.cli.work_text import MOST, told
from agenttrace.formats import native
from agenttrace.model import names
from agenttrace.model.lane import Step
from agenttrace.model.span import OK, Span, SpanKind, Status
from tests.fakes.told_teams import Did, Row, net, run_of, telling


def said(task: str, worker: str | None = None) -> dict[str, object]:
    """What an event of a queue says."""
    candidates = None if worker is None else ["Mia", "Noah"]
    return {
        names.QUEUE_TASK: task,
        names.QUEUE_NAME: "pass",
        names.QUEUE_WORKER: worker,
        names.ORCHESTRATION_CANDIDATES: candidates,
    }


def test_queues_assignments_and_waits_are_told() -> None:
    """Everything that anybody told, and at last what nobody did."""
    trace = telling(
        ("chef", 0, "enqueued", said("soup")),
        ("chef", 1_000, "enqueued", said("roast")),
        ("Mia", 2_000, "dequeued", said("roast")),
        ("chef", 2_000, "assigned", said("roast", "Mia")),
        ("Mia", 3_000, "heartbeat", {}),
        ("Mia", 4_000, "waiting", {names.WAITING_FOR: ["chef"]}),
        ("chef", 5_000, "waiting", {names.WAITING_FOR: ["Mia"]}),
        code="UNSET",
    )

    assert list(told(trace)) == [
        "queue   pass: at most 2 at once, soup left",
        "led     roast to Mia out of 2, no outcome",
        "led     chef named 2 tasks in 1 µs",
        "silent  Mia for 1 µs at most",
        "waited  Mia waits for chef",
        "waited  chef waits for Mia",
        "waited  deadlock, a cycle: Mia, chef",
        "waited  soup starved: 1 overtook it",
        "rounds: not recorded: no span has `delegation.phase`",
        "decisions: not recorded: no orchestration span says what was decided",
    ]


def test_placings_broken_rules_and_loops_are_told() -> None:
    """In the words that a failing test has for them."""
    rows = [
        Row(task="piano", phase="announcement", by="shop", at=0),
        Row(task="piano", phase="award", by="shop", about="bike", at=2_000),
        Row(task="piano", phase="report", by="bike", at=3_000, outcome="done"),
    ]

    assert list(told(net(rows)))[:2] == [
        "placed  piano by shop to bike, 0 bids, success as reported, awarded after 2 µs, in 3 µs",
        "placed  award-without-bid: piano, bike: is awarded what it had not bid for",
    ]
    assert next(told(run_of(*[Did("order", "busy")] * 4))) == (
        "waited  ada repeats 4 times, at the end"
    )


def test_an_outcome_says_who_has_it() -> None:
    """What a report says and how a span ended may disagree, and neither is the other."""
    rows = [
        Row(task="roast", phase="announcement", by="chef", at=0),
        Row(task="roast", phase="award", by="chef", about="Mia", at=2_000),
        Row(task="roast", phase="report", by="Mia", at=3_000, outcome="failure"),
    ]
    work = Span(
        id="b" * 16,
        name="roast",
        kind=SpanKind.AGENT,
        agent="Mia",
        task="roast",
        lane=(Step("task", "Mia", 0),),
        seq=2,
        end_seq=2,
        start_ns=3_000,
        end_ns=4_000,
        status=Status(code=OK),
    )
    given = telling(("chef", 0, "assigned", said("roast", "Mia")), spans=[work])

    assert "0 bids, failure as reported, " in next(told(net(rows)))
    assert next(told(given)) == "led     roast to Mia out of 2, success as its span ended"


def test_of_very_much_the_first_is_told() -> None:
    """A thousand tasks are no page."""
    rows = [Row(task=f"t{n}", phase="announcement", by="shop", at=n) for n in range(1_000)]
    lines = list(told(net(rows)))

    assert lines[MOST] == f"placed  and {1_000 - MOST} more"


def test_what_is_wrong_is_told_however_much_there_is() -> None:
    """A broken rule, a deadlock and a starved task stand behind no "and 12 more"."""
    rows = [
        *(Row(task=f"t{n}", phase="announcement", by="shop", at=n) for n in range(MOST + 10)),
        Row(task="t39", phase="award", by="shop", about="bike", at=1_000),
    ]
    assert [line for line in told(net(rows)) if line.startswith("placed")][MOST:] == [
        "placed  and 10 more",
        "placed  award-without-bid: t39, bike: is awarded what it had not bid for",
        "placed  award-unreported: t39, bike: has an award on which no report comes",
    ]

    circle = [f"a{n}" for n in range(MOST + 5)]
    crowd = telling(
        ("chef", 0, "enqueued", said("soup")),
        ("chef", 1, "enqueued", said("roast")),
        ("Mia", 2, "dequeued", said("roast")),
        *(
            (one, 3 + n, "waiting", {names.WAITING_FOR: [circle[n - 1]]})
            for n, one in enumerate(circle)
        ),
        code="UNSET",
    )
    lines = [line for line in told(crowd) if line.startswith("waited")][MOST:]
    assert lines[0] == "waited  and 5 more"
    assert lines[1].startswith("waited  deadlock, a cycle: a0, ")
    assert lines[2:] == ["waited  soup starved: 1 overtook it"]


def test_the_command_prints_it(tmp_path: Path) -> None:
    """For any file that holds a trace."""
    trace = net([Row(task="piano", phase="announcement", by="shop", at=0)])
    file = tmp_path / "net.trace"
    file.write_bytes(native.write(trace))
    done = CliRunner().invoke(main, ["show", str(file), "--view", "work"])

    assert done.exit_code == 0
    assert done.output.splitlines() == list(told(trace))
