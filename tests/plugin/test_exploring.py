"""`agent_trace.explore`: a race is found and told, and the printed command brings it back."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from agenttrace.cli import main
from agenttrace.model.schedule import Schedule
from agenttrace.replay.schedule_text import read, written
from agenttrace.session import load_golden
from pytest_agenttrace import exploring
from tests.fakes import planted_races, public_races
from tests.fakes.campaign import FULL
from tests.fakes.refund_project import LOADED, RefundProject, command_in, message_in
from tests.fakes.rehearsals import a_plan, recorded

TESTS = """
from tests.fakes import planted_races, public_races


def test_lost_update(agent_trace):
    agent_trace.explore(planted_races.lost_update, invariant=lambda count: count == 2)


def test_double_refund(agent_trace):
    agent_trace.explore(planted_races.double_refund, invariant=lambda refunds: refunds <= 1)


def test_twenty_agents(agent_trace):
    agent_trace.explore(planted_races.twenty_agents, invariant=lambda count: count == 2)


def test_remembering(agent_trace):
    agent_trace.explore(
        public_races.remembering, invariant=public_races.remembers_all, lend=["extract_facts"]
    )


def test_filling_a_form(agent_trace):
    agent_trace.explore(public_races.filling_a_form, invariant=public_races.in_the_order_asked)


def test_first_in_first_out(agent_trace):
    report = agent_trace.explore(planted_races.first_in_first_out, budget="40 schedules")
    assert report.found is None
"""


class RacesProject(RefundProject):
    """A project whose tests explore programs that are recorded already."""

    def __init__(self, pytester: pytest.Pytester, *programs: Callable[[], Any]) -> None:
        """Lay the tests out, and the goldens of these programs."""
        assert LOADED
        super().__init__(pytester)
        pytester.makepyfile(test_races=TESTS)
        for program in programs:
            test = f"test_{program.__name__}"
            shown = f"golden/test_races/{test}.trace"
            recorded(pytester.path, program, f"test_races.py::{test}", shown)

    def explored(self, program: Callable[[], Any], *words: str) -> pytest.RunResult:
        """Run the test of a program."""
        return self.run(f"test_races.py::test_{program.__name__}", *words)


def sides_of(message: str) -> list[str]:
    """What a message says of what is broken, and under which schedule: not how it was found."""
    lines = message.splitlines()
    shown = next(number for number, line in enumerate(lines) if line.startswith("    broken"))
    till = next(number for number, line in enumerate(lines[shown:], shown) if not line.strip())
    how = ("    found ", "    smaller ")
    return [lines[0], *(line for line in lines[shown:till] if not line.startswith(how))]


RACES = (
    planted_races.lost_update,
    planted_races.double_refund,
    planted_races.twenty_agents,
    public_races.remembering,
    public_races.filling_a_form,
)


@pytest.mark.parametrize("program", RACES, ids=lambda program: program.__name__)
def test_a_race_is_found_and_the_printed_command_fails_the_same_way(
    pytester: pytest.Pytester, program: Callable[[], Any]
) -> None:
    """Its schedule is at most four answers long; pasted, it needs no search."""
    project = RacesProject(pytester, program)

    found = project.explored(program)
    found.assert_outcomes(failed=1)
    message = message_in(found)
    pasted = project.paste(command_in(message))

    pasted.assert_outcomes(failed=1)
    assert sides_of(message_in(pasted)) == sides_of(message)
    assert message.startswith(f"InvariantBroken: test_races.py::test_{program.__name__}: ")
    assert message.splitlines()[0].endswith("[invariant-broken]")
    assert 1 <= len(sides_of(message)) - 2 <= 4
    assert re.search(
        r"explored  .*: a violation in \d+ schedules? of \d+ choice point", found.stdout.str()
    )


def test_a_program_without_a_race_passes_and_the_end_says_how_much_was_tried(
    pytester: pytest.Pytester,
) -> None:
    """It never says that there is no race."""
    result = RacesProject(pytester, planted_races.first_in_first_out).explored(
        planted_races.first_in_first_out
    )

    result.assert_outcomes(passed=1)
    test = "test_races.py::test_first_in_first_out"
    line = f"explored  {test}: no violation in 40 schedules of 3 choice points"
    result.stdout.fnmatch_lines([line])


PLAIN = """
import agenttrace


def test_plain(agent_trace):
    {body}
