"""What a person sees of the egress guard: the error, the ini file, the count of the refused."""

import pytest

from tests.fakes.refund_project import RefundProject, message_in

GOES_OUT = """
import contextlib, os, socket
import agenttrace


@agenttrace.tool
def look_up(order: str) -> str:
    return "paid twice"


def refund_desk(order: str) -> None:
    look_up(order)
    if os.environ.get("GOES_OUT") == "yes":
        with contextlib.suppress(Exception), socket.socket() as one:
            one.settimeout(0.05)
            one.connect(("192.0.2.1", 443))
    if os.environ.get("GOES_OUT") == "reports":
        with contextlib.suppress(OSError):
            socket.getaddrinfo("api.smith.langchain.com", 443)
"""

MESSAGE = """\
EgressRefused: test_refund.py::test_refund: a socket would reach 192.0.2.1:443, \
past every recorded call.  [egress-refused]

    this run  a socket -> 192.0.2.1:443      agent.py:15
    golden    answers what came through the door; this did not

  It was refused, and nothing was sent.

  The call belongs to the test. Give it a door, and record again:
      @agenttrace.tool
  It may go out in a replay. Say so in the ini file:
      agenttrace_allowed_hosts = 192.0.2.1
  More: agenttrace explain egress-refused"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> RefundProject:
    """A recorded project whose agent goes out when it is told to."""
    one = RefundProject(pytester)
    pytester.makepyfile(agent=GOES_OUT)
    one.run("--agenttrace=record").assert_outcomes(passed=1)
    return one


def test_a_replay_that_would_go_out_fails_although_the_agent_swallowed_it(
    project: RefundProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names who, where to, which line, and both ways on."""
    monkeypatch.setenv("GOES_OUT", "yes")

    result = project.run()

    result.assert_outcomes(failed=1)
    assert message_in(result) == MESSAGE
    result.stdout.fnmatch_lines(["1 diverged; calls: 1 asked, 1 answered, 0 echoed, 0 live"])


def test_the_line_that_the_message_prints_lets_it_out(
    project: RefundProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fail, paste, pass."""
    monkeypatch.setenv("GOES_OUT", "yes")
    line = next(line.strip() for line in MESSAGE.splitlines() if "allowed_hosts" in line)
    with (project.path / "tox.ini").open("a") as ini:
        ini.write(f"\n{line}\n")

    project.run().assert_outcomes(passed=1)


def test_telemetry_is_counted_as_refused(
    project: RefundProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails nothing; the section says that it was."""
    monkeypatch.setenv("GOES_OUT", "reports")

    result = project.run()

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["1 replayed; calls: 1 asked, 1 answered, 0 echoed, 0 live, 1 refused"]
    )


def test_a_recording_warns_of_what_no_adapter_saw(
    project: RefundProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would be missing in every replay, and nobody would know."""
    monkeypatch.setenv("GOES_OUT", "yes")

    result = project.run("--agenttrace=rewrite")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["warning * past every adapter, so nothing of it is recorded: a socket to 192.0.2.1:443, *"]
    )
