"""Objectives: exact counts over many traces, and no guess where something is not known."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agenttrace.analysis.objectives import Bad, Judged, Objective, Objectives, hold, told
from agenttrace.cli import main
from agenttrace.errors import (
    NothingSelected,
    NotRecorded,
    ObjectiveMissed,
    TraceUnreadable,
    UsageError,
)
from agenttrace.formats import native
from agenttrace.formats.files import traces_below
from agenttrace.model.span import ERROR, OK, Span, SpanKind, Status
from agenttrace.model.trace import TIME, VIRTUAL, Trace
from tests.fakes.campaign import times
from tests.fakes.failing_teams import a_failing_team
from tests.fakes.made_teams import a_team
from tests.oracles import objectives as oracle

SECOND = 1_000_000_000
SUCCEED, QUICK = "99.9% of workflows succeed", "95% of retrieval query within 2s"
"""The two of the founding vocabulary."""


def workflow(number: int, *, fails: bool = False, takes: tuple[int, ...] = ()) -> Trace:
    """A run with so many queries, each of which takes so many nanoseconds."""
    status = Status(code=ERROR if fails else OK)
    run = Span(id="f" * 16, name="run", kind=SpanKind.RUN, status=status, end_ns=99 * SECOND)
    queries = tuple(
        Span(id=f"{place:016x}", name="query", kind=SpanKind.RETRIEVAL, parent=run.id, end_ns=lasts)
        for place, lasts in enumerate(takes, 1)
    )
    return Trace(id=f"{number + 1:032x}", name=f"workflow {number}", spans=(run, *queries))


def a_thousand(failed: int, slow: int) -> list[Trace]:
    """A thousand workflows of three queries each, dealt by chance; so many failed, or were slow."""
    chance = random.Random(failed * 1_000 + slow)
    bad = set(chance.sample(range(1_000), failed))
    late = set(chance.sample(range(3_000), slow))
    return [
        workflow(
            number,
            fails=number in bad,
            takes=tuple(2 * SECOND + (3 * number + query in late) for query in range(3)),
        )
        for number in range(1_000)
    ]


# -- the two of the founding vocabulary -----------------------------------------------------------
@pytest.mark.parametrize(("failed", "slow"), [(0, 0), (1, 150)])
def test_what_an_objective_allows_keeps_it(failed: int, slow: int) -> None:
    """99.9 % of 1,000 leave one failure, 95 % of 3,000 queries 150; and 2 s are within 2 s."""
    assert hold(a_thousand(failed, slow), SUCCEED, QUICK)


def test_one_more_than_that_misses_it() -> None:
    """The message has the counts, and names the bad ones with what was wrong."""
    with pytest.raises(ObjectiveMissed, match="2 of 1,000 bad, 1 allowed") as error:
        hold(a_thousand(2, 0), SUCCEED, QUICK)
    assert str(error.value).count("it ended as ERROR") == 2
    with pytest.raises(ObjectiveMissed, match="151 of 3,000 bad, 150 allowed") as error:
        hold(a_thousand(0, 151), SUCCEED, QUICK)
    assert "it took 2.000000001 s" in str(error.value)
    assert "and 139 more" in str(error.value)


def test_budget_and_burn_are_exact() -> None:
    """Against fractions, for many shares and counts: what may be bad, what is left and spent."""
    for share in ("0", "50", "66.6", "99", "99.9", "99.99", "100"):
        objective = Objective.of(f"{share}% of workflows succeed")
        for count in (1, 7, 1_000, 10_001):
            for bad in (0, 1, count):
                judged = Judged(objective=objective, count=count, bad=(BAD,) * bad)
                may = (1 - Fraction(share) / 100) * count
                assert judged.allowed == int(may)
                assert judged.left == int(may) - bad
                assert judged.holds == (bad <= may)
                if may:
                    assert judged.burn is not None
                    assert abs(Fraction(judged.burn) - bad / may) < Fraction(1, 10**20)
                else:
                    assert judged.burn is None


BAD = Bad(trace="t", span=None, why="it failed")


# -- what is not known ----------------------------------------------------------------------------
def test_what_is_not_known_matters_only_where_it_could_change_the_answer() -> None:
    """A run that was cut off neither failed nor succeeded."""
    traces = [workflow(number) for number in range(10)]
    cut = [replace(workflow(20), complete=False)]

    assert hold([*traces, *cut], "90% of workflows succeed")
    with pytest.raises(NotRecorded, match="0 of 11 bad, 1 not known, 0 allowed: nobody knows"):
        hold([*traces, *cut], "99% of workflows succeed")
    with pytest.raises(ObjectiveMissed, match="1 of 12 bad, 1 not known, 0 allowed"):
        hold([*traces, *cut, workflow(30, fails=True)], "99% of workflows succeed")


def test_a_trace_without_times_is_not_quick() -> None:
    """A chat log has no times; 0 s would be within anything."""
    still = replace(workflow(0, takes=(0,)))
    spans = tuple(replace(span, end_ns=0) for span in still.spans)

    with pytest.raises(NotRecorded, match="the trace has no times"):
        hold([replace(still, spans=spans)], "50% of retrieval within 2s")


def test_a_time_objective_over_virtual_time_is_refused() -> None:
    """In a replay computing takes no time; whether workflows succeed may still be asked."""
    replay = replace(workflow(0), environment={TIME: VIRTUAL})

    assert hold([replay], "99% of workflows succeed")
    with pytest.raises(UsageError, match="that of workflow 0 is virtual"):
        hold([replay], "99% of workflows within 2s")


def test_an_objective_of_nothing_is_an_error() -> None:
    """As every selection of nothing is: it would be kept for ever."""
    with pytest.raises(NothingSelected, match="speaks of what never happened"):
        hold([workflow(0)], QUICK)
    with pytest.raises(UsageError, match="no objective is named"):
        hold([workflow(0)])


@pytest.mark.parametrize(
    ("sentence", "instead"),
    [
        ("9% of retrieval quer succeed", ["nearest   query", "there are query"]),
        ("9% of workflows flow succeed", ["nearest   workflow 0", "there are workflow 0"]),
        ("9% of retrieval xyz* succeed", ["there are query"]),
        ("9% of tool query succeed", ["there is  no tool"]),
    ],
)
def test_a_misspelt_name_is_told_what_there_is(sentence: str, instead: list[str]) -> None:
    """In a test and on the command line alike."""
    objectives = Objectives(sentence)
    objectives.add(workflow(0, takes=(1, 2)))

    with pytest.raises(NothingSelected, match="speaks of what never happened") as error:
        objectives.hold()
    assert [line.strip() for line in str(error.value).splitlines()[2:-2]] == instead
    (judged,) = objectives.judged
    assert [line.strip() for line in told(judged)][1:] == instead


def test_names_are_told_only_where_none_is_the_one_that_is_said() -> None:
    """Of many of them the first, with how many more there are."""
    objectives = Objectives("9% of workflows nobody succeed", "9% of workflows workflow* succeed")
    for number in range(20):
        objectives.add(workflow(number))
    nothing, kept = objectives.judged

    assert kept.there == ()
    assert len(nothing.there) == 20
    assert [*told(nothing)][-1].endswith(" and 8 more")


@pytest.mark.parametrize("given", ["golden", Path("golden"), ["golden"], workflow(0)])
def test_what_is_no_traces_is_refused_with_what_gives_some(given: Any) -> None:
    """A folder's name had been an AttributeError from within."""
    with pytest.raises(UsageError, match=r"is no trace") as error:
        hold(given, SUCCEED)

    assert 'hold(traces_below("golden"), …)' in str(error.value)