"""


PLAIN_GOLDEN = "golden/test_plain/test_plain.trace"


def plain(pytester: pytest.Pytester, body: str, program: Callable[[], Any]) -> RefundProject:
    """A project of one test, with the golden of a program."""
    project = RefundProject(pytester)
    before = "import asyncio\nfrom tests.fakes import planted_races, public_races\n"
    pytester.makepyfile(test_plain=before + PLAIN.format(body=body))
    recorded(pytester.path, program, "test_plain.py::test_plain", PLAIN_GOLDEN)
    (pytester.path / "test_refund.py").unlink()
    return project


def test_a_plain_test_runs_under_a_printed_schedule_too(pytester: pytest.Pytester) -> None:
    """No search is needed for that: its own assertions judge, and nothing is compared."""
    body = "assert asyncio.run(planted_races.lost_update()) == 2"
    project = plain(pytester, body, planted_races.lost_update)
    golden = recorded(
        pytester.path / "again", planted_races.lost_update, "test_plain.py::test_plain"
    )
    late = next(
        span.position
        for span in golden.calls
        if span.question == {"who": "A", "step": "llm", "takes_s": 1.0}
    )
    text = written(Schedule(latency={late: 8.0}), golden.id)

    project.run().assert_outcomes(passed=1)
    result = project.run(f"--agenttrace-schedule={text}")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert 1 == 2*", "1 failed; calls: 16 asked, 16 answered*"])


def test_a_schedule_of_another_run_is_refused(pytester: pytest.Pytester) -> None:
    """It would move nothing, and the test would pass for no reason."""
    project = plain(pytester, "asyncio.run(planted_races.lost_update())", planted_races.lost_update)

    for text in (written(Schedule(), "ab" * 16), "1.rubbish", "nonsense"):
        message = message_in(project.run(f"--agenttrace-schedule={text}"))
        assert message.startswith("ScheduleUnfit: ")
        assert message.splitlines()[0].endswith("[schedule-unfit]")


def test_a_schedule_is_refused_where_the_world_is_asked(pytester: pytest.Pytester) -> None:
    """Nobody can tell the world when to answer."""
    project = plain(pytester, "asyncio.run(planted_races.lost_update())", planted_races.lost_update)

    result = project.run("--agenttrace=rewrite", "--agenttrace-schedule=1.x")

    result.stdout.fnmatch_lines(["*--agenttrace-schedule is for replays*'rewrite'*"])


BAD = {
    "an invariant that raises": (
        "agent_trace.explore(planted_races.lost_update, invariant=lambda count: count['n'])",
        "InvariantRaised: *TypeError*[[]invariant-raised[]]",
    ),
    "a budget that is none": (
        "agent_trace.explore(planted_races.lost_update, budget='soon')",
        "UsageError: *budget='soon'*[[]usage[]]",
    ),
    "a fault that there is not": (
        "agent_trace.explore(planted_races.lost_update, faults=['flood'])",
        "UsageError: *'flood'*[[]usage[]]",
    ),
    "state that is kept from run to run": (
        """runs = []
    async def once():
        runs.append(await planted_races.lost_update())
        return len(runs)
    agent_trace.explore(once, invariant=lambda count: count != 3)""",
        "SearchUnsteady: *[[]search-unsteady[]]",
    ),
    "a budget in which nothing can be tried": (
        "agent_trace.explore(planted_races.lost_update, budget='1 schedules')",
        "NothingToExplore: *[[]nothing-to-explore[]]",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_explored_is_its_own_error(pytester: pytest.Pytester, what: str) -> None:
    """A search that could not be made is never a pass."""
    body, error = BAD[what]
    result = plain(pytester, body, planted_races.lost_update).run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([error])


def test_one_call_after_the_other_leaves_nothing_to_explore(pytester: pytest.Pytester) -> None:
    """An empty search is not a pass; faults make it a search."""

    async def alone() -> None:
        await planted_races.ask("A", "plan", 1.0)
        await planted_races.ask("A", "llm", 1.0)

    body = (
        "async def alone():\n"
        "        await planted_races.ask('A', 'plan', 1.0)\n"
        "        await planted_races.ask('A', 'llm', 1.0)\n"
        "    agent_trace.explore(alone{words})"
    )
    empty = plain(pytester, body.format(words=""), alone).run()
    empty.stdout.fnmatch_lines(["NothingToExplore: *no answer can overtake another one*"])

    failing = plain(pytester, body.format(words=", faults=['tool-error']"), alone).run()
    failing.stdout.fnmatch_lines(
        ["InvariantBroken: *RuntimeError: the tool failed*", "    schedule  *raises an error"]
    )

    words = ", faults=['tool-error'], allowed=RuntimeError, budget='20 schedules'"
    plain(pytester, body.format(words=words), alone).run().assert_outcomes(passed=1)


def test_a_model_that_would_be_asked_for_real_ends_the_search(pytester: pytest.Pytester) -> None:
    """Hundreds of schedules would be hundreds of bills."""
    project = RefundProject(pytester)
    pytester.makepyfile(
        test_refund="import pytest, agent\n\n"
        "@pytest.mark.agent_trace(stub='tool')\n"
        "def test_refund(agent_trace):\n"
        "    agent_trace.explore(lambda: agent.refund_desk('A-17'))\n"
    )
    with project.model():
        project.run("--agenttrace=record").assert_outcomes(passed=1)
        result = project.run()

    result.stdout.fnmatch_lines(["SearchWentLive: *asked for real*[[]search-went-live[]]"])


def test_a_recording_runs_the_program_once(pytester: pytest.Pytester) -> None:
    """The world's order cannot be chosen; the invariant is asked all the same."""
    project = RefundProject(pytester)
    pytester.makepyfile(
        test_refund="import agent\n\n"
        "def test_refund(agent_trace):\n"
        "    def desk():\n"
        "        return agent.refund_desk('A-17')\n"
        "    report = agent_trace.explore(desk, invariant=lambda said: said.startswith('answer'),\n"
        "                                 faults=['server-error'], allowed=Exception,\n"
        "                                 budget='8 schedules')\n"
        "    print('schedules', report.schedules)\n"
    )
    with project.model() as server:
        project.run("--agenttrace=record", "-s").stdout.fnmatch_lines(["*schedules 0*"])
        asked = server.count
    project.run("-s").stdout.fnmatch_lines(["*schedules 8*"])
    assert asked == 3


