"""What kept a run from ending sooner: every instant has one owner, and Jaeger agrees."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest

from agenttrace.analysis.critical_path import CriticalPath, critical_path
from agenttrace.errors import NothingSelected, NotRecorded, TeamFailed
from agenttrace.model.span import Span, SpanKind, WireKind
from agenttrace.model.trace import Trace
from tests.fakes.campaign import times
from tests.fakes.foreign_teams import a_foreign_team, a_talk
from tests.fakes.made_teams import a_team, skewed
from tests.fakes.made_traces import a_trace as a_made_trace
from tests.oracles import critical_path as oracle
from tests.oracles import jaeger_path

SEEDS = range(times(150, 4_000))


def stretches(path: CriticalPath) -> list[oracle.Stretch]:
    """The sections, as the oracle writes them."""
    return [oracle.Stretch(one.span.id, one.start_ns, one.end_ns) for one in path.sections]


def a_trace(*rows: tuple[str, str | None, int, int]) -> Trace:
    """A trace of spans: name, the name of what it stands inside, begin and end."""
    ids = {name: f"{number:016x}" for number, (name, *_) in enumerate(rows, 1)}
    return Trace(
        id="3" * 32,
        name="by hand",
        spans=tuple(
            Span(
                id=ids[name],
                name=name,
                kind=SpanKind.RUN if around is None else SpanKind.AGENT,
                parent=None if around is None else ids[around],
                agent=None if around is None else name,
                start_ns=start,
                end_ns=end,
            )
            for name, around, start, end in rows
        ),
    )


def named(path: CriticalPath) -> list[tuple[str, int, int]]:
    """The sections, by the names of their spans."""
    return [(one.span.name, one.start_ns, one.end_ns) for one in path.sections]


@pytest.mark.parametrize("distinct", [False, True])
def test_sections_are_contiguous_disjoint_and_as_long_as_the_root(distinct: bool) -> None:
    """Whatever chance and skewed clocks made of the run: no instant is lost or counted twice."""
    for seed in SEEDS:
        trace = a_team(seed, distinct=distinct)
        if seed % 3 == 0:
            trace = skewed(trace, random.Random(seed))
        path = critical_path(trace)
        assert path.root is not None
        instants = [path.root.start_ns, *(one.end_ns for one in path.sections)]
        assert [one.start_ns for one in path.sections] == instants[:-1]
        assert instants[-1] == path.root.end_ns
        assert all(early < late for early, late in pairwise(instants))
        assert sum(path.exclusive_ns.values()) == path.root.end_ns - path.root.start_ns
        assert sum(one.path_ns for one in path.agents) == path.duration_ns


def several(seed: int) -> Iterator[Trace]:
    """A run of every sort: foreign ones, one in talk, a team's, its skewed one, a program's."""
    yield from (a_foreign_team(2 * seed), a_foreign_team(2 * seed + 1), a_talk(seed))
    yield from (a_team(seed), skewed(a_team(seed), random.Random(seed)))
    yield a_made_trace(random.Random(seed))


def test_the_path_is_the_one_of_the_definition() -> None:
    """Of the run and of spans inside it: whose each instant is, what is whose own, each drag."""
    seen: Counter[str] = Counter()
    for seed in range(times(120, 1_500)):
        for trace in several(seed):
            root = oracle.root(trace)
            assert critical_path(trace).root == root
            for top in (root, *trace.spans[1:3]):
                assert top is not None
                cut = oracle.whole(top)
                told = oracle.path(trace, cut)[::-1]
                path = critical_path(trace, None if top is root else top)
                assert stretches(path) == told
                own: Counter[str] = Counter()
                for one in told:
                    own[one.span] += one.end - one.start
                assert path.exclusive_ns == own
                drags = {top.id: cut.end - cut.start, **oracle.drags(trace, cut)}
                assert path.drag_ns == (drags if told else {})
            seen += happened(trace)
    assert {name for name, often in seen.items() if often > 20} == {
        "cut", "outside", "touches", "ends together", "the same times", "nobody waits", "roots",
    }  # fmt: skip


def happened(trace: Trace) -> Counter[str]:
    """What in a trace the definition has words for."""
    seen: Counter[str] = Counter()
    by_id = {span.id: span for span in trace.spans}
    last: Counter[tuple[str, int]] = Counter()
    both: Counter[tuple[str, int, int]] = Counter()
    for span in trace.spans:
        around = by_id.get(span.parent or "")
        if around is None:
            seen["roots"] += span is not trace.root
            continue
        seen["nobody waits"] += span.wire_kind in oracle.SENT
        outside = span.end_ns < around.start_ns or span.start_ns > around.end_ns
        seen["outside"] += outside
        seen["touches"] += span.start_ns == around.end_ns
        seen["cut"] += not outside and span.end_ns > around.end_ns
        last[around.id, span.end_ns] += 1
        both[around.id, span.start_ns, span.end_ns] += span.end_ns > span.start_ns
    seen["ends together"] = sum(often > 1 for often in last.values())
    seen["the same times"] = sum(often > 1 for often in both.values())
    return seen


def test_the_path_is_jaegers_where_no_two_instants_are_one() -> None:
    """A person who knows the path from Jaeger's page sees the same one here."""
    agreed = 0
    for seed in SEEDS:
        trace = a_team(seed, distinct=True)
        if seed % 2:
            trace = apart(skewed(trace, random.Random(seed)))
        path = critical_path(trace)
        assert stretches(path) == jaeger_path.by_jaegers_rule(trace)
        agreed += len(path.sections) > 3
    assert agreed > len(SEEDS) // 2


