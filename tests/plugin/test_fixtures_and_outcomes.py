"""Fixtures that call models, tests that skip, and tests that are meant to fail."""

import pytest

from agenttrace.causal import current
from tests.fakes.refund_project import GOLDEN, RefundProject, message_in

FIXTURES = """
import agent
import pytest

@pytest.fixture
def warm():
    return agent.chat("warm up")

@pytest.fixture(scope="module")
def shared():
    return agent.chat("shared")

@pytest.fixture
def after():
    yield
    agent.chat("good bye")

@pytest.fixture
def quiet_after():
    yield
    try:
        agent.chat("good bye")
    except BaseException:
        pass
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> RefundProject:
    """A project of a user's, nothing recorded yet."""
    return RefundProject(pytester)


def write_test(project: RefundProject, takes: str, body: str, before: str = "") -> None:
    """Write a test that takes fixtures of every sort."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    (project.path / "test_refund.py").write_text(
        f"{FIXTURES}\n{before}\ndef test_refund({takes}):\n{lines}"
    )


def test_what_a_tests_own_fixtures_ask_is_part_of_its_run(project: RefundProject) -> None:
    """A client that is warmed up in a fixture must not go live in a replay."""
    write_test(project, "warm, agent_trace", 'agent.chat("one")')
    with project.model() as model:
        project.run("--agenttrace=record").assert_outcomes(passed=1)
        replayed = project.run()
        assert model.count == 2

    replayed.assert_outcomes(passed=1)
    replayed.stdout.fnmatch_lines(["1 replayed; calls: 2 asked, 2 answered, 0 echoed, 0 live"])


def test_what_a_shared_fixture_asks_is_refused(project: RefundProject) -> None:
    """Only the test that happens to come first would record it."""
    write_test(project, "agent_trace, shared", 'agent.chat("one")')
    with project.model() as model:
        result = project.run("--agenttrace=record")
        assert model.count == 0

    result.assert_outcomes(errors=1)
    assert "the module-scoped fixture 'shared' called a model or a tool" in message_in(result)
    assert not (project.path / GOLDEN).exists()


@pytest.mark.parametrize("after", ["after", "quiet_after"], ids=["raised", "swallowed"])
def test_what_a_fixture_asks_when_the_test_is_over_is_refused(
    project: RefundProject, after: str
) -> None:
    """It would go live in every replay, and nobody would see it."""
    write_test(project, f"{after}, agent_trace", 'agent.chat("one")')
    with project.model() as model:
        result = project.run("--agenttrace=record")
        assert model.count == 1

    result.assert_outcomes(passed=1, errors=1)
    assert "[call-outside-run]" in message_in(result)


def test_a_swallowed_call_outside_the_run_makes_no_golden(project: RefundProject) -> None:
    """A golden comes only from a test that passed."""
    write_test(
        project,
        "agent_trace",
        'with agent_trace.run():\n    agent.chat("one")\n'
        'try:\n    agent.chat("two")\nexcept BaseException:\n    pass',
    )
    with project.model():
        result = project.run("--agenttrace=record")

    result.assert_outcomes(failed=1)
    assert "[call-outside-run]" in message_in(result)
    assert not (project.path / GOLDEN).exists()


@pytest.mark.parametrize("before", ["", 'agent.chat("one")\n'], ids=["at once", "after a call"])
def test_a_test_that_skips_itself_is_skipped_in_every_mode(
    project: RefundProject, before: str
) -> None:
    """It has asked what it asked, and is no failure."""
    write_test(project, "agent_trace", f'{before}pytest.skip("not here")')
    with project.model():
        project.run("--agenttrace=record").assert_outcomes(skipped=1)

    project.run().assert_outcomes(skipped=1)
    assert not list(project.path.glob(".agenttrace/**/*.journal"))


def test_a_test_that_is_meant_to_fail_has_a_golden(project: RefundProject) -> None:
    """An expected failure is how the test ends, and is replayed to that end."""
    write_test(project, "agent_trace", 'agent.chat("one")\nassert 0', before="@pytest.mark.xfail")
    with project.model():
        project.run("--agenttrace=record").assert_outcomes(xfailed=1)

    project.run().assert_outcomes(xfailed=1)


def test_a_kind_of_call_that_there_is_not_cannot_be_stubbed(project: RefundProject) -> None:
    """`stub="model"` would let every call go live."""
    mark = '@pytest.mark.agent_trace(stub="model")'
    write_test(project, "agent_trace", 'agent.chat("one")', before=mark)

    result = project.run()

    result.assert_outcomes(errors=1)
    assert "stub='model': calls are of the kinds http, llm, message, retrieval, tool" in (
        result.stdout.str()
    )


def test_all_calls_dropped_are_answers_unused(project: RefundProject) -> None:
    """There is something to compare: the golden."""
    write_test(project, "agent_trace", 'agent.chat("one")')
    with project.model():
        project.run("--agenttrace=record").assert_outcomes(passed=1)
    write_test(project, "agent_trace", "pass")

    result = project.run()

    result.assert_outcomes(failed=1)
    assert "[answers-unused]" in message_in(result)


def test_a_golden_goes_with_a_renamed_test(project: RefundProject) -> None:
    """Where the file is moved along, nothing else has to be recorded again."""
    project.recorded()
    golden = project.path / GOLDEN
    golden.rename(golden.with_name("test_money.trace"))
    test = project.path / "test_refund.py"
    test.write_text(test.read_text().replace("def test_refund", "def test_money"))

    project.run().assert_outcomes(passed=1)


def test_the_update_command_of_a_lenient_run_works_as_printed(project: RefundProject) -> None:
    """Swapped calls are moves, all answers the world's, so they can be accepted."""
    write_test(project, "agent_trace", 'agent.chat("one")\nagent.chat("two")')
    with project.model():
        project.run("--agenttrace=record").assert_outcomes(passed=1)
    write_test(project, "agent_trace", 'agent.chat("two")\nagent.chat("one")')
    lenient = project.run("--agenttrace-match=lenient")
    command = next(line.strip() for line in lenient.outlines if "--agenttrace-update" in line)

    project.paste(command).assert_outcomes(passed=1)
    project.run().assert_outcomes(passed=1)


