"""The golden's own format."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from agenttrace.causal.sequence import in_causal_order
from agenttrace.errors import NotCanonical
from agenttrace.formats import native
from agenttrace.model.lane import Lane, Step
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Usage
from agenttrace.model.values import Value, pack
from tests.fakes.refund_trace import HEDGE, RUN, refund_trace
from tests.fakes.strategies import traces

ROOT = Path(__file__).parents[3]
roomy = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


def conversation(turns: int) -> Trace:
    """A run in which an agent sends its whole conversation again with every turn."""
    said: list[Value] = [{"role": "system", "content": "You are a planner. " * 20}]
    spans = [Span(id="0" * 15 + "1", name=RUN, kind=SpanKind.RUN)]
    for turn in range(turns):
        said = [*said, {"role": "user", "content": f"question {turn} " * 10}]
        said = [*said, {"role": "assistant", "content": f"answer {turn} " * 10}]
        question: Value = {"model": "gpt-4o", "messages": said}
        spans.append(
            Span(id=f"{turn + 2:016x}", name="chat", kind=SpanKind.LLM, seq=turn, question=question)
        )
    return Trace(id="0" * 31 + "1", name=RUN, spans=tuple(spans), lanes=(Lane(path=()),))


def test_a_golden_gives_back_the_run_it_was_made_from() -> None:
    """Every field of every part."""
    trace = refund_trace()

    assert native.read(native.write(trace)) == in_causal_order(trace)


def test_when_where_and_how_far_chance_let_it_do_not_change_the_content() -> None:
    """Recording twice leaves `git status` clean."""
    first = native.write(refund_trace())
    again = refund_trace(hedged_chunks=0, later_ns=7, line=61)

    assert native.same_content(first, again)
    assert native.write(again) != first
    assert native.read(native.write(again)) == in_causal_order(again)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda span: replace(span, question={"order": "A-18"}), id="question"),
        pytest.param(lambda span: replace(span, seq=9), id="order"),
        pytest.param(lambda span: replace(span, agent="payer"), id="agent"),
        pytest.param(lambda span: replace(span, usage=Usage(cost_usd=Decimal(1))), id="cost"),
        pytest.param(lambda span: replace(span, mark="lent"), id="mark"),
    ],
)
def test_what_an_agent_does_otherwise_changes_the_content(change: object) -> None:
    """Equal digests end every comparison, so they must not be equal too often."""
    trace = refund_trace()
    changed = replace(trace, spans=(*trace.spans[:3], change(trace.spans[3]), *trace.spans[4:]))  # type: ignore[operator]

    assert not native.same_content(native.write(trace), changed)


def test_what_a_ragged_lane_did_is_not_content_but_that_it_was_there_is() -> None:
    """Nobody knows how far a cancelled task gets; that it was started is the program's doing."""
    trace = refund_trace()
    idle = replace(trace, spans=tuple(span for span in trace.spans if span.lane != HEDGE))
    never = replace(idle, lanes=tuple(lane for lane in trace.lanes if lane.path != HEDGE))

    assert native.content_bytes(idle) == native.content_bytes(trace)
    assert native.content_bytes(never) != native.content_bytes(trace)


def test_a_join_by_a_ragged_lane_is_chance() -> None:
    """A lane that may be cut may never learn that another one ended."""
    trace = refund_trace()
    told = tuple(
        replace(lane, joins=(*lane.joins, replace(lane.joins[0], by=HEDGE)))
        if lane.path and lane.path != HEDGE
        else lane
        for lane in trace.lanes
    )
    joined = replace(trace, lanes=told)

    assert native.content_bytes(joined) == native.content_bytes(trace)
    assert native.read(native.write(joined)) == in_causal_order(joined)


def test_the_header_alone_tells_digest_and_counts() -> None:
    """A gate over a thousand goldens opens them all."""
    data = native.write(refund_trace())
    lazy = native.read_lazy(data[:400])

    assert lazy.content_digest == native.content_digest(data)
    assert lazy.content_digest == hashlib.sha256(native.content_bytes(refund_trace())).digest()
    assert dict(lazy.counts) == {"spans": 6, "calls": 4, "agents": 2, "lanes": 3, "ragged spans": 1}


