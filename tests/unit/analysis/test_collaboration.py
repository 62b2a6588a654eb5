"""Tasks that were completed, knowledge that was used, and writes that collided."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from agenttrace.analysis import Analysis
from agenttrace.analysis.collaboration import Collaboration
from agenttrace.errors import NotRecorded, TeamFailed
from agenttrace.model import names
from agenttrace.model.span import ERROR, OK, Status, WireKind
from agenttrace.model.trace import Trace
from tests.fakes.busy_teams import a_busy_team, teams_at_a_board
from tests.fakes.by_hand import ByHand
from tests.fakes.campaign import times
from tests.fakes.made_teams import a_team
from tests.fakes.told_teams import conforming, net, spoiled
from tests.oracles import collaboration as oracle

SEEDS = range(times(20, 700))


def test_what_is_used_and_what_collides_is_as_the_page_says() -> None:
    """Every pair of writes by every read; by how much the chain to the resolution is longer."""
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        for sort, trace in teams_at_a_board(seed):
            found = Analysis(trace).collaboration
            assert {one.span.id: {it.id for it in one.used_by} for one in found.entries} == {
                one.id: oracle.used_by(trace, one) for one in oracle.writes(trace)
            }, (seed, sort)
            if oracle.is_circular(oracle.causes(trace)):
                seen["circular"] += 1
                continue
            assert sorted(conflicts_of(found)) == sorted(map(tuple, oracle.conflicts(trace))), (
                seed,
                sort,
            )
            for one in found.conflicts:
                seen[sort if one.resolution is not None else "stays"] += 1
                seen["took"] += one.resolution_ns is not None
            seen["used"] += any(one.used_by for one in found.entries)
    assert {*seen} == {
        *("recorded", "queues", "replayed", "timeless", "foreign", "skewed", "odd"),
        *("circular", "stays", "took", "used"),
    }
    assert min(seen.values()) > 0


def conflicts_of(found: Collaboration) -> list[tuple[object, ...]]:
    """The conflicts of an answer, as the oracle has them."""
    return [
        (
            *(it.id for it in one.writes),
            None if one.resolution is None else one.resolution.id,
            one.steps,
            one.resolution_ns,
        )
        for one in found.conflicts
    ]


def test_tasks_and_completion_are_those_that_the_page_defines() -> None:
    """Announced, reported or not, more than once; or agents that name what they are to do."""
    seen: Counter[bool] = Counter()
    for seed in range(times(60, 2_000)):
        chance = random.Random(seed)
        second = [
            replace(row, at=row.at + chance.randint(0, 60))
            for row in spoiled(chance, conforming(chance, "u"))
        ]
        for trace in (
            net([*conforming(chance, "t"), *second], complete=chance.random() < 0.7),
            replace(a_team(seed), complete=chance.random() < 0.7),
            a_busy_team(seed)[1],
        ):
            found = Analysis(trace).collaboration
            told = oracle.tasks(trace)
            assert (
                sorted((one.name, one.completed_by is not None) for one in found.tasks) == told
            ), seed
            done = sum(is_done for _, is_done in told)
            assert found.completion == (done / len(told) if told else None), seed
            entries = oracle.writes(trace)
            used = sum(bool(oracle.used_by(trace, one)) for one in entries)
            assert found.utilisation == (used / len(entries) if entries else None), seed
            seen.update(is_done for _, is_done in told)
    assert min(seen[True], seen[False]) > 100


# -- by hand, with what the assertions say --------------------------------------------
def test_a_task_that_nobody_reports_is_not_completed() -> None:
    """Three announced, one done, one failed, one never reported; the message names those two."""
    hand = ByHand()
    hand.span("run", "run")
    for task in ("draw", "paint", "frame"):
        hand.span(f"announce {task}", "orchestration", inside="run", attributes=told(task))
    hand.span("r1", "orchestration", inside="run", attributes=told("draw", "report", "done"))
    hand.span("r2", "orchestration", inside="run", attributes=told("paint", "report", "failure"))
    found = Analysis(hand.trace()).collaboration

    assert [(one.name, one.completed_by is not None) for one in found.tasks] == [
        ("draw", True),
        ("paint", False),
        ("frame", False),
    ]
    assert found.completion == pytest.approx(1 / 3)
    assert found.completes_at_least("33%")
    with pytest.raises(TeamFailed, match="1 of 3 tasks completed, and at least 50") as error:
        found.completes_at_least(0.5)
    assert "paint, announce paint" in str(error.value)


def told(task: str, phase: str = "announcement", outcome: str | None = None) -> dict[str, str]:
    """The attributes of one phase of a delegation."""
    said = {names.DELEGATION_TASK: task, names.DELEGATION_PHASE: phase}
    return said if outcome is None else {**said, names.DELEGATION_OUTCOME: outcome}


def test_without_announcements_the_tasks_are_those_that_agents_name() -> None:
    """One that ended as an error, and one of a run that was cut off, were not completed."""
    hand = ByHand()
    hand.span("run", "run")
    for number, code in enumerate([OK, ERROR, "UNSET"]):
        hand.span(
            f"a{number}", "agent", inside="run", agent="a", task="t", status=Status(code=code)
        )
    trace = hand.trace()

    assert Analysis(trace).collaboration.completion == pytest.approx(2 / 3)
    cut = Analysis(replace(trace, complete=False)).collaboration
    assert cut.completion == pytest.approx(1 / 3)


def on_board(read_by: str | None, versions: tuple[int | None, int | None] = (1, 2)) -> Trace:
    """Two agents, at once, write 1 and 2 under one key; then somebody reads it, or nobody."""
    hand = ByHand()
    hand.span("run", "run", at=(0, 100))
    for value, (who, version, at) in enumerate(
        (("a", versions[0], 10), ("b", versions[1], 20)), start=1
    ):
        told = {names.MESSAGE_CONTENT: value}
        if version is not None:
            told[names.MESSAGE_VERSION] = version
        hand.span(who, "agent", at=(0, 30), inside="run", agent=who)
        hand.span(
            f"write {who}",
            "message",
            at=(at, 25),
            inside=who,
            wire_kind=WireKind.PRODUCER,
            attributes={**PLACE, **told},
        )
    if read_by is not None:
        hand.span(
            read_by, "agent", at=(40, 90), inside="run", agent=read_by, links={"a": "handoff"}
        )
        hand.span(
            "read", "message", at=(60, 60), inside=read_by, wire_kind=WireKind.CONSUMER,
            links={"write b": "blackboard"}, attributes=PLACE,
        )  # fmt: skip
    return hand.trace()


PLACE = {names.MESSAGE_CHANNEL: "plan", names.MESSAGE_KEY: "k"}


def test_a_conflict_is_resolved_by_who_reads_after_both() -> None:
    """It reads at 60 what was written by 25, so after 35; the message names what nobody reads."""
    found = Analysis(on_board("c")).collaboration

    (one,) = found.conflicts
    assert (one.board, one.key, one.resolution_ns) == ("plan", "k", 35)
    assert [it.name for it in one.writes] == ["write a", "write b"]
    assert one.resolution is not None
    assert one.resolution.name == "read"
    assert found.resolves_conflicts()
    assert (found.utilisation, found.uses_at_least("50%")) == (0.5, True)
    with pytest.raises(TeamFailed, match=r"1 of 2 entries used by others") as error:
        found.uses_at_least(1)
    assert "plan[k], written at 0000000000000003" in str(error.value)


def test_a_conflict_that_nobody_looks_at_stays() -> None:
    """Whoever reads later reads 2, and 1 is lost; the assertion says so."""
    found = Analysis(on_board(None)).collaboration

    (one,) = found.conflicts
    assert (one.resolution, one.steps, one.resolution_ns) == (None, None, None)
    assert found.utilisation == 0
    with pytest.raises(TeamFailed, match="1 of 1 conflict never resolved"):
        found.resolves_conflicts()


@pytest.mark.parametrize("versions", [(1, 1), (1, 3), (None, None), (None, 1)])
def test_a_write_that_replaced_no_other_is_no_conflict(
    versions: tuple[int | None, int | None],
) -> None:
    """Two boards of one name, each with its first version; or a version between the two."""
    assert Analysis(on_board(None, versions)).collaboration.conflicts == ()


def test_nothing_is_said_of_what_nobody_recorded() -> None:
    """No task, no board: neither 0 nor 100 percent."""
    found = Analysis(Trace(id="1" * 32, name="nothing")).collaboration

    assert (found.completion, found.utilisation) == (None, None)
    assert found.unknown == {
        "completion": "not recorded: no task is named",
        "utilisation": "not recorded: nothing was written on a board",
    }
    with pytest.raises(NotRecorded):
        found.completes_at_least(0)
    with pytest.raises(NotRecorded):
        found.uses_at_least(0)
    with pytest.raises(NotRecorded):
        found.resolves_conflicts()
