"""What a gate does not do more of when there is more: processes, reading, lines on a terminal."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from agenttrace.cli import main
from agenttrace.explore.programs import Ask
from agenttrace.gate.compare import Asked, Comparison
from agenttrace.gate.git import Repository
from agenttrace.redact import Redactor
from agenttrace.verdict import Severity
from tests.fakes.campaign import times
from tests.fakes.gated import AFTER, BEFORE, LOOK_UP, MAIL, PAY, TEST, GatedRepository, team

MANY = times(30, 5_000)


def named(count: int) -> list[str]:
    """The names of so many tests."""
    return [f"tests/test_{n // 50}.py::test_{n}" for n in range(count)]


def with_goldens(folder: Path, count: int) -> GatedRepository:
    """A repository with so many goldens on `main`, on a branch."""
    repo = GatedRepository.begun(folder)
    for test in named(count):
        repo.golden(team(LOOK_UP, PAY, test=test))
    repo.commit()
    repo.branch("feature")
    return repo


def cost(repo: GatedRepository) -> tuple[int, int]:
    """How many git processes a gate starts, and how many objects it reads."""
    with Repository.at(repo.folder) as repository:
        Comparison(repository, Asked(base="main", today="2026-11-22")).result()
        return repository.started, repository.read


def test_neither_processes_nor_reading_grow_with_the_goldens(tmp_path: Path) -> None:
    """What did not change is not read, and one process hands out all that did."""
    costs = []
    for count in (2, 40):
        repo = with_goldens(tmp_path / f"{count}", count)
        repo.golden(AFTER)
        repo.commit()
        costs.append(cost(repo))

    assert costs[0] == costs[1]
    assert costs[0] == (5, 4)  # two goldens, an outline and the test's file


def test_processes_do_not_grow_with_what_changed(tmp_path: Path) -> None:
    """Each changed golden is read, and none has a process of its own."""
    repo = with_goldens(tmp_path / "repo", 12)
    for test in named(12):
        repo.golden(team(LOOK_UP, PAY, MAIL, test=test))
    repo.commit()

    assert cost(repo)[0] == 5


def test_a_report_of_very_many_changes_is_bounded_and_json_has_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal shows the first twenty and how many more; scripts get every one."""
    repo = with_goldens(tmp_path / "repo", MANY)
    for test in named(MANY):
        repo.golden(team(LOOK_UP, PAY, MAIL, test=test))
    repo.commit()
    monkeypatch.chdir(repo.folder)

    told = CliRunner().invoke(main, ["gate", "--base=main"])
    listed = CliRunner().invoke(main, ["pending", "--base=main", "--json"])

    assert (told.exit_code, told.output.count("\n    id ")) == (1, 20)
    assert told.output.count("\n") <= 20 * 7 + 5
    assert f"and {MANY - 20} more findings that wait" in told.output
    ids = {one["id"] for one in json.loads(listed.output)["findings"]}
    assert len(ids) == MANY


