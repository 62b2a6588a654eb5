"""What cannot be recorded soundly is refused while recording, with the line that mends it."""

import pytest

from tests.fakes.refund_project import GOLDEN, RefundProject, message_in

TOOLS = """
import agenttrace
import agent


class Order:
    def __init__(self, id):
        self.id = id


@agenttrace.tool
def without_annotation(id):
    return Order(id)


@agenttrace.tool
def fills(into):
    into.append(1)
    return len(into)


@agenttrace.tool
def reads(file):
    return file.read()


def reads_an_open_file():
    with open(__file__) as file:
        reads(file)


@agenttrace.tool
def lines():
    yield "one"
    yield "two"
    yield "three"


def swallowing(call):
    try:
        call()
    except Exception:
        pass
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> RefundProject:
    """A project with tools of every bad sort."""
    project = RefundProject(pytester)
    pytester.makepyfile(tools=TOOLS)
    return project


def write_test(project: RefundProject, body: str) -> None:
    """Make the project's test do something else."""
    (project.path / "test_refund.py").write_text(
        "import tools\ndef test_refund(agent_trace):\n"
        + "".join(f"    {line}\n" for line in body.splitlines())
    )


@pytest.mark.parametrize("swallowed", [False, True], ids=["raised", "swallowed"])
@pytest.mark.parametrize(
    ("call", "slug", "fix"),
    [
        ("tools.without_annotation('A-17')", "not-rebuildable", "-> Order"),
        ("tools.fills([])", "argument-changed", "`into`"),
        ("tools.reads_an_open_file()", "not-canonical", "encode="),
    ],
    ids=["a result that cannot be built again", "a changed argument", "an open file"],
)
def test_a_tool_that_no_replay_could_stand_for_is_refused_while_recording(
    project: RefundProject, call: str, slug: str, fix: str, *, swallowed: bool
) -> None:
    """Even where the agent eats the error, the test fails, and there is no golden."""
    write_test(project, f"tools.swallowing(lambda: {call})" if swallowed else call)

    result = project.run("--agenttrace=record")

    result.assert_outcomes(failed=1)
    assert f"[{slug}]" in message_in(result)
    assert fix in message_in(result)
    assert not (project.path / GOLDEN).exists()


def test_a_stream_read_past_its_recording_is_an_error_of_its_own(project: RefundProject) -> None:
    """The recording has what the agent read, and no more."""
    write_test(project, "for line in tools.lines():\n    break")
    project.run("--agenttrace=record").assert_outcomes(passed=1)
    project.run().assert_outcomes(passed=1)
    write_test(project, "list(tools.lines())")

    result = project.run()

    result.assert_outcomes(failed=1)
    assert message_in(result).splitlines()[:4] == [
        "StreamReadPast: lines: the stream is read past its recording  [stream-read-past]",
        "",
        "    golden    the agent read 1 piece, then left the stream",
        "    this run  the agent asks for piece 2      test_refund.py:3",
    ]


def test_a_stream_left_open_is_an_error_of_its_own(project: RefundProject) -> None:
    """How far it would have been read, nobody can say."""
    write_test(project, "global kept\nkept = tools.lines()\nnext(kept)")

    result = project.run("--agenttrace=record")

    result.assert_outcomes(failed=1)
    assert "[stream-left-open]" in message_in(result)
    assert "asked at  test_refund.py:5" in message_in(result)
    assert not (project.path / GOLDEN).exists()


def test_a_thread_that_outlives_its_run_is_refused_and_counted(project: RefundProject) -> None:
    """Its call belongs to no run, and goes nowhere."""
    project.pytester.makepyfile(
        late="import threading, tools\n"
        "go, done = threading.Event(), threading.Event()\n"
        "def later():\n"
        "    go.wait(10)\n"
        "    try:\n"
        "        list(tools.lines())\n"
        "    except BaseException as error:\n"
        "        print(type(error).__name__)\n"
        "    done.set()\n"
    )
    write_test(
        project,
        "import threading, late\n"
        "with agent_trace.run():\n"
        "    list(tools.lines())\n"
        "    threading.Thread(target=late.later, daemon=True).start()\n"
        "late.go.set()\n"
        "assert late.done.wait(10)",
    )

    result = project.run("--agenttrace=record", "-s")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["*RunEnded", "1 recorded; calls: 1 asked, 0 answered, 0 echoed, 1 live, 1 refused"]
    )
