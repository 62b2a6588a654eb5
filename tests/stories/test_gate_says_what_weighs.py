"""What a gate tells without being asked: what made a finding grave, and what it did not judge."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agenttrace.cli import main
from tests.fakes.gated import AFTER, LOOK_UP, PAY, TEST, GatedRepository, path_of, team
from tests.fakes.rendered import html_of
from tests.security.test_hostile_goldens import sealed

PAY_MORE = replace(PAY, body={"amount": 13})


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GatedRepository:
    """A branch, and the command in its root."""
    repository = GatedRepository.begun(tmp_path / "repo")
    repository.branch("feature")
    monkeypatch.chdir(repository.folder)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    return repository


def gate(*words: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["gate", "--base", "main", *words])


def test_what_follows_and_is_graver_is_told_with_both_sides(repo: GatedRepository) -> None:
    """A new recording gives new answers; the payment that follows is what a reviewer must see."""
    repo.golden(team(LOOK_UP, PAY_MORE, answer="look it up, please"))
    repo.commit("record again")
    out = repo.folder.parent / "out"

    said = gate(*(f"--report={out / name}" for name in ("gate.md", "gate.json"))).output

    cause, _, rest = said.partition("    so also tool_args of pay   planner/tool:pay#0\n")
    assert "llm_output  chat: changed" in cause.splitlines()[0]
    assert "now     \"'look it up, please'\"\n" in cause
    assert rest.startswith("    in      amount\n    before  12\n    now     13\n             ^\n")
    comment = html_of((out / "gate.md").read_text("utf-8"))
    blocks = [node.text_content().strip() for node in comment.iter("pre")]
    assert blocks[1] == "- amount = 12\n+ amount = 13"
    (golden,) = json.loads((out / "gate.json").read_text("utf-8"))["goldens"]
    (found,) = golden["findings"]
    assert [it["class"] for it in found["consequences"]] == ["tool_args", "cost"]
    assert found["consequences"][0] == (
        {
            "class": "tool_args",
            "what": "changed",
            "title": "pay",
            "place": "planner/tool:pay#0",
            "at": "amount",
            "old": "12",
            "new": "13",
        }
    )


def test_one_edit_in_many_places_is_told_once_and_before_others(repo: GatedRepository) -> None:
    """Four payments that changed alike are one line; the command that is told shows the rest."""
    others = [replace(PAY, body={"amount": amount}) for amount in (50, 60, 70)]
    dearer = [replace(PAY, body={"amount": amount}) for amount in (51, 61, 71)]
    repo.git("switch", "--quiet", "main")
    repo.golden(team(LOOK_UP, *[PAY] * 4, *others))
    repo.commit("pay often")
    repo.git("switch", "--quiet", "--force-create", "other")
    repo.golden(team(LOOK_UP, *[PAY_MORE] * 4, *dearer, answer="look again"))
    repo.commit("record again")

    said = gate().output

    told = [line.strip() for line in said.splitlines() if line.startswith("    so also")]
    assert told == [
        "so also tool_args of pay   planner/tool:pay#0, 4 times",
        "so also tool_args of pay   planner/tool:pay#4",
        "so also tool_args of pay   planner/tool:pay#5",
    ]
    (more,) = (line for line in said.splitlines() if "agenttrace show" in line)
    rest, _, command = more.partition(": agenttrace ")
    assert rest == "    and     1 more that follows"
    assert "planner/tool:pay#6" not in said
    assert "planner/tool:pay#6" in CliRunner().invoke(main, command.split()).output


@pytest.mark.parametrize(
    ("golden", "way_on"),
    [
        (b"<<<<<<< ours\n", f"pytest {TEST} --agenttrace=rewrite"),
        (sealed({}, schema=99), "pip install --upgrade pytest-agenttrace"),
    ],
    ids=["conflict marks", "newer schema"],
)
def test_a_golden_that_cannot_be_read_comes_with_a_command_to_type(
    repo: GatedRepository, golden: bytes, way_on: str
) -> None:
    """It names this test, or the upgrade: nothing is left for a person to fill in."""
    repo.write(path_of(TEST), golden)
    repo.commit("spoil it")

    assert f"    way on  {way_on}\n" in gate().output


@pytest.mark.parametrize("what", ["golden", "approvals"])
def test_what_is_not_committed_is_named(repo: GatedRepository, what: str) -> None:
    """Who recorded again, or accepted, and forgot to commit reads that this was not judged."""
    repo.golden(AFTER)
    repo.commit("tell the customer")
    silent = gate().output
    if what == "golden":
        repo.golden(team(LOOK_UP, PAY_MORE))
        named = "golden/tests/test_refund/test_refund.trace"
    else:
        words = ["accept", "--class", "structure", "--reason", "wanted", "--base", "main"]
        assert CliRunner().invoke(main, words).exit_code == 0
        named = "golden/approvals.toml"

    told = " ".join(gate().output.split())

    assert "not judged" not in silent
    assert f"warning {named} is not committed, and not judged" in told
    assert "not judged" not in gate("--head", "feature").output
