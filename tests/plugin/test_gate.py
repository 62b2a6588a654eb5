"""The gate, behind real runs: a project in a repository, recorded, changed, replayed, judged."""

from pathlib import Path

import pytest

from agenttrace.verdict import GateResult, Movement, Standing
from tests.fakes.gated import GatedRepository
from tests.fakes.refund_project import GOLDEN, RefundProject

RUNS = "--agenttrace-run-dir=runs"


@pytest.fixture
def project(pytester: pytest.Pytester) -> RefundProject:
    """A recorded project, committed on `main`; what comes next is on a branch."""
    project = RefundProject(pytester).recorded()
    repo = repository(project)
    repo.git("init", "--quiet", "--template=", "--initial-branch=main")
    repo.write(".gitattributes", "*.trace binary\n")
    repo.write(".gitignore", "runs/\n.agenttrace/\n__pycache__/\n*.trace.new\n")
    repo.commit("begin")
    repo.branch("feature")
    return project


def repository(project: RefundProject) -> GatedRepository:
    """The project's repository."""
    return GatedRepository(project.path)


def judged(project: RefundProject) -> GateResult:
    """What the gate says of the branch, and of the runs in the folder."""
    return repository(project).judged(runs=Path(project.path, "runs"))


def told(result: GateResult) -> tuple[Standing, list[Movement], set[str]]:
    """How it stands, what moved, and which classes were found."""
    kinds = {one.kind for one in result.findings}
    return result.standing, [one.movement for one in result.goldens], kinds


def test_a_replay_that_agrees_leaves_the_gate_open(project: RefundProject) -> None:
    """Nothing moved."""
    project.run(RUNS).assert_outcomes(passed=1)

    result = judged(project)

    assert told(result) == (Standing.PASS, [], set())
    assert (result.runs, result.unchanged) == (1, 1)


def test_an_agent_that_changed_and_was_not_recorded_again_is_a_regression(
    project: RefundProject,
) -> None:
    """The run alone moved; the finding says what the agent asks now."""
    project.change("Write the answer.", "Write a letter.")
    repository(project).commit()
    project.run(RUNS).assert_outcomes(failed=1)

    result = judged(project)

    assert told(result)[:2] == (Standing.BLOCK, [Movement.REGRESSION])
    assert result.goldens[0].outcome == "diverged"
    assert {one.test for one in result.findings} == {"test_refund.py::test_refund"}
    assert {(one.file, one.line) for one in result.findings} == {("test_refund.py", 4)}


def test_an_agent_that_was_recorded_again_moved_with_its_golden(project: RefundProject) -> None:
    """A replay shows that the golden is true; what the model is asked now is told."""
    project.change("Write the answer.", "Write a letter.")
    with project.model():
        project.run("--agenttrace=rewrite").assert_outcomes(passed=1)
    repository(project).commit()
    project.run(RUNS).assert_outcomes(passed=1)

    result = judged(project)

    assert told(result) == (Standing.PASS, [Movement.INTENDED], {"llm_input"})


def test_a_golden_that_the_code_does_not_do_is_forged(project: RefundProject) -> None:
    """It was recorded from other code, and committed with this one."""
    project.change("Write the answer.", "Write a letter.")
    with project.model():
        project.run("--agenttrace=rewrite").assert_outcomes(passed=1)
    project.change("Write a letter.", "Pay at once.")
    repository(project).commit()
    project.run(RUNS).assert_outcomes(failed=1)

    result = judged(project)

    assert told(result)[:2] == (Standing.BLOCK, [Movement.FORGED])
    assert "forged" in told(result)[2]


def test_a_run_held_against_another_golden_proves_nothing(project: RefundProject) -> None:
    """The results are of before the golden was recorded again."""
    project.change("Write the answer.", "Write a letter.")
    project.run(RUNS).assert_outcomes(failed=1)
    with project.model():
        project.run("--agenttrace=rewrite").assert_outcomes(passed=1)
    repository(project).commit()

    assert told(judged(project))[:2] == (Standing.BLOCK, [Movement.CONFLICT])


def test_a_test_without_its_golden_is_named(project: RefundProject) -> None:
    """A golden that was never committed, or that somebody took away."""
    repo = repository(project)
    repo.git("rm", "--quiet", GOLDEN, f"{GOLDEN}.txt")
    repo.git("branch", "--force", "main", repo.commit())
    project.run(RUNS).assert_outcomes(failed=1)

    assert told(judged(project)) == (Standing.BLOCK, [Movement.REGRESSION], {"missing"})


def test_what_a_test_lets_vary_varies_for_the_gate_as_well(project: RefundProject) -> None:
    """The marker says so, and each run tells it."""
    file = project.path / "test_refund.py"
    marker = '@pytest.mark.agent_trace(vary=["chat.messages[0].content"])\ndef test'
    file.write_text("import pytest\n" + file.read_text().replace("def test", marker))
    project.change("Write the answer.", "Write a letter.")
    with project.model():
        project.run("--agenttrace=rewrite").assert_outcomes(passed=1)
    repository(project).commit()
    project.run(RUNS).assert_outcomes(passed=1)

    assert told(judged(project)) == (Standing.PASS, [Movement.INTENDED], set())