def test_no_traces_at_all_are_no_misspelt_objective(tmp_path: Path) -> None:
    """The folder is the wrong one, and not the sentence."""
    with pytest.raises(UsageError, match="no trace was found to be judged"):
        hold(traces_below(tmp_path), SUCCEED)
    with pytest.raises(UsageError, match="no trace was found to be judged"):
        hold(iter(()), SUCCEED)


def test_a_folder_without_traces_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is, too: a test may run elsewhere than its author thinks; and so where it is not."""
    monkeypatch.chdir(tmp_path)
    (folder := tmp_path / "empty").mkdir()
    (folder / "notes.md").write_text("no trace")

    with pytest.raises(UsageError) as error:
        hold(traces_below("empty"), SUCCEED)
    with pytest.raises(TraceUnreadable, match="absent: No such file"):
        hold(traces_below("absent"), SUCCEED)

    assert str(error.value) == (
        "no trace was found to be judged below empty  [usage]\n\n"
        f"  path      {folder}\n  It holds no file that is a trace."
    )


def test_traces_are_read_once(tmp_path: Path) -> None:
    """A second look at what was read finds nothing, and not because the folder is empty."""
    (tmp_path / "one.trace").write_bytes(native.write(workflow(0)))
    given = traces_below(tmp_path)

    assert hold(given, SUCCEED)
    with pytest.raises(UsageError, match="have been read before"):
        hold(given, SUCCEED)


def a_folder(chance: random.Random) -> list[Trace]:
    """Runs of all sorts: cut off, without times, without their own span, of another system."""
    found = []
    for _ in range(chance.randint(1, 6)):
        trace = a_failing_team(chance.randrange(9_999), foreign=chance.random() < 0.3)
        still = tuple(replace(span, start_ns=0, end_ns=0) for span in trace.spans)
        changes: list[dict[str, Any]] = [
            {},
            {},
            {"complete": False},
            {"spans": still},
            {"spans": trace.spans[1:]},
            {"spans": ()},
        ]
        found.append(replace(trace, **chance.choice(changes)))
    return found


def test_each_objective_is_judged_as_the_page_defines() -> None:
    """Of which it speaks, which are bad, of which nobody knows, what is allowed and spent."""
    seen: Counter[bool | None] = Counter()
    for seed in range(times(150, 5_000)):
        chance = random.Random(seed)
        folder = a_folder(chance)
        share = chance.choice(["0", "50", "66.6", "80", "99.9", "100"])
        what = chance.choice(["workflows", "tool", "llm", "agent", "message", "orchestration"])
        names = [None] if what == "workflows" else [None, "look_up", "look*", "b*", "eve", "*"]
        name, within = chance.choice(names), chance.choice([None, 0, 1, 3, 20])
        how = "succeed" if within is None else f"within {within / 1e6:f}ms"
        objectives = Objectives(f"{share}% of {' '.join(filter(None, (what, name)))} {how}")
        for trace in folder:
            objectives.add(trace)
        (found,) = objectives.judged
        told = oracle.judged(folder, share, what, name, within)
        bad = ["" if one.span is None else one.span.id for one in found.bad]
        assert (found.count, bad, len(found.unknown)) == (told.things, told.bad, told.unknown), seed
        assert (found.allowed, found.holds) == (told.allowed, told.holds), seed
        assert (found.burn is None) == (told.burn is None)
        if found.burn is not None and told.burn is not None:
            assert abs(Fraction(found.burn) - told.burn) < Fraction(1, 10**20)
        seen[found.holds] += 1
    assert {*seen} == {True, False, None}


# -- sentences ------------------------------------------------------------------------------------
def test_a_sentence_says_how_many_of_what_and_how() -> None:
    """Workflows or a kind of span, all or of a name, succeeding or within a time."""
    assert Objective.of(SUCCEED) == Objective(
        text=SUCCEED, share=Decimal("0.999"), what="workflows"
    )
    assert Objective.of(" 95% of tool look up* within 300ms ") == Objective(
        text="95% of tool look up* within 300ms",
        share=Decimal("0.95"),
        what="tool",
        name="look up*",
        within_ns=300_000_000,
    )


@pytest.mark.parametrize(
    "text",
    ["", "all is well", "101% of tool succeed", "9% of queries succeed", "9% of tool within x"],
)
def test_what_is_no_objective_is_refused(text: str) -> None:
    """Before anything is read."""
    with pytest.raises(UsageError):
        Objective.of(text)


def test_who_is_meant_by_a_name() -> None:
    """Counted one by one over made teams: each span of the kind and name, and no other."""
    for seed in range(40):
        trace = a_team(seed)
        objectives = Objectives("100% of agent b* succeed", "0% of tool look_up succeed")
        objectives.add(trace)
        agents, tools = objectives.judged
        bobs = [span for span in trace.spans if span.kind == "agent" and span.agent == "bob"]
        looks = [span for span in trace.spans if span.name == "look_up"]
        assert (agents.count, tools.count) == (len(bobs), len(looks))
        assert [one.span for one in agents.bad] == [
            span for span in bobs if span.status.code == ERROR
        ]


# -- the command ----------------------------------------------------------------------------------
def slo(folder: Path, *sentences: str, words: tuple[str, ...] = ()) -> Result:
    """Run the command over a folder."""
    named = [word for one in sentences for word in ("--objective", one)]
    return CliRunner().invoke(main, ["slo", str(folder), *named, *words])


SPENT = "100.0% of the error budget spent"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten workflows, of which one failed."""
    for number in range(10):
        trace = workflow(number, fails=number == 3, takes=(SECOND, 3 * SECOND))
        (tmp_path / f"{number}.trace").write_bytes(native.write(trace))
    return tmp_path


