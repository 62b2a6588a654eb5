"""A person reviews what changed: in a real terminal, key by key, and without one."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pexpect
import pytest
from click.testing import CliRunner, Result

from agenttrace.cli import main
from agenttrace.explore.programs import AtOnce
from agenttrace.gate.approvals import approvals_of
from agenttrace.golden import pending
from agenttrace.verdict import Standing
from tests.fakes.gated import (
    AFTER,
    FURTHER,
    LOOK_UP,
    MAIL,
    OTHER,
    PAY,
    TEST,
    GatedRepository,
    path_of,
    team,
)

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "review.md"
THIRD = "tests/test_third.py::test_third"
APPROVALS = "golden/approvals.toml"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GatedRepository:
    """On a branch, one test tells the customer as well, and two have another prompt."""
    repo = GatedRepository.begun(tmp_path / "repo")
    repo.test(THIRD)
    repo.golden(team(MAIL, test=THIRD))
    repo.commit()
    repo.branch("feature")
    repo.golden(AFTER)
    for test in (OTHER, THIRD):
        repo.golden(team(MAIL, prompt="please plan the refund", test=test))
    repo.commit()
    monkeypatch.chdir(repo.folder)
    return repo


def terminal(repo: GatedRepository, *words: str) -> "pexpect.spawn[str]":
    """A review in a terminal of 80 columns."""
    environment = {**os.environ, "TERM": "dumb", "NO_COLOR": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    return pexpect.spawn(
        sys.executable,
        ["-m", "agenttrace", "review", *words],
        cwd=str(repo.folder),
        env=environment,  # type: ignore[arg-type]
        dimensions=(24, 80),
        encoding="utf-8",
        timeout=120,
    )


def typed(shell: "pexpect.spawn[str]", *keys: str) -> str:
    """Type keys, each when it is asked for; give what the terminal shows in the end."""
    shown = []
    for key in keys:
        shell.expect(r"why( \[.*\])?: " if len(key) > 1 else "q quit\r\n")
        shown.append(shell.before + shell.after)
        shell.send(f"{key}\n" if len(key) > 1 else key)
    shell.expect(pexpect.EOF)
    shell.close()
    return "".join([*shown, shell.before]).replace("\r\n", "\n")


def run(*words: str) -> Result:
    """Run a command without a terminal."""
    return CliRunner().invoke(main, [*words])


def decided(repo: GatedRepository) -> dict[str, tuple[bool, str]]:
    """What the file of approvals says, by class: yes or no, and why."""
    data = (repo.folder / APPROVALS).read_bytes()
    entries = approvals_of(data, APPROVALS, today="2026-11-22", expire_days=90).entries.values()
    return {f"{it.decision.kind} {it.decision.test}": _said(it.decision) for it in entries}


def _said(decision: object) -> tuple[bool, str]:
    return decision.accepted, decision.reason  # type: ignore[attr-defined]


def test_a_review_is_walked_through_with_a_key_each_in_a_terminal(repo: GatedRepository) -> None:
    """Accept, undo, reject, all of a class: the page of the docs is what the terminal shows."""
    shown = typed(
        terminal(repo, "--base=main", "--by=Ada"), "d", "a", "wanted", "u", "s", "a", "ok"
    )

    assert [line for line in shown.splitlines() if len(line) > 80] == []
    assert f"```text\n{shown.rstrip()}\n```" in PAGE.read_text("utf-8")
    assert decided(repo) == {
        f"llm_input {OTHER}": (True, "ok"),
        f"llm_input {THIRD}": (True, "ok"),
    }


def test_a_review_is_left_and_taken_up_where_it_was(repo: GatedRepository) -> None:
    """What has an answer is not asked again."""
    shell = terminal(repo, "--base=main")
    typed(shell, "a", "wanted", "q")
    assert shell.exitstatus == 1
    assert decided(repo) == {f"structure {TEST}": (True, "wanted")}

    again = terminal(repo, "--base=main")
    shown = typed(again, "r", "too polite")

    assert again.exitstatus == 0
    assert "-- 1 of 1; 1 of llm_input open --" in shown
    assert decided(repo)[f"llm_input {OTHER}"] == (False, "too polite")
    assert repo.judged().standing is Standing.REVIEW  # nothing is committed yet
    repo.commit()
    assert repo.judged().standing is Standing.BLOCK


def test_keys_that_are_typed_before_they_are_asked_for_are_answers(repo: GatedRepository) -> None:
    """Nobody waits for a slow machine: none is lost, and none is shown among the questions."""
    shell = terminal(repo, "--base=main", "--reason=ok")
    shell.expect("q quit\r\n")
    shell.send("sa")
    shell.expect(pexpect.EOF)
    shell.close()

    assert shell.before.startswith("skip\r\n\r\n-- 2 of 2; 1 of llm_input open --\r\n")
    assert "q quit\r\naccept\r\n\r\ncommit " in shell.before


def test_what_is_undone_is_as_it_was_before_the_review(repo: GatedRepository) -> None:
    """Who takes a yes back has not taken back the no of yesterday."""
    [first, *_] = repo.judged().findings
    run("reject", first.id, "--base=main", "--reason=no")

    result = CliRunner().invoke(main, ["review", "--base=main", "--reason=yes"], input="auq")

    assert (result.exit_code, "undo" in result.output) == (1, True)
    assert decided(repo) == {f"structure {TEST}": (False, "no")}


def test_what_was_approved_in_a_review_opens_the_gate_once_it_is_committed(
    repo: GatedRepository,
) -> None:
    """All of a class with one key, and a reason for all."""
    typed(terminal(repo, "--base=main", "--reason=as agreed"), "A", "A")
    repo.commit()

    assert repo.judged().standing is Standing.PASS
    assert run("gate", "--base=main").exit_code == 0


def at_once(order: str, amount: int) -> AtOnce:
    """Look an order up, and pay at the same time: neither follows from the other."""
    look_up, pay = replace(LOOK_UP, body={"order": order}), replace(PAY, body={"amount": amount})
    return AtOnce(branches=((look_up,), (pay,)))


def test_a_golden_is_replaced_when_all_that_its_replay_changes_is_accepted(
    repo: GatedRepository,
) -> None:
    """Half a golden would be one that nothing ever did; what is left waits for the next time."""
    repo.golden(team(at_once("A-17", 12)))
    waiting = pending.propose(repo.folder / path_of(TEST), team(at_once("A-18", 13)))
    before = waiting.golden.read_bytes()

    assert "1 question left" in typed(terminal(repo), "a", "q")
    assert (waiting.golden.read_bytes(), waiting.path.exists()) == (before, True)
    shown = typed(terminal(repo), "a")

    assert f"accepted  {path_of(TEST)}" in shown
    assert not waiting.path.exists()
    assert not (repo.folder / ".agenttrace" / "review.json").exists()


def test_a_replay_that_is_rejected_is_thrown_away(repo: GatedRepository) -> None:
    """One no is enough; the golden stays."""
    waiting = pending.propose(repo.folder / path_of(TEST), FURTHER)
    before = waiting.golden.read_bytes()

    shown = typed(terminal(repo), "r")

    assert f"rejected  {path_of(TEST)}" in shown
    assert (waiting.golden.read_bytes(), waiting.path.exists()) == (before, False)


def test_every_step_can_be_done_without_a_terminal(repo: GatedRepository) -> None:
    """Scripts list, look, accept and reject by id; a class at a time as well."""
    listed = json.loads(run("pending", "--base=main", "--json").output)
    ids = {one["class"]: one["id"] for one in listed["findings"]}
    assert [one["class"] for one in listed["findings"]] == ["structure", "llm_input", "llm_input"]

    shown = run("show", ids["structure"], "--base=main")
    unreasoned = run("accept", ids["structure"], "--base=main")
    accepted = run("accept", ids["structure"][:8], "--base=main", "--reason=wanted", "--by=Ada")
    rejected = run("reject", ids["llm_input"], "--base=main", "--reason=rude")

    assert (shown.exit_code, "mail: extra" in shown.output) == (0, True)
    assert (unreasoned.exit_code, "say why" in unreasoned.output) == (2, True)
    assert (accepted.exit_code, rejected.exit_code) == (0, 0)
    assert sorted(decided(repo).values()) == [(False, "rude"), (True, "wanted")]
    left = run("pending", "--base=main")
    assert (left.exit_code, left.output.count("llm_input")) == (1, 2)

    run("accept", "--class=llm_input", "--base=main", "--reason=fine after all")

    assert run("pending", "--base=main").output == "nothing waits\n"


def test_what_is_blocked_cannot_be_accepted(repo: GatedRepository) -> None:
    """An approval is for what is to be reviewed; what is blocked needs another change."""
    repo.write(f"{path_of(TEST)}.txt", "# nothing to see here\n")
    repo.commit()
    [blocked] = [one for one in repo.judged().findings if one.kind == "stale"]

    accepted = run("accept", blocked.id, "--base=main", "--reason=please")
    walked = typed(terminal(repo, "--base=main"), "a", "q")

    assert (accepted.exit_code, "[usage]" in accepted.output) == (2, True)
    assert "no: it is blocked" in walked
    assert not (repo.folder / APPROVALS).exists()


def test_an_id_that_nothing_has_is_named_with_those_that_there_are(repo: GatedRepository) -> None:
    """The difference changed since, and so did its id."""
    result = run("accept", "00000000", "--base=main", "--reason=x")

    assert (result.exit_code, "[finding-unknown]" in result.output) == (2, True)
    assert all(one.id in result.output for one in repo.judged().findings)
