"""A service is recorded under load and killed; what it was doing then becomes a test."""

from __future__ import annotations

import concurrent.futures
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import agenttrace.cli.doctor_journals
import agenttrace.cli.incident
import agenttrace.cli.promote
import agenttrace.session.promoted
import agenttrace.session.rerun
from agenttrace.cli import main
from agenttrace.formats import journal
from agenttrace.formats.records import Opened
from agenttrace.model.message import ModelRequest
from agenttrace.testing import ModelServer, Reply, calls_tool, says, slow
from tests.fakes.campaign import times
from tests.fakes.desk_service import AGENT, KEY, DeskService, by_order
from tests.fakes.refund_project import LOADED

HERE = (
    *LOADED,
    agenttrace.cli.doctor_journals,
    agenttrace.cli.promote,
    agenttrace.session.promoted,
    agenttrace.session.rerun,
)
"""Loaded once: a run of pytest in this process forgets what it loaded itself."""

CUSTOMERS = times(12, 400)
HANGS = "B-666"


def model(request: ModelRequest, nth: int) -> Reply:
    """Look the order up, then answer; of one order, the second answer never comes."""
    order = request.messages[1].text.removeprefix("Look at ").removesuffix(".")
    if not any(message.role == "assistant" for message in request.messages):
        return calls_tool("look_up_order", {"order": order})
    answer = says(f"{order} was paid twice.")
    return slow(60, answer) if order == HANGS else answer


def run(*words: str) -> Result:
    """Run a command as a person would."""
    return CliRunner().invoke(main, words)


def is_written(journals: Path) -> bool:
    """Whether the request that hangs has written what it did: two questions, and a tool between."""
    data = [path.read_bytes() for path in journals.glob("*.journal")]
    return any(
        sum(isinstance(record, Opened) for record in journal.records(one)) == 3
        for one in data
        if HANGS.encode() in one
    )


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a service that was killed under load, in the middle of a request."""
    folder = tmp_path_factory.mktemp("service")
    with (
        ModelServer(model) as server,
        DeskService(folder, server.url) as service,
        concurrent.futures.ThreadPoolExecutor(8) as pool,
    ):
        hanging = pool.submit(service.ask, HANGS)
        orders = [f"A-{number}" for number in range(CUSTOMERS)]
        answers = list(pool.map(service.ask, orders))
        while server.count < 2 * CUSTOMERS + 2 or not is_written(folder / "journals"):
            time.sleep(0.01)
        service.kill()
        assert hanging.result() == ""
        server.stop()
    assert answers == [f"{order} was paid twice." for order in orders]
    return folder


@pytest.fixture
def project(
    killed: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> pytest.Pytester:
    """A laptop with today's code and one journal of that service: of a request that was whole."""
    assert HERE
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delitem(__import__("sys").modules, "desk", raising=False)
    pytester.makepyfile(desk=AGENT)
    pytester.makeini("[pytest]\npythonpath = .\naddopts = -p no:langsmith_plugin -p no:asyncio")
    monkeypatch.syspath_prepend(pytester.path)
    whole = by_order(killed / "journals")["A-7"]
    (pytester.path / "incident.journal").write_bytes(whole.read_bytes())
    return pytester


def test_every_request_has_its_own_journal_and_no_secret_is_in_any(killed: Path) -> None:
    """Whoever was served beside it; the key was in a header, and a tool returned it."""
    journals = by_order(killed / "journals")

    assert set(journals) == {HANGS, *(f"A-{number}" for number in range(CUSTOMERS))}
    assert not any(KEY.encode() in path.read_bytes() for path in journals.values())
    for order in ("A-0", f"A-{CUSTOMERS - 1}"):
        told = run("doctor", str(journals[order])).output
        assert "ended     yes\nfidelity  F4" in told
        assert "1 agent, in" in told
        assert "2 model calls, 1 tool call" in told


def test_the_request_that_was_killed_is_readable_to_its_last_word(killed: Path) -> None:
    """The doctor says which question had no answer, and what to type."""
    path = by_order(killed / "journals")[HANGS]
    result = run("doctor", str(path))

    assert result.exit_code == 1
    assert "ended     no: the process was killed, or it goes on" in result.output
    assert "open      1 call without an answer:\n            chat gpt-4o" in result.output
    assert f"--entry desk:handle --set order={HANGS}" in result.output


def test_a_journal_is_imported_replayed_and_promoted(project: pytest.Pytester) -> None:
    """F4, no substitute; the test passes, and fails when the agent asks something else."""
    imported = run("import", "incident.journal")
    assert "fidelity  F4" in imported.output
    assert "written   .agenttrace/imports/incident.trace" in imported.output

    for source in ("incident.journal", ".agenttrace/imports/incident.trace"):
        told = run("replay", source, "--entry", "desk:handle", "--set", "order=A-7").output
        assert "asked     3 calls: 3 as in the incident" in told
        assert "departs   nowhere" in told
        assert "SIMULATED" not in told

    words = ("--entry", "desk:handle", "--set", "order=A-7", "--name", "a7", "--keep-text")
    assert run("promote", "incident.journal", "tests/incidents", *words).exit_code == 0
    options = ("-p", "no:inline_snapshot", "tests/incidents")
    project.runpytest_inprocess(*options).assert_outcomes(passed=1)

    changed = AGENT.replace("You run the refund desk.", "You run another desk.")
    (project.path / "desk.py").write_text(changed, "utf-8")
    __import__("sys").modules.pop("desk", None)
    project.runpytest_inprocess(*options).assert_outcomes(failed=1)