UNRAISABLE = """
import agent, agenttrace

class Odd(Exception):
    def __init__(self, code, *, detail):
        super().__init__(f"{code}: {detail}")
        self.code = {code}

@agenttrace.tool
def odd():
    raise Odd(7, detail="no")

class Holding(Exception):
    pass

@agenttrace.tool
def holding():
    import httpx2
    raise Holding("bad", httpx2.Request("GET", "http://x", headers={"Authorization": "sk-SECRET"}))
"""


@pytest.mark.parametrize("tool", ["odd", "holding"])
def test_an_exception_that_no_replay_could_raise_again_is_refused(
    project: RefundProject, tool: str
) -> None:
    """Else an `except` takes another branch in a replay, unseen; and no key is written."""
    project.pytester.makepyfile(tools=UNRAISABLE)
    write_test(
        project,
        "agent_trace",
        f"import tools\ntry:\n    tools.{tool}()\nexcept Exception:\n    pass",
    )

    result = project.run("--agenttrace=record")

    result.assert_outcomes(failed=1)
    assert "[not-rebuildable]" in message_in(result)
    assert all(
        b"sk-SECRET" not in path.read_bytes()
        for path in project.path.rglob("*")
        if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
    )


def test_a_divergence_in_a_thread_is_told_once(project: RefundProject) -> None:
    """The test fails with the message; nothing of ours is printed as an unhandled exception."""
    body = (
        "import threading\n"
        'thread = threading.Thread(target=agent.chat, args=("{}",))\n'
        "thread.start()\n"
        "thread.join()"
    )
    write_test(project, "agent_trace", body.format("one"))
    with project.model():
        project.run("--agenttrace=record").assert_outcomes(passed=1)
    write_test(project, "agent_trace", body.format("two"))

    result = project.run()

    result.assert_outcomes(failed=1)
    assert "[replay-diverged]" in message_in(result)
    assert "PytestUnhandledThreadExceptionWarning" not in result.stdout.str()


def test_a_plugin_that_breaks_pytest_off_leaves_no_run_behind(project: RefundProject) -> None:
    """Else the next session in this process finds two runs, and no call belongs to one of them."""
    project.recorded()
    broken = "def pytest_runtest_makereport(item, call):\n    raise SystemError('broken plugin')\n"
    project.pytester.makeconftest(broken)
    result = project.run()
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    (project.path / "conftest.py").unlink()

    project.run().assert_outcomes(passed=1)

    assert not current.active()
