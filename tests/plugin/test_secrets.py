"""Secrets under pytest: none in what it shows, keeps, proposes, or sends to another process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.refund_project import RefundProject
from tests.fakes.secrets import leaking, leaks, samples

SECRETS = samples()

AGENT = """
import os
import agenttrace
from tests.fakes.secrets import samples

TEXTS = [sample.text for sample in samples()]


@agenttrace.tool
def look_up(text):
    return {"found": f"{text} and so on", "number": "C-123456"}


@agenttrace.tool
def stop(text):
    os.kill(os.getpid(), 9)


def ask_all(more=""):
    return [look_up(text + more) for text in TEXTS]
"""

TEST = """
import agent, pytest


def test_passes(agent_trace):
    assert len({answer["found"] for answer in agent.ask_all()}) > 40


@pytest.mark.parametrize("nth", range(2))
def test_fails(agent_trace, nth):
    answers = agent.ask_all()
    print(answers[nth])
    assert answers[nth]["found"] == "nothing"


def test_is_killed(agent_trace):
    agent.ask_all()
    agent.stop(agent.TEXTS[0])
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> RefundProject:
    """A project whose tools say every secret that we know."""
    project = RefundProject(pytester)
    pytester.makepyfile(agent=AGENT, test_refund=TEST)
    return project


def test_neither_files_nor_reports_hold_a_secret_with_or_without_xdist(
    project: RefundProject,
) -> None:
    """Goldens, journals of failed tests, copies for CI, tracebacks, caught output, workers."""
    for workers in ("0", "2"):
        words = ("-n", workers, "-vv", "-k", "passes or fails", "--agenttrace-run-dir=runs")

        result = project.run("--agenttrace=rewrite", "--agenttrace-keep=all", *words)

        result.assert_outcomes(passed=1, failed=2)
        assert leaks(result.stdout.str() + result.stderr.str(), SECRETS) == []
        assert leaking(project.path / "golden", SECRETS) == {}
        assert len(list((project.path / ".agenttrace").rglob("*.journal"))) == 3
        assert leaking(project.path / ".agenttrace", SECRETS) == {}
        assert leaking(project.path / "runs", SECRETS) == {}
    project.run("-k", "passes").assert_outcomes(passed=1)


def test_a_changed_replay_proposes_no_secret(project: RefundProject) -> None:
    """What waits beside a golden is as clean as the golden, and so is the message."""
    project.run("--agenttrace=record", "-k", "passes")
    (project.path / "agent.py").write_text(AGENT + "\n    # changed\n\n\nTEXTS[:] = TEXTS[:-1]\n")

    result = project.run("-k", "passes")

    result.assert_outcomes(failed=1)
    assert list(project.path.rglob("*.new"))
    assert leaks(result.stdout.str(), SECRETS) == []
    assert leaking(project.path / "golden", SECRETS) == {}


def test_a_recording_that_is_killed_leaves_a_journal_without_secrets(
    project: RefundProject,
) -> None:
    """They are out before anything is written; nobody comes back to take them out."""
    root = Path(__file__).parents[2]
    environment = {key: value for key, value in os.environ.items() if key != "CI"}
    environment["PYTHONPATH"] = os.pathsep.join([str(root / "src"), str(root), str(project.path)])
    command = [sys.executable, "-m", "pytest", "-q", "-k", "killed", "--agenttrace=record"]

    ended = subprocess.run(
        command, cwd=project.path, env=environment, capture_output=True, timeout=120, check=False
    )

    assert ended.returncode == -signal.SIGKILL, ended.stdout.decode()
    assert list(project.path.rglob("*.journal"))
    assert leaking(project.path / ".agenttrace", SECRETS) == {}


def test_a_users_kinds_are_said_in_the_ini_file_and_functions_by_the_marker(
    project: RefundProject,
) -> None:
    """Personal data has no form that we could know."""
    ini = project.path / "tox.ini"
    ini.write_text(
        f"{ini.read_text()}\nagenttrace_redact =\n    customer = C-[0-9]{{6}}\n    !jwt\n"
    )
    (project.path / "test_refund.py").write_text(
        "import agent, pytest\n\n\n"
        "@pytest.mark.agent_trace(redact=lambda text: text.replace('Ada', '<name>'))\n"
        "def test_refund(agent_trace):\n"
        "    agent.look_up('Ada')\n"
    )

    project.run("--agenttrace=record").assert_outcomes(passed=1)
    project.run().assert_outcomes(passed=1)

    outline = (project.path / "golden/test_refund/test_refund.trace.txt").read_text()
    assert '"number": "<customer>"' in outline
    assert '"<name> and so on"' in outline


def test_a_secret_that_was_said_before_it_was_known_is_refused_and_not_named(
    project: RefundProject,
) -> None:
    """The last look before writing knows all that the run has shown; the journal goes as well."""
    (project.path / "agent.py").write_text(AGENT.replace('"number": ', '"access_token": '))
    (project.path / "test_refund.py").write_text(
        "import agent\n\n\ndef test_refund(agent_trace):\n    agent.look_up('C-123456')\n"
    )

    result = project.run("--agenttrace=record")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*would hold a secret of the kind token  [[]secret-in-golden]"])
    result.stdout.fnmatch_lines(["    in    span look_up, under *"])
    assert "C-123456" not in result.stdout.str()
    assert list(project.path.rglob("*.journal")) == []
    assert not (project.path / "golden").exists()