def apart(trace: Trace) -> Trace:
    """The same trace with every instant another one, in the order that they had; none is 0."""
    instants = sorted(
        (at, number, end)
        for number, span in enumerate(trace.spans)
        for end, at in enumerate((span.start_ns, span.end_ns))
    )
    places = {(number, end): place for place, (_, number, end) in enumerate(instants, 1)}
    return replace(
        trace,
        spans=tuple(
            replace(span, start_ns=places[number, 0], end_ns=places[number, 1])
            for number, span in enumerate(trace.spans)
        ),
    )


def test_who_answers_last_is_on_the_path() -> None:
    """The page's first example: two workers at once, the slower one counts."""
    trace = a_trace(("run", None, 0, 100), ("fast", "run", 10, 40), ("slow", "run", 10, 90))

    path = critical_path(trace)

    assert named(path) == [("run", 0, 10), ("slow", 10, 90), ("run", 90, 100)]
    assert [(one.agent, one.path_ns, one.share) for one in path.agents] == [
        ("slow", 80, 0.8),
        (None, 20, 0.2),
    ]
    by_name = {span.name: path.drag_ns.get(span.id) for span in trace.spans}
    assert by_name == {"run": 100, "fast": None, "slow": 50}


def test_one_after_the_other_are_all_on_the_path() -> None:
    """The page's second example: a row of turns, with the lead's own time between."""
    trace = a_trace(
        ("run", None, 0, 100),
        ("ask", "run", 10, 30),
        ("think", "run", 40, 80),
        ("inside", "think", 50, 70),
    )

    path = critical_path(trace)

    assert named(path) == [
        ("run", 0, 10),
        ("ask", 10, 30),
        ("run", 30, 40),
        ("think", 40, 50),
        ("inside", 50, 70),
        ("think", 70, 80),
        ("run", 80, 100),
    ]
    by_name = {span.name: path.drag_ns.get(span.id) for span in trace.spans}
    assert by_name == {"run": 100, "ask": 20, "think": 40, "inside": 20}


def test_what_outlives_its_parent_is_cut() -> None:
    """The page's third example: work that nobody waited for counts as long as its parent lasts."""
    trace = a_trace(
        ("run", None, 0, 50), ("late", "run", 20, 90), ("early", "run", 10, 20),
        ("after", "run", 60, 70),
    )  # fmt: skip

    assert named(critical_path(trace)) == [("run", 0, 10), ("early", 10, 20), ("late", 20, 50)]


def test_a_message_keeps_nobody() -> None:
    """Whoever sends goes on; so does what happens inside of a consumer."""
    trace = a_trace(("run", None, 0, 50), ("sent", "run", 10, 30), ("inside", "sent", 15, 25))
    spans = tuple(
        replace(one, wire_kind=WireKind.CONSUMER) if one.name == "sent" else one
        for one in trace.spans
    )

    assert named(critical_path(replace(trace, spans=spans))) == [("run", 0, 50)]


def test_a_trace_without_times_says_so() -> None:
    """A path of nothing is no path of length 0."""
    still = critical_path(a_trace(("run", None, 5, 5), ("a", "run", 5, 5)))
    empty = critical_path(Trace(id="3" * 32, name="nothing"))

    assert (still.sections, still.agents) == ((), ())
    assert still.unknown == {"sections": "not recorded: the root has no duration"}
    assert (empty.root, empty.unknown) == (None, {"root": "the trace has no spans"})


def test_of_several_roots_the_longest_is_taken_and_the_others_are_told_of() -> None:
    """Foreign traces have orphans; a path over a part of them says that it is one."""
    trace = a_trace(("run", None, 0, 10), ("other", None, 0, 30), ("in", "other", 5, 30))

    path = critical_path(trace)

    assert named(path) == [("other", 0, 5), ("in", 5, 30)]
    assert path.unknown == {"root": "1 more root or orphan stands beside it; the longest was taken"}
    assert named(critical_path(trace, trace.spans[0])) == [("run", 0, 10)]


def test_what_a_test_says_of_the_path() -> None:
    """How long it is, whose, and who has at most what share; else, whose it was."""
    path = critical_path(
        a_trace(("run", None, 0, 100), ("fast", "run", 10, 40), ("slow", "run", 10, 90))
    )

    assert path.takes_at_most(0.0000001)
    assert path.bottleneck_is("slow")
    assert path.is_at_most("slow", "80%")
    assert path.is_at_most("fast", 0)
    with pytest.raises(TeamFailed, match=r"spent by  slow: 80 ns, 80\.0%") as error:
        path.takes_at_most(0.00000005)
    assert "nobody: 20 ns, 20.0%" in str(error.value)
    with pytest.raises(TeamFailed, match="the bottleneck is not fast"):
        path.bottleneck_is("fast")
    with pytest.raises(TeamFailed, match=r"\*ow has 80.0% of the critical path, and at most 79.0%"):
        path.is_at_most("*ow", 0.79)
    with pytest.raises(NothingSelected):
        path.is_at_most("slwo", 1)


def test_of_equal_parts_each_is_the_bottleneck() -> None:
    """Nobody has a longer one."""
    path = critical_path(a_trace(("run", None, 0, 20), ("a", "run", 0, 10), ("b", "run", 10, 20)))

    assert path.bottleneck_is("a")
    assert path.bottleneck_is("b")


def test_nothing_is_said_of_a_path_without_times() -> None:
    """A limit that cannot be broken is none."""
    still = critical_path(a_trace(("run", None, 5, 5), ("a", "run", 5, 5)))

    with pytest.raises(NotRecorded, match="the root has no duration"):
        still.takes_at_most(1)
    with pytest.raises(NotRecorded, match="whose the critical path is: nobody knows"):
        still.is_at_most("a", 1)
    with pytest.raises(NotRecorded):
        still.bottleneck_is("a")