def test_the_command_says_what_is_kept_and_names_what_is_bad(folder: Path) -> None:
    """Exit code 0 where all are kept, else 1."""
    kept = slo(folder, "90% of workflows succeed")
    missed = slo(folder, "90% of workflows succeed", "75% of retrieval within 2s")

    assert (kept.exit_code, kept.stdout.splitlines()) == (
        0,
        [
            f"kept       90% of workflows succeed: 1 of 10 bad, 1 allowed, {SPENT}",
            "           workflow 3: it ended as ERROR",
        ],
    )
    assert missed.exit_code == 1
    assert missed.stdout.splitlines()[2] == (
        "MISSED     75% of retrieval within 2s: 10 of 20 bad, 5 allowed, "
        "200.0% of the error budget spent"
    )
    assert missed.stdout.splitlines()[-1] == "           and 5 more"
    assert hold(traces_below(folder), "90% of workflows succeed")


def test_the_command_tells_scripts_the_same(folder: Path) -> None:
    """With the counts as numbers, and the burn as text, exactly."""
    told = json.loads(slo(folder, "95% of workflows succeed", words=("--json",)).stdout)

    assert (told["schema"], told["traces"]) == ("agenttrace.slo/1", 10)
    assert told["objectives"] == [
        {
            "objective": "95% of workflows succeed",
            "holds": False,
            "count": 10,
            "bad": 1,
            "unknown": 0,
            "allowed": 0,
            "left": -1,
            "burn": "2",
            "worst": [
                {"trace": "workflow 3", "span": "f" * 16, "why": "it ended as ERROR"},
            ],
        }
    ]