def test_a_secret_is_looked_for_where_something_is_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words that the old golden had at the same place were looked at when it came."""
    looked: list[str] = []
    find = Redactor.find

    def seen(self: Redactor, text: str, *words: object) -> object:
        looked.append(text)
        return find(self, text, *words)  # type: ignore[arg-type]

    monkeypatch.setattr(Redactor, "find", seen)
    repo = with_goldens(tmp_path / "repo", 1)
    repo.golden(AFTER)
    repo.commit()

    assert [one.severity for one in repo.judged().findings] == [Severity.REVIEW]
    assert "ada" in looked  # the new call's
    assert "A-17" not in looked  # an old one's


def test_a_policy_of_ones_own_says_what_waits(tmp_path: Path) -> None:
    """Classes, rules by test and tool, budgets; the last rule that fits holds."""
    repo = GatedRepository.begun(tmp_path / "repo")
    repo.write(
        "pyproject.toml",
        '[tool.agenttrace.gate]\nstructure = "warn"\n'
        '[tool.agenttrace.gate.budgets]\nsteps = [100, "+0%"]\n'
        '[[tool.agenttrace.gate.rules]]\ntest = "tests/test_refund.py"\nstructure = "review"\n'
        '[[tool.agenttrace.gate.rules]]\ntool = "mai*"\nagent = "planner"\nstructure = "block"\n'
        '[[tool.agenttrace.gate.rules]]\ntest = "tests/test_nobody.py"\nstructure = "block"\n',
    )
    repo.commit()
    repo.branch("feature")
    repo.golden(AFTER)
    repo.commit()

    result = repo.judged()

    said = {one.kind: (str(one.severity), one.reason) for one in result.findings}
    assert said == {
        "structure": ("block", "structure = \"block\", rule 2: agent 'planner' and tool 'mai*'"),
        "budget": ("review", 'budget = "review", the default'),
    }
    assert [one for one in result.warnings if "matches no golden" in one] == [
        f"{result.policy}, rule 3 matches no golden: test 'tests/test_nobody.py'"
    ]


def test_hostile_words_in_a_golden_stay_where_they_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They colour nothing, begin no line, and give a pipeline no command."""
    evil = "x\x1b[31m\r\n::error::\u202e " + "word " * 9 + "::set-output name=a::b"
    repo = GatedRepository.begun(tmp_path / "repo")
    repo.branch("feature")
    repo.golden(team(LOOK_UP, PAY, Ask(tool=evil, body={evil: evil}, answer=evil)))
    repo.commit()
    monkeypatch.chdir(repo.folder)
    told = CliRunner().invoke(main, ["gate", "--base=main"]).output
    told += CliRunner().invoke(main, ["pending", "--base=main"]).output
    told += CliRunner().invoke(main, ["review", "--base=main"], input="dq").output

    lines = told.splitlines()
    assert [one for one in lines if one.startswith(("::", "word", "x"))] == []
    assert all(letter.isprintable() for letter in told.replace("\n", ""))
    assert "::error::" in told


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        pytest.param("[gate]\nstructur = 'warn'", "'structur'", id="a class misspelt"),
        pytest.param("[gate]\nstructure = 'maybe'", "'maybe'", id="no severity"),
        pytest.param("[gate]\nunreadable = 'allow'", "'unreadable'", id="what nobody may allow"),
        pytest.param("[gates]\n", "'gates'", id="another section"),
        pytest.param("[gate\n", "no TOML", id="no TOML"),
        pytest.param("[[gate.rules]]\ntool = 'x'", "what holds there", id="a rule of nothing"),
        pytest.param("[[gate.rules]]\norder = 'warn'", "says where", id="a rule of nowhere"),
        pytest.param("[[gate.rules]]\ntols = 'x'\norder = 'warn'", "'tols'", id="no place"),
        pytest.param("[gate]\nexpire_days = 0", "expire_days", id="no days"),
        pytest.param("[gate.budgets]\nusdd = 1", "'usdd'", id="no budget"),
        pytest.param("[gate.budgets]\nusd = 'much'", "'much'", id="no limit"),
        pytest.param("[gate]\nvary = ['<nothing>']", "nothing", id="no rule of varying"),
        pytest.param("[gate]\nfolders = 'golden'", "folders", id="no list"),
        pytest.param("gate = 3", "3", id="no table"),
    ],
)
def test_what_is_misspelt_in_a_policy_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: str, why: str
) -> None:
    """A policy that is not understood would allow what somebody meant to block."""
    repo = GatedRepository.begun(tmp_path / "repo")
    repo.write("agenttrace.toml", policy)
    repo.commit()
    monkeypatch.chdir(repo.folder)

    result = CliRunner().invoke(main, ["gate", "--base=main"])

    assert (result.exit_code, "[policy-invalid]" in result.output) == (2, True)
    assert why in result.output


def test_a_policy_is_explained_whole_and_as_it_applies_to_one_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who wonders why something waits reads the line that says so."""
    repo = GatedRepository.begun(tmp_path / "repo")
    repo.write(
        "agenttrace.toml",
        '[gate]\norder = "allow"\n[gate.budgets]\nusd = "+5%"\n'
        f'[[gate.rules]]\ntest = "{TEST}"\nlink = "block"\n'
        '[[gate.rules]]\ntool = "pay"\ntool_args = "block"\n',
    )
    repo.commit()
    golden = repo.golden(BEFORE)
    monkeypatch.chdir(repo.folder)

    whole = CliRunner().invoke(main, ["gate", "--explain"])
    one = CliRunner().invoke(main, ["gate", "--explain", str(golden.relative_to(repo.folder))])

    assert (whole.exit_code, one.exit_code) == (0, 0)
    assert 'order       allow   order = "allow"\n' in whole.output
    assert 'link        review  link = "review", the default\n' in whole.output
    assert "budget: usd +5%\n" in whole.output
    assert f"link        block   link = \"block\", rule 1: test '{TEST}'\n" in one.output
    assert "agent planner tool pay: tool_args block (rule 2)\n" in one.output
