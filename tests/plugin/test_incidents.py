"""An incident is replayed from the command line, and becomes a test that fails without its fix."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import agenttrace.cli.incident
import agenttrace.cli.promote
import agenttrace.session.promoted
import agenttrace.session.rerun
from agenttrace.cli import main
from tests.fakes.incidents import DATA
from tests.fakes.refund_project import LOADED

HERE = (*LOADED, agenttrace.cli.promote, agenttrace.session.promoted, agenttrace.session.rerun)
"""Loaded once: a run of pytest in this process forgets what it loaded itself."""

INCIDENT = DATA / "genai-otel" / "any-agent-OPENAI_trace.json"
"""A real run of another framework's: a model, a clock and a file; two of its questions are lost."""

AGENT = """
import json

import agenttrace
import openai


@agenttrace.tool
def get_current_time(timezone: str) -> dict:
    raise RuntimeError("the real clock")


@agenttrace.tool
def write_file(text: str) -> dict:
    raise RuntimeError("the real disk")


def handle(task):
    client = openai.OpenAI(api_key="none")
    with agenttrace.agent("any_agent"):
        messages = [
            {"role": "system", "content": "Use the available tools to answer."},
            {"role": "user", "content": task},
        ]
        while True:
            said = client.chat.completions.create(model="gpt-4o", messages=messages)
            message = said.choices[0].message
            if not message.tool_calls:
                return message.content
            messages.append(message.model_dump(exclude_none=True))
            for call in message.tool_calls:
                tool = globals()[call.function.name]
                result = tool(**json.loads(call.function.arguments))
                messages.append(
                    {"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)}
                )


async def handle_later(task):
    return handle(task)
"""
TASK = (
    "Find what year it is in the America/New_York timezone and write the value (single number) to "
    "a file. Finally, return a list of the steps you have taken."
)
PLACE = "tests/incidents/test_clock.py"


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A user's project with an agent, and the file that production kept."""
    assert HERE
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delitem(__import__("sys").modules, "clock_agent", raising=False)
    pytester.makepyfile(clock_agent=AGENT)
    pytester.makeini("[pytest]\npythonpath = .\naddopts = -p no:langsmith_plugin -p no:asyncio")
    monkeypatch.syspath_prepend(pytester.path)
    (pytester.path / "incident.json").write_bytes(INCIDENT.read_bytes())
    return pytester


def run(*words: str) -> Result:
    """Run a command as a person would."""
    return CliRunner().invoke(main, words)


def replay(*words: str) -> Result:
    """Replay the incident."""
    return run("replay", "incident.json", "--entry", "clock_agent:handle", *words)


def promote(*words: str) -> Result:
    """Make a test of it."""
    return run(
        *("promote", "incident.json", "tests/incidents", "--entry", "clock_agent:handle"),
        *("--input", TASK, "--name", "clock", *words),
    )


def files(project: pytest.Pytester) -> set[str]:
    """What lies in the project, but for caches and the modules' bytecode."""
    return {
        path.relative_to(project.path).as_posix()
        for path in project.path.rglob("*")
        if path.is_file() and "cache" not in path.as_posix()
    }


def test_unchanged_code_departs_nowhere(project: pytest.Pytester) -> None:
    """No tool runs, nothing is written, and what the trace lacks is said."""
    before = files(project)

    result = replay("--input", TASK)

    assert result.exit_code == 0, result.output
    assert "questions 3 of 5 are in the trace; answers 5" in result.output
    assert "5 calls: 3 as in the incident, 2 whose question the trace lacks" in result.output
    assert "departs   nowhere" in result.output
    assert "SIMULATED" not in result.output
    assert files(project) == before


def test_a_changed_prompt_is_told_with_both_sides(project: pytest.Pytester) -> None:
    """The exit code is 1, and the command says where, what and by whom."""
    result = replay("--input", "Find out the time.")

    assert result.exit_code == 1
    assert "departs from the incident at #2" in result.output
    assert "this run  message 2, part 1 = 'Find out the time.'" in result.output
    assert "clock_agent.py" in result.output


