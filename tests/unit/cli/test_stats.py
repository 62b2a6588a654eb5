"""`agenttrace stats`: what traces used, by whatever one asks for, over a file or a folder."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from dataclasses import asdict, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import agenttrace
from agenttrace.analysis import Analysis
from agenttrace.analysis.costs import DIMENSIONS
from agenttrace.analysis.lifetimes import Split
from agenttrace.analysis.stats import Stats
from agenttrace.causal import spawn
from agenttrace.causal.sequence import in_causal_order
from agenttrace.cli import main
from agenttrace.formats import native
from agenttrace.model.span import SpanKind
from agenttrace.model.trace import Trace
from agenttrace.model.usage import TIME_CATEGORIES, Tokens
from tests.fakes.campaign import times
from tests.fakes.foreign_teams import a_foreign_team
from tests.fakes.made_teams import a_team
from tests.fakes.twice import traced
from tests.oracles import costs as oracle
from tests.oracles import time_spent

HEADS = ["kind", "traces", "models", "tools", "in", "out", "cost", "took"]
TIMES = ["agent", "lives", "reasoning", "tool", "waiting", "idle", "on", "path"]


def stats(*words: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["stats", *map(str, words)])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of three runs, with what else lies in folders."""
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "inner").mkdir()
    (tmp_path / ".hidden").mkdir()
    for number, name in enumerate(["a", "inner/b", "inner/c"]):
        (tmp_path / f"{name}.trace").write_bytes(native.write(team(number)))
    (tmp_path / ".hidden" / "d.trace").write_bytes(native.write(team(3)))
    (tmp_path / "a.trace.txt").write_text("an outline")
    (tmp_path / "a.trace.new").write_text("waits")
    (tmp_path / "notes.md").write_text("# Notes")
    return tmp_path


def team(seed: int) -> Trace:
    """A team of which every model says what it used."""
    trace = a_team(seed, deeds=50)
    spans = tuple(span for span in trace.spans if span.kind != "llm" or span.usage is not None)
    return replace(trace, id=f"{seed + 1:032x}", name=f"team {seed}", spans=spans)


def test_a_folder_is_the_sum_of_its_traces(folder: Path) -> None:
    """By agent, exactly: calls, tokens, money; and what is no trace is named."""
    result = stats(folder, "--json")

    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    each = [Analysis(team(number)).costs for number in range(3)]
    assert (told["schema"], told["by"], told["traces"]) == ("agenttrace.stats/1", "agent", 3)
    for row in told["rows"]:
        costs = [one.by("agent")[row["name"]] for one in each if row["name"] in one.by("agent")]
        assert row["traces"] == len(costs)
        assert row["llm_calls"] == sum(one.llm_calls for one in costs)
        assert row["tokens"]["output"] == sum(one.known_tokens.output for one in costs)
        assert Decimal(row["usd"]) == sum(one.usd or Decimal() for one in costs)
    assert told["total"]["tool_calls"] == sum(one.total.tool_calls for one in each)
    assert told["left_out"] == [str(folder / "notes.md")]


def from_anywhere(where: Path, first: int) -> list[Trace]:
    """A folder of foreign runs, some in a folder below, and what is in it."""
    runs = []
    for seed in range(first, first + 4):
        trace = replace(a_foreign_team(seed), id=f"{seed + 1:032x}")
        file = where / str(first) / ("inner" if seed % 2 else "") / f"{seed}.trace"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(native.write(trace))
        runs.append(native.read(file.read_bytes()))
    return runs