def test_the_command_passes_on_no_nothing(folder: Path, tmp_path: Path) -> None:
    """What never happened, a folder without traces, and virtual time are told, and fail."""
    nothing = slo(folder, "9% of llm succeed")
    assert (nothing.exit_code, nothing.stdout) == (
        1,
        "NOTHING    9% of llm succeed: it speaks of what never happened\n",
    )
    (tmp_path / "empty").mkdir()
    assert slo(tmp_path / "empty", SUCCEED).exit_code == 2
    replay = replace(workflow(0), environment={TIME: VIRTUAL})
    (folder / "replay.trace").write_bytes(native.write(replay))
    assert slo(folder, "9% of workflows within 2s").exit_code == 2


def test_a_project_sets_its_objectives_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its pyproject.toml; what is said on the command line is said instead."""
    monkeypatch.chdir(folder)
    project = folder / "pyproject.toml"
    project.write_text('[tool.agenttrace.slo]\nobjectives = ["95% of workflows succeed"]\n')

    assert slo(folder).stdout.startswith("MISSED     95% of workflows succeed")
    assert slo(folder, "90% of workflows succeed").exit_code == 0
    project.write_text('[tool.agenttrace.slo]\nobjectives = "95% of workflows succeed"\n')
    assert "objectives are sentences" in slo(folder).stderr
    project.write_text("[tool\n")
    assert "pyproject.toml cannot be read" in slo(folder).stderr
    project.unlink()
    assert (slo(folder).exit_code, "no objective is named" in slo(folder).stderr) == (2, True)
    assert all(one in slo(folder).stderr for one in ("--objective", "pyproject.toml", "_slo`"))