def test_an_overridden_answer_is_simulated(project: pytest.Pytester) -> None:
    """It is said, and so is what nobody asked for any more."""
    result = replay("--input", TASK, "--override", "#4=Nothing to do.")

    assert result.exit_code == 0
    assert "SIMULATED" in result.output
    assert "1 overridden" in result.output
    assert "#5  execute_tool write_file" in result.output
    assert "returned  'Nothing to do.'" in result.output


def test_a_run_is_kept_where_a_person_says(project: pytest.Pytester) -> None:
    """It is a trace of ours, that every command reads."""
    assert replay("--input", TASK, "-o", "run.trace").exit_code == 0

    shown = run("show", "run.trace", "--view", "tree")

    assert "get_current_time" in shown.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--entry", "clock_agent"), "say MODULE:FUNCTION"),
        (("--entry", "no_such_thing:handle"), "there is no module 'no_such_thing'"),
        (("--entry", "clock_agent:handling"), "handle, handle_later"),
        (("--entry", "clock_agent:handle"), "does not take this input"),
        (("--entry", "clock_agent:handle", "--input", "@gone.txt"), "gone.txt"),
        (("--entry", "clock_agent:handle", "--input", "x", "--override", "#99=y"), "no call of"),
        (("--entry", "clock_agent:handle", "--input", "x", "--override", "#4"), "#N=VALUE"),
        (("--entry", "clock_agent:handle", "--input", "x", "--override", "#4=[1]"), "model says"),
        (("--entry", "clock_agent:handle", "--input", "x", "--live"), "--fork-at"),
    ],
)
def test_what_makes_no_command_is_told(
    project: pytest.Pytester, words: tuple[str, ...], said: str
) -> None:
    """Each with what would make one, and exit code 2."""
    result = run("replay", "incident.json", *words)

    assert result.exit_code == 2, result.output
    assert said in result.output


def test_an_incident_becomes_a_test(project: pytest.Pytester) -> None:
    """Its golden replays offline; changed code fails; what it holds was listed first."""
    result = promote("--keep-text")
    assert result.exit_code == 0, result.output
    assert "user message: 1 text, 152 characters" in result.output
    assert {PLACE, "golden/tests/incidents/test_clock/test_clock.trace"} <= files(project)

    project.runpytest_inprocess(PLACE).assert_outcomes(passed=1)
    agent = project.path / "clock_agent.py"
    agent.write_text(agent.read_text().replace("Use the available", "Do not use the"))
    __import__("sys").modules.pop("clock_agent", None)
    failed = project.runpytest_inprocess(PLACE)

    failed.assert_outcomes(failed=1)
    failed.stdout.fnmatch_lines(["*[[]replay-diverged[]]*"])


def test_an_answer_of_a_persons_stays_marked(project: pytest.Pytester) -> None:
    """The golden's outline says so, and the test replays all the same."""
    assert promote("--keep-text", "--override", "#4=Done.").exit_code == 0

    outline = project.path / "golden/tests/incidents/test_clock/test_clock.trace.txt"
    assert "[override: not a pair that the world gave]" in outline.read_text()
    project.runpytest_inprocess(PLACE).assert_outcomes(passed=1)


def test_a_coroutine_is_promoted_as_one(project: pytest.Pytester) -> None:
    """The test runs it to its end."""
    words = ("promote", "incident.json", "tests/incidents", "--entry", "clock_agent:handle_later")

    assert run(*words, "--input", TASK, "--name", "clock", "--keep-text").exit_code == 0

    assert "asyncio.run(handle_later(" in (project.path / PLACE).read_text()
    project.runpytest_inprocess(PLACE).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "say --keep-text"),
        (("--keep-text", "--override", '#4={"status": 400, "error": "bad"}'), "the code raised"),
    ],
)
def test_what_may_not_be_committed_is_not_written(
    project: pytest.Pytester, words: tuple[str, ...], why: str
) -> None:
    """The reason is said, and no file is there that was not there before."""
    before = files(project)

    result = promote(*words)

    assert result.exit_code == 1, result.output
    assert why in result.output
    assert files(project) == before