@pytest.mark.parametrize("what", [*DIMENSIONS, "region"])
def test_every_count_over_a_folder_is_exact(what: str, tmp_path: Path) -> None:
    """By whatever is asked: in how many runs a part is, its calls, tokens, money and time."""
    for first in range(0, times(12, 100), 4):
        runs = from_anywhere(tmp_path, first)

        told = json.loads(stats(tmp_path / str(first), "--by", what, "--json").stdout)

        parts = [(trace, oracle.parts(trace, what)) for trace in runs]
        names = {name for _, found in parts for name in found}
        assert told["traces"] == len(runs)
        assert [row["name"] for row in told["rows"]] == [
            *sorted(name for name in names if name is not None),
            *({None} & names),
        ]
        for row in told["rows"]:
            name = row["name"]
            met = [(trace, found[name]) for trace, found in parts if name in found]
            model = name if what == "model" else None
            assert row["traces"] == len(met)
            assert_is(row, [oracle.used(trace, spans, {}, model) for trace, spans in met])
        assert_is(told["total"], [oracle.used(one, oracle.calls(one), {}) for one in runs])


def assert_is(row: dict[str, Any], each: list[oracle.Used]) -> None:
    """A row is the sum of what each run used; what one does not know, it does not."""
    tokens, usd = [one.tokens for one in each], [one.usd for one in each]
    tools = [one.tool_usd for one in each if one.tool_usd is not None]
    took = sum(one.took_ns or 0 for one in each)
    known = sum((one.known_tokens for one in each), Tokens())
    assert row["llm_calls"] == sum(one.llm_calls for one in each)
    assert row["tool_calls"] == sum(one.tool_calls for one in each)
    assert row["known_tokens"] == asdict(known)
    assert row["tokens"] == (None if None in tokens else asdict(known))
    assert row["took_ns"] == (took or None)
    assert money(row["usd"]) == (None if None in usd else sum(filter(None, usd), Decimal()))
    assert money(row["tool_usd"]) == (sum(tools, Decimal()) if tools else None)


def money(said: str | None) -> Decimal | None:
    """A sum as it is told."""
    return None if said is None else Decimal(said)


def test_times_over_a_folder_are_those_of_its_runs() -> None:
    """By agent: what its time was spent on in all runs that have times, together."""
    runs = [a_foreign_team(seed) for seed in range(times(20, 300))]
    found = Stats("agent")
    for trace in runs:
        found.add_times(Analysis(trace))

    meant: dict[str, Counter[str]] = defaultdict(Counter)
    for trace in runs:
        if any(span.start_ns < span.end_ns for span in trace.spans):
            for agent in {oracle.doer(trace, span) for span in trace.spans} - {None}:
                assert agent is not None
                meant[agent] += time_spent.split(trace, agent, time_spent.lives(trace, agent))
    told = {agent: split for agent, split, _ in found.lives if split.total_ns}
    assert told == {
        agent: Split(**{f"{name}_ns": spent[name] for name in TIME_CATEGORIES})
        for agent, spent in meant.items()
    }
    assert {*told} == {"ada", "bob", "cyd"}


def test_the_table_says_the_same(folder: Path) -> None:
    """One row a part, sorted, and the whole last; nothing is printed that is not known."""
    (line, *rows) = stats(folder / "a.trace", "--by", "kind").stdout.splitlines()

    assert line.split() == HEADS
    assert [row.split()[0] for row in rows] == ["llm", "tool", "in"]
    total = Analysis(team(0)).costs.total
    whole = rows[-1].split()
    assert whole[2:5] == ["1", str(total.llm_calls), str(total.tool_calls)]
    assert total.usd is not None
    assert whole[7] == f"${((total.tool_usd or 0) + total.usd).normalize():f}"


def test_what_is_not_known_is_marked_and_said(tmp_path: Path) -> None:
    """A silent call makes a number the least there can be, and the money unknown."""
    file = tmp_path / "silent.trace"
    spans = tuple(replace(it, usage=None) if it.kind == "llm" else it for it in team(2).spans)
    file.write_bytes(native.write(replace(team(2), spans=spans)))

    told = stats(file, "--by", "kind").stdout

    assert "0+  0+ not known" in told
    assert "tokens: not recorded: " in told
    assert json.loads(stats(file, "--json").stdout)["total"]["usd"] is None