def test_a_conversation_that_is_sent_again_each_turn_is_stored_once() -> None:
    """Twice the turns cost twice the bytes, not four times."""
    short, long = (len(native.write(conversation(turns))) for turns in (20, 40))
    plain = len(pack([dict(enumerate_fields(span)) for span in conversation(40).spans]))

    assert long < 2.2 * short
    assert long < plain / 12


def enumerate_fields(span: Span) -> list[tuple[str, Value]]:
    """The fields of a span that say anything, as a naive format would store them."""
    return [
        ("id", span.id),
        ("name", span.name),
        ("kind", str(span.kind)),
        ("question", span.question),
    ]


def test_a_snapshot_costs_what_has_changed_since_the_one_before() -> None:
    """A large belief that stays is stored once, however many snapshots hold it."""
    beliefs: dict[str, Value] = {
        f"fact {n}": f"what the agent knows about {n} " * 3 for n in range(50)
    }
    memory: list[Value] = []
    shots = []
    for seq in range(20):
        memory = [*memory, f"the agent did step {seq} and remembers it"]
        shots.append(
            StateSnapshot(
                agent="a",
                position=(Step("state", "a", seq),),
                lane=(),
                seq=seq,
                beliefs={**beliefs, "fact 7": f"what the agent has just learnt, {seq}"},
                working_memory=memory,
            )
        )
    trace = replace(conversation(0), snapshots=tuple(shots))
    one = replace(trace, snapshots=tuple(shots[:1]))

    assert len(native.write(trace)) < 3.5 * len(native.write(one))
    assert native.read(native.write(trace)).snapshots == tuple(shots)


def test_the_same_bytes_come_out_under_any_hash_seed() -> None:
    """A golden recorded by a colleague is the golden recorded here."""
    code = (
        "import hashlib; from agenttrace.formats import native;"
        "from tests.fakes.refund_trace import refund_trace;"
        "print(hashlib.sha256(native.write(refund_trace())).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(["src", "."])},
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "42", "31337")
    }

    assert seen == {hashlib.sha256(native.write(refund_trace())).hexdigest() + "\n"}


@roomy
@given(trace=traces())
def test_content_is_the_same_after_reading_and_writing(trace: Trace) -> None:
    """What is read from a golden compares as the golden itself."""
    data = native.write(trace)

    assert native.write(native.read(data)) == data
    assert native.same_content(data, native.read(data))


@pytest.mark.parametrize(
    ("value", "why"),
    [
        pytest.param(2**70, "Integer value out of range", id="wide-integer"),
        pytest.param(object(), "can not serialize 'object' object", id="object"),
        pytest.param("\ud800", "surrogates not allowed", id="surrogate"),
    ],
)
def test_a_value_that_is_not_canonical_is_refused_when_it_is_written(
    value: object, why: str
) -> None:
    """Better while recording than a golden that nobody can read."""
    trace = replace(conversation(0), resource={"value": [value, "x" * 40]})  # type: ignore[dict-item]

    with pytest.raises(NotCanonical, match=why):
        native.write(trace)


def test_a_value_that_is_too_deep_is_refused_when_it_is_written() -> None:
    """What is written can be read."""
    deep: Value = []
    for _ in range(300):
        deep = [deep]

    with pytest.raises(NotCanonical, match="nested more than 208 deep"):
        native.write(replace(conversation(0), resource={"value": deep}))


def test_equal_amounts_of_money_are_written_alike() -> None:
    """0.5 and 0.50 are one price."""
    trace = conversation(1)
    priced = [
        replace(
            trace,
            spans=(trace.spans[0], replace(trace.spans[1], usage=Usage(cost_usd=Decimal(text)))),
        )
        for text in ("0.5", "0.50")
    ]

    assert native.write(priced[0]) == native.write(priced[1])