def test_free_text_is_replaced_by_text_of_equal_shape(project: pytest.Pytester) -> None:
    """No word of the people's or the model's is in a file; the test replays, and still can fail."""
    result = promote("--synthesise", "--keep-text")

    assert result.exit_code == 0, result.output
    written = [path for path in (project.path / "golden").rglob("*") if path.is_file()]
    texts = [path.read_text("latin-1") for path in [*written, project.path / PLACE]]
    for words in ("what year it is", "list of the steps", "Get current time in the"):
        assert words.encode() in INCIDENT.read_bytes()
        assert all(words not in text for text in texts)
    assert any("2025-09-16T08:43:13-04:00" in text for text in texts)
    project.runpytest_inprocess(PLACE).assert_outcomes(passed=1)
    agent = project.path / "clock_agent.py"
    agent.write_text(agent.read_text().replace("Use the available", "Do not use the"))
    __import__("sys").modules.pop("clock_agent", None)
    project.runpytest_inprocess(PLACE).assert_outcomes(failed=1)


def test_a_secret_of_an_incident_is_taken_out(project: pytest.Pytester) -> None:
    """It is in no file of the promotion, and the test replays without it."""
    key = "sk-proj-" + "Ab3" * 16 + "T3BlbkFJ" + "x9Z" * 14
    told = json.loads(INCIDENT.read_text())
    text = json.dumps(told).replace("Use the available tools to answer.", f"Use {key} to answer.")
    (project.path / "incident.json").write_text(text)
    agent = project.path / "clock_agent.py"
    agent.write_text(agent.read_text().replace("Use the available tools to", f"Use {key} to"))

    result = promote("--keep-text")

    assert result.exit_code == 0, result.output
    written = [path for path in (project.path / "golden").rglob("*") if path.is_file()]
    assert all(key.encode() not in path.read_bytes() for path in [*written, project.path / PLACE])
    project.runpytest_inprocess(PLACE).assert_outcomes(passed=1)


def test_nothing_is_replaced_unless_a_person_says_so(project: pytest.Pytester) -> None:
    """A test that somebody edited is not lost."""
    assert promote("--keep-text").exit_code == 0
    (project.path / PLACE).write_text("# mine\n")

    refused, forced = promote("--keep-text"), promote("--keep-text", "--force")

    assert refused.exit_code == 2
    assert "--force" in refused.output
    assert forced.exit_code == 0
    assert (project.path / PLACE).read_text() != "# mine\n"


def test_a_test_goes_below_the_root(
    project: pytest.Pytester, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A golden outside would never be found, and might be anybody's file."""
    elsewhere: Path = tmp_path_factory.mktemp("elsewhere")

    result = run(
        *("promote", "incident.json", str(elsewhere), "--entry", "clock_agent:handle"),
        *("--input", TASK),
    )

    assert result.exit_code == 2
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("words", [("replay",), ("promote", "tests/incidents")])
def test_a_run_that_asks_nothing_is_no_replay_and_becomes_no_test(
    project: pytest.Pytester, words: tuple[str, ...]
) -> None:
    """A client that nobody sees looks like a run that departs nowhere; it fails instead."""
    (project.path / "deaf.py").write_text("def handle(task):\n    return task\n")
    command, *folder = words

    done = CliRunner().invoke(
        main, [command, str(INCIDENT), *folder, "--entry", "deaf:handle", "--input", TASK]
    )

    assert (done.exit_code, "[nothing-asked]" in done.output) == (1, True)
    assert not (project.path / "tests").exists()