def test_times_and_graph_are_shown_instead(folder: Path) -> None:
    """What each agent's time was spent on; who led whom, to be drawn or read by a program."""
    analysis = Analysis(in_causal_order(team(0)))
    times = stats(folder / "a.trace", "--times").stdout.splitlines()

    assert times[0].split() == TIMES
    assert [row.split()[0] for row in times[1:-1]] == [*analysis.lifetimes]
    shares = (analysis.overhead.tokens_share, analysis.overhead.path_share)
    assert times[-1] == "coordination: {:.1%} of tokens, {:.1%} of the critical path".format(
        *shares
    )
    assert stats(folder / "a.trace", "--graph", "dot").stdout == f"{analysis.graph.to_dot()}\n"
    told = json.loads(stats(folder, "--graph", "json").stdout)
    counts = [Analysis(team(number)).graph for number in range(3)]
    assert sum(one["count"] for one in told["channels"]) == sum(
        len(one.interactions) for one in counts
    )
    assert len({(it["source"], it["target"], it["kind"]) for it in told["channels"]}) == len(
        told["channels"]
    )


def test_times_that_nobody_can_tell_say_why(tmp_path: Path) -> None:
    """A trace that names no agent has times all the same, and was said to have none."""
    run = team(0)
    nobody = [replace(one, agent=None, kind=SpanKind.INTERNAL) for one in run.spans]
    never = [replace(one, start_ns=0, end_ns=0, events=(), answers=()) for one in run.spans]
    told = {"nobody": nobody, "never": never}
    for name, spans in told.items():
        trace = replace(run, spans=tuple(spans), agents=() if name == "nobody" else run.agents)
        (tmp_path / f"{name}.trace").write_bytes(native.write(trace))

    assert stats(tmp_path / "nobody.trace", "--times").stdout.splitlines() == [
        "times: not recorded: a trace names no agent"
    ]
    assert stats(tmp_path / "never.trace", "--times").stdout.splitlines() == [
        "times: not recorded: the trace has no times"
    ]
    assert len(stats(tmp_path, "--times").stdout.splitlines()) == len(told)


@pytest.mark.parametrize(
    "words", [("--times", "--by", "tool"), ("--times", "--graph", "dot"), ("--times", "--json")]
)
def test_options_that_would_show_two_things_are_refused(
    folder: Path, words: tuple[str, ...]
) -> None:
    """Nothing that was asked for is left out in silence."""
    result = stats(folder, *words)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "each of --" in result.stderr


def test_parting_by_two_things_is_refused(folder: Path) -> None:
    """The last one alone was shown."""
    result = stats(folder, "--by", "agent", "--by", "model")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "give one of agent, model" in result.stderr


def test_what_cannot_be_read_is_named_and_is_exit_code_4(folder: Path) -> None:
    """Of a folder the others are shown; a file that was named itself ends it."""
    broken = folder / "broken.trace"
    broken.write_bytes(native.write(team(0))[:-9])

    result = stats(folder)

    assert result.exit_code == 4
    assert "in all" in result.stdout
    assert "could not be read: " in result.stderr
    assert "broken.trace" in result.stderr
    assert stats(broken).exit_code == 4
    assert stats(folder / "notes.md").exit_code == 4


def test_a_folder_without_a_trace_is_a_usage_error(tmp_path: Path) -> None:
    """An empty table would look as if nothing had been used."""
    result = stats(tmp_path)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "no trace was found in" in result.stderr