def test_ctrl_c_keeps_what_was_found(pytester: pytest.Pytester) -> None:
    """A search that is stopped while it makes a schedule smaller shows the one that it has."""
    body = (
        "from agenttrace.explore import engine\n"
        "    look = engine.shrunk\n"
        "    def stopped(schedule, fails):\n"
        "        raise KeyboardInterrupt\n"
        "    engine.shrunk = stopped\n"
        "    try:\n"
        "        agent_trace.explore(planted_races.lost_update, invariant=lambda n: n == 2)\n"
        "    finally:\n"
        "        engine.shrunk = look"
    )
    result = plain(pytester, body, planted_races.lost_update).run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["InvariantBroken: *", "    schedule  *takes*x"])


def test_progress_is_told_while_it_searches(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Piped, a line every ten seconds; here, every one."""
    monkeypatch.setattr(exploring, "_PIPED_EVERY_S", 0.0)
    body = "agent_trace.explore(planted_races.lost_update, budget='4 schedules')"
    result = plain(pytester, body, planted_races.lost_update).run()

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["*exploring: 1 schedule, 0 violations, 3 schedules left", "exploring: 2 schedules, *"]
    )


def test_a_run_that_kills_the_process_leaves_its_schedule(pytester: pytest.Pytester) -> None:
    """It was written before the run, and is what to paste."""
    body = (
        "import os\n"
        "    async def deadly():\n"
        "        if await planted_races.lost_update() != 2:\n"
        "            os._exit(7)\n"
        "    agent_trace.explore(deadly)"
    )
    project = plain(pytester, body, planted_races.lost_update)
    pytester.syspathinsert(Path(__file__).parents[2])

    assert pytester.runpytest_subprocess("-p", "no:langsmith_plugin").ret == 7
    left = pytester.path / ".agenttrace/schedules/golden/test_plain/test_plain.trace.schedule"
    golden = load_golden(a_plan(pytester.path, "test_plain.py::test_plain", PLAIN_GOLDEN))
    assert golden is not None
    assert read(left.read_text(), golden).size == 1
    assert project.path == pytester.path


def test_the_command_searches_for_longer_than_the_test_says(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its exit code is the tests'."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.delenv("CI", raising=False)
    body = "agent_trace.explore(planted_races.lost_update, budget='2 schedules')"
    plain(pytester, body, planted_races.lost_update)
    words = ["explore", "--budget", "7 schedules"]

    found = CliRunner().invoke(main, words)
    assert "no violation in 7 schedules of 15 choice points" in found.output
    assert found.exit_code == 0

    assert CliRunner().invoke(main, ["explore", "--budget", "soon"]).exit_code == 2


@pytest.mark.skipif(not FULL, reason="it takes as long as the one above")
def test_the_command_fails_where_no_test_explores(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty search is not a pass."""
    monkeypatch.delenv("CI", raising=False)
    pytester.makepyfile(test_plain="def test_nothing():\n    pass\n")

    nothing = CliRunner().invoke(main, ["explore"])

    assert (nothing.exit_code, "[nothing-to-explore]" in nothing.output) == (1, True)
