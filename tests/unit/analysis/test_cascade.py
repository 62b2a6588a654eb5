"""Where failures begin, how far they spread, and what holds them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import agenttrace
from agenttrace.analysis import Analysis
from agenttrace.analysis.cascade import Cascade, Failed, cascade
from agenttrace.analysis.evidence import DEGRADATIONS, ERRORS
from agenttrace.errors import CascadeSpread, NotRecorded, UsageError
from agenttrace.model.agent import Agent
from agenttrace.model.call import Answer, Chunk, Failure
from agenttrace.model.lane import Lane, Step
from agenttrace.model.span import Event, Fidelity, Link, Span, SpanKind, Status
from agenttrace.model.trace import Trace
from agenttrace.model.values import digest, pack
from tests.fakes.campaign import times
from tests.fakes.causal_traces import ACTIONS, Play
from tests.fakes.failing_teams import a_failing_team
from tests.fakes.sessions import Desk
from tests.oracles import cascade as oracle
from tests.oracles import knowing


# -- teams that really ran ------------------------------------------------------------------
@agenttrace.tool
def price(order: str) -> float:
    """Ask a shop that is down today."""
    message = f"no answer about {order}"
    raise TimeoutError(message)


def quote(order: str) -> float:
    """Try it three times."""
    for _ in range(2):
        try:
            return price(order)
        except TimeoutError:
            agenttrace.event("reflection", reason="once more")
    return price(order)


def guarded(order: str) -> float | None:
    """The same with a circuit breaker: after one failure the shop is not asked again."""
    try:
        return price(order)
    except TimeoutError:
        return None


def office(ask: Callable[[str], float | None]) -> None:
    """A buyer asks for a price, and a payer pays; the payer cannot do without a price."""
    known = None
    try:
        with agenttrace.agent("buyer"):
            known = ask("A-1")
    except TimeoutError:
        pass
    try:
        with agenttrace.agent("payer"):
            pay(known if ask is quote else 9.5)
    except ValueError:
        pass


@agenttrace.tool
def pay(amount: float | None) -> str:
    """Pay."""
    if amount is None:
        message = "pay how much?"
        raise ValueError(message)
    return "paid"


def ran(folder: Path, ask: Callable[[str], float | None]) -> Cascade:
    """Record the office, and say what failed."""
    desk = Desk(folder)
    desk.record(lambda: office(ask))
    assert desk.verdict is not None
    assert desk.verdict.trace is not None
    return Analysis(desk.verdict.trace).cascade


def test_a_circuit_breaker_contains_what_spread_without_it(tmp_path: Path) -> None:
    """The same shop fails; only how the agent takes it differs."""
    spread = ran(tmp_path / "without", quote)
    held = ran(tmp_path / "with", guarded)

    assert spread.contained is False
    assert [one.agent for one in spread.origins] == ["buyer"]
    assert spread.spreads[0].agents == ("payer",)
    assert spread.amplification == 2  # the price was asked three times, the payment once
    with pytest.raises(CascadeSpread, match="1 of 1 origin spread"):
        spread.is_contained()
    with pytest.raises(CascadeSpread, match="asked 2 times, and at most 1"):
        spread.retries_at_most(1)
    with pytest.raises(CascadeSpread, match="1 agent, 5 hops"):
        spread.spreads_at_most(agents=0)

    assert held.contained is True
    assert held.is_contained()
    assert held.retries_at_most(1)
    assert held.spreads_at_most(agents=0, hops=0)
    assert [one.span.name for one in held.origins] == ["price"]


def test_a_limit_of_nothing_is_refused() -> None:
    """It would pass on any spread, for ever."""
    failed = cascade(made(call(1, status=Status(code="ERROR"))))

    with pytest.raises(UsageError, match="no spread is limited"):
        failed.spreads_at_most()


def test_where_nothing_failed_nothing_was_contained() -> None:
    """A test that passes on nothing would pass for ever."""
    found = cascade(made())

    assert (found.contained, found.depth, found.breadth) == (None, None, None)
    assert {*found.unknown} == {"contained", "depth", "breadth", "amplification"}
    with pytest.raises(NotRecorded, match="nothing failed"):
        found.is_contained()


# -- what shows it --------------------------------------------------------------------------
def made(*spans: Span) -> Trace:
    """A trace of one lane."""
    agents = sorted({one.agent for one in spans if one.agent is not None})
    known = [Agent(id=one, name=one) for one in agents]
    return Trace(id="6" * 32, name="made", spans=spans, lanes=(Lane(path=()),), agents=tuple(known))


def call(number: int, *, about: str = "x", lasts: int = 1, **more: object) -> Span:
    """A tool call by ada that gives back what `said` is."""
    said = more.pop("said", "fine")
    fields: dict[str, object] = {
        "agent": "ada",
        "answers": (Answer(chunks=(Chunk(data=pack(said)),)),),  # type: ignore[arg-type]
        **more,
    }
    return Span(
        id=f"{number:016x}",
        name=f"look {about}",
        kind=SpanKind.TOOL,
        operation="look",
        position=(Step("tool", "look", number),),
        seq=number,
        end_seq=number,
        start_ns=number * 100,
        end_ns=number * 100 + lasts,
        question={"about": about},
        digest=digest({"about": about}),
        **fields,  # type: ignore[arg-type]
    )


def kinds(*spans: Span, timed: bool = True) -> list[tuple[str, ...]]:
    """What shows it, a failure after the other."""
    found = cascade(made(*spans), timed=timed).failures
    return [tuple(it.kind for it in one.evidence) for one in found]


FAILED = Answer(failure=Failure(type="builtins.OSError", message="down"))
FAILURES: dict[str, dict[str, Any]] = {
    "status": {"status": Status(code="TOOL_LIMIT_EXCEEDED")},
    "exception": {"answers": (FAILED,)},
    "cut": {"answers": (Answer(end="cut"),)},
    "swallowed": {"events": (Event(name="error"),), "status": Status(code="OK")},
    "result": {"said": {"error": "no such order"}},
    "retried": {"answers": (FAILED, Answer(chunks=(Chunk(data=pack("fine")),)))},
}


@pytest.mark.parametrize("kind", [*FAILURES])
def test_each_evidence_is_seen_where_the_status_says_nothing(kind: str) -> None:
    """In what a tool gave back, in events, in tries: a status alone says little."""
    assert kinds(call(1, **FAILURES[kind])) == [(kind,)]


def test_an_error_event_in_a_span_that_failed_was_not_swallowed() -> None:
    """It is told of twice, and both are shown."""
    assert kinds(call(1, events=(Event(name="exception"),), status=Status(code="ERROR"))) == [
        ("status", "event")
    ]


@pytest.mark.parametrize(
    ("said", "shows"),
    [
        ({"error": ""}, False),
        ({"errors": []}, False),
        ({"errors": ["bad"]}, True),
        ({"isError": True}, True),
        ({"isError": "true"}, False),
        ({"ok": False}, True),
        ({"success": True}, False),
        ({"status": "FAILED"}, True),
        ({"status": "no failures"}, False),
        ("Error: no such file", True),
        ("errors are rare here", False),
        ("ran\nTraceback (most recent call last):\n", True),
        (["error"], False),
    ],
)
def test_what_a_tool_gives_back_is_read_by_fixed_words(said: object, *, shows: bool) -> None:
    """No guess: a field that is known to mean it, or how a text begins."""
    assert bool(kinds(call(1, said=said))) is shows


@pytest.mark.parametrize(
    ("tries", "shows"),
    [
        ((FAILED, FAILED), [("exception",)]),
        ((FAILED, Answer(end="cut")), [("cut",)]),
        ((Answer(end="cut"), Answer()), [("retried",)]),
        ((Answer(), Answer()), []),
    ],
)
def test_who_failed_in_the_end_was_not_retried_with_success(
    tries: tuple[Answer, ...], shows: list[tuple[str, ...]]
) -> None:
    """A degradation is a call that came right after all; a try that was broken off failed, too."""
    assert kinds(call(1, answers=tries)) == shows


def test_in_a_foreign_trace_an_end_knows_of_all_earlier_ends() -> None:
    """Whether or not anything happens to begin between the two."""
    outer = call(1, lasts=50, status=Status(code="ERROR"))
    inner = call(2, agent="bob", lasts=10, status=Status(code="ERROR"))
    spans = (replace(outer, start_ns=0, end_ns=50), replace(inner, start_ns=10, end_ns=40))

    (spread,) = cascade(Trace(id="6" * 32, name="foreign", spans=spans)).spreads

    assert (spread.origin.span, spread.depth, spread.agents) == (spans[1], 1, ("ada",))


def test_the_third_asking_of_one_question_is_repeated() -> None:
    """Not the second: who asks twice may have a reason."""
    assert kinds(call(1), call(2)) == []
    assert kinds(call(1), call(2), call(3), call(4, about="y")) == [("repeated",)]


@pytest.mark.parametrize("known", [Fidelity.TRUNCATED, Fidelity.REDACTED])
def test_what_was_cut_or_hidden_is_no_question_asked_again(known: Fidelity) -> None:
    """Three prompts that one limit cuts to the same beginning were said to be one question."""
    asked: dict[str, Any] = {"fidelity": {"question": known}}
    failed = [call(n, said={"error": "no such order"}, **asked) for n in (1, 2, 3)]

    assert kinds(*(call(n, **asked) for n in (1, 2, 3))) == []
    with pytest.raises(NotRecorded, match="what the calls that failed were asked"):
        cascade(made(*failed)).retries_at_most(2)


def test_a_call_is_slow_against_its_like() -> None:
    """More than three times the median of six or more; and never in virtual time."""
    like = [call(n, about=str(n), lasts=10) for n in range(1, 6)]

    assert kinds(*like, call(6, about="6", lasts=31)) == [("slow",)]
    assert kinds(*like, call(6, about="6", lasts=30)) == []
    assert kinds(*like[1:], call(6, about="6", lasts=31)) == []
    assert kinds(*like, call(6, about="6", lasts=31), timed=False) == []


def test_a_call_that_says_not_what_it_asked_can_be_slow() -> None:
    """Systems that keep no content keep times; nothing of theirs was ever slow."""
    like = [call(n, about=str(n), lasts=10) for n in range(1, 6)]
    spans = [*like, call(6, about="6", lasts=31)]

    assert kinds(*(replace(it, question=None, digest=b"", answers=()) for it in spans)) == [
        ("slow",)
    ]


def test_a_degradation_can_be_an_origin_and_harms_nobody() -> None:
    """Only an error that follows it does."""
    third = [call(n) for n in (1, 2, 3)]
    alone = cascade(made(*third))
    followed = cascade(made(*third, call(4, about="y", agent="bob", said="Error: late")))

    assert alone.contained is True
    assert followed.contained is False
    assert not followed.origins[0].is_error


# -- held against an oracle -----------------------------------------------------------------
def a_program(seed: int) -> Trace:
    """A played program; each span is of one of three agents, and fails now and then."""
    chance = random.Random(seed)
    play = Play()
    for _ in range(chance.randint(5, 30)):
        play.act(chance.choice(ACTIONS), chance.randint(0, 9), chance.randint(0, 9))
    trace = play.trace()
    spans = tuple(
        replace(
            span,
            agent=chance.choice(["ada", "bob", "cyd"]),
            status=Status(code="ERROR" if chance.random() < 0.3 else "OK"),
        )
        for span in trace.spans
    )
    return replace(trace, spans=spans)


MAKERS: dict[str, Callable[[int], Trace]] = {
    "team": a_failing_team,
    "foreign": lambda seed: a_failing_team(seed, foreign=True),
    "program": a_program,
}


@pytest.mark.parametrize("made", [*MAKERS.values()], ids=[*MAKERS])
def test_cascades_are_those_that_the_page_defines(made: Callable[[int], Trace]) -> None:
    """What shows it, what follows what, whom it harmed, each cut of a spread tried; made at will.

    A few traces are left out that go round in a circle, foreign ones by their links and times: the
    page says nothing of them but that there is an answer.
    """
    seen: Counter[str] = Counter()
    for seed in range(times(100, 5_000)):
        trace = made(seed)
        found = cascade(trace)
        shown = oracle.evidence(trace)
        assert {one.span.id: kinds_of(one) for one in found.failures} == shown, seed
        before = knowing.before(trace, [one.span for one in found.failures])
        is_round = bool(trace.lanes) and knowing.goes_round(trace)
        if is_round or any((two, one) in before for one, two in before):
            seen["circles"] += 1
            continue
        rows = oracle.rows([*shown], before)
        assert {one.span.id: following(one) for one in found.failures} == {
            one: (row[0], len(row) - 1, row[-2] if row[1:] else None) for one, row in rows.items()
        }, seed
        assert found.amplification == oracle.amplification(trace), seed
        assert found.depth == max((len(row) - 1 for row in rows.values()), default=None)
        for one in found.spreads:
            mine = [row for row in rows.values() if row[0] == one.origin.span.id]
            harmed = oracle.harmed(trace, mine, shown)
            assert [it.span.id for it in one.harmed] == harmed, seed
            assert {*one.agents} == oracle.agents(trace, mine), seed
            assert one.depth == max(map(len, mine)) - 1
            if len(mine) <= MOST:
                assert {(a.id, b.id) for a, b in one.cut} == oracle.smallest_cut(mine, harmed), seed
                seen[f"cuts of {len(one.cut)}"] += 1
        seen.update({kind for kinds in shown.values() for kind in kinds})
    assert seen["circles"] < times(5, 100)
    assert seen["cuts of 1"] > 0
    if made is not a_program:
        assert {*seen} >= {*ERRORS, *DEGRADATIONS} - {"slow"}
    if made is MAKERS["team"]:
        assert seen["cuts of 2"] > 0


MOST = 14
"""Of how many failures at most each set of steps is tried: there are 2 to the power of that."""


def kinds_of(one: Failed) -> list[str]:
    """What shows a failure, each sort once, in the order of the page's tables."""
    told = {it.kind for it in one.evidence}
    return [kind for kind in (*ERRORS, *DEGRADATIONS) if kind in told]


def following(one: Failed) -> tuple[str, int, str | None]:
    """The origin of a failure, how many hops it is from there, and what it follows."""
    return one.origin.id, one.hops, None if one.follows is None else one.follows.id


# -- bad input ------------------------------------------------------------------------------
def test_a_foreign_trace_is_judged_by_its_times_and_links() -> None:
    """Without lanes; a circle of links ends as well; and without agents breadth is not known."""
    one = call(1, agent=None, said="Error: a", links=(Link(span=f"{2:016x}"),))
    two = call(2, agent=None, said="Error: b", links=(Link(span=f"{1:016x}"),))
    later = call(3, agent=None, said="Error: c", parent="f" * 16)
    trace = Trace(id="6" * 32, name="foreign", spans=(one, two, later))

    found = cascade(trace)

    assert len(found.failures) == 3
    assert found.breadth is None
    assert "names no agent" in found.unknown["breadth"]
    assert found.contained is False


def test_evidence_is_an_error_or_a_degradation() -> None:
    """Never both."""
    assert not {*ERRORS} & {*DEGRADATIONS}