def tenants(*said: str | None) -> Trace:
    """A team of which some calls say for whom they are."""
    trace = team(0)
    calls = iter(said)
    spans = (
        replace(it, attributes={**it.attributes, "tenant": who})
        if it.kind == "llm" and (who := next(calls, None)) is not None
        else it
        for it in trace.spans
    )
    return replace(trace, spans=tuple(spans))


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_an_attribute_that_no_call_has_is_refused_and_near_ones_are_named(
    tmp_path: Path, as_json: tuple[str, ...]
) -> None:
    """A row of "(not said)" would look as if nobody had said it; it was only misspelt."""
    (tmp_path / "a.trace").write_bytes(native.write(tenants("north")))

    result = stats(tmp_path, "--by", "tenat", *as_json)

    assert (result.exit_code, result.stdout) == (2, "")
    headline, _, nearest, by, attributes = result.stderr.splitlines()[:5]
    assert headline.endswith("--by tenat: no call of 1 trace has such an attribute  [usage]")
    assert nearest.split()[:2] == ["nearest", "tenant,"]
    assert by.split()[:3] == ["by", "agent,", "agent.name,"]
    assert "tenant" in attributes


def test_a_word_that_only_begins_like_a_dimension_is_an_attribute(tmp_path: Path) -> None:
    """`agents` is no other word for `agent`, and `agent.rol` no detail of one."""
    (tmp_path / "a.trace").write_bytes(native.write(team(0)))

    for word, meant in (("agents", "agent"), ("agent.rol", "agent.role")):
        result = stats(tmp_path, "--by", word)
        assert result.exit_code == 2, word
        assert f"nearest    {meant}," in result.stderr


def test_an_attribute_that_one_trace_of_a_folder_has_is_shown(tmp_path: Path) -> None:
    """The others did not say: that is a row, and no error."""
    (tmp_path / "a.trace").write_bytes(native.write(tenants("north")))
    (tmp_path / "b.trace").write_bytes(native.write(team(1)))

    result = stats(tmp_path, "--by", "tenant", "--json")

    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)["rows"]
    assert [(row["name"], row["traces"]) for row in rows] == [("north", 1), (None, 2)]


def test_an_attribute_may_stand_in_what_could_not_be_read(tmp_path: Path) -> None:
    """So nothing is claimed of all: what is known is shown, and it is exit code 4 as ever."""
    (tmp_path / "a.trace").write_bytes(native.write(team(0)))
    (tmp_path / "b.trace").write_bytes(native.write(team(1))[:-9])

    result = stats(tmp_path, "--by", "tenant")

    assert result.exit_code == 4
    assert "(not said)" in result.stdout


@agenttrace.tool
async def carry(parcel: str) -> str:
    """Carry it."""
    return parcel


def van(agent_id: str | None) -> Trace:
    """A van that carries in two tasks, and twice in one of them."""

    async def drive(*parcels: str) -> None:
        for parcel in parcels:
            with agenttrace.agent("van", id=agent_id):
                await carry(parcel)

    async def whole() -> None:
        await asyncio.gather(drive("a", "b"), drive("c"))

    def run() -> None:
        with spawn.installed():
            asyncio.run(whole())

    return traced(run)[0]


def test_a_name_that_began_in_several_tasks_is_several_unless_it_has_an_id(tmp_path: Path) -> None:
    """Three workers of one name are three; begun twice in one task, an agent is one."""
    (tmp_path / "a.trace").write_bytes(native.write(van(None)))
    (tmp_path / "b.trace").write_bytes(native.write(van("van")))

    def calls(*words: object) -> dict[str, int]:
        rows = json.loads(stats(*words, "--json").stdout)["rows"]
        return {row["name"]: row["tool_calls"] for row in rows}

    assert calls(tmp_path / "a.trace") == {"van": 2, "van#1": 1}
    assert calls(tmp_path / "a.trace", "--by", "agent.name") == {"van": 3}
    assert calls(tmp_path / "b.trace") == {"van": 3}
    hint = "van#1: a name that began in several tasks; --by agent.name adds it up"
    assert hint in stats(tmp_path / "a.trace").stdout.splitlines()
    assert "--by agent.name" not in stats(tmp_path / "b.trace").stdout
