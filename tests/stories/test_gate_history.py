"""What a gate says of a change, in real repositories: `gate_cases.txt`, line by line."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from agenttrace.cli import main
from agenttrace.cli.gating import today
from agenttrace.errors import AgentTraceError
from agenttrace.formats import native
from agenttrace.formats.schema import MAGIC
from agenttrace.gate.approvals import decided, written
from agenttrace.golden import store
from agenttrace.model.trace import Trace
from agenttrace.verdict import GateResult
from tests.fakes.gated import (
    AFTER,
    BEFORE,
    FURTHER,
    LOOK_UP,
    MAIL,
    OTHER,
    PAY,
    REWORDED,
    TEST,
    GatedRepository,
    path_of,
    team,
    without_times,
)
from tests.fakes.secrets import samples
from tests.security.test_hostile_goldens import sealed

CASES = Path(__file__).with_name("gate_cases.txt")
APPROVALS = "golden/approvals.toml"
LATER = "2199-01-01"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> GatedRepository:
    """A repository with two goldens on `main`, made once and copied."""
    return GatedRepository.begun(tmp_path_factory.mktemp("gate") / "template")


@pytest.fixture
def repo(template: GatedRepository, tmp_path: Path) -> GatedRepository:
    """A copy of it, on a branch of its own."""
    copy = template.copied(tmp_path / "repo")
    copy.branch("feature")
    return copy


# -- the stories: each leaves a repository, and says how the gate is asked ------------------------
Story = Callable[[GatedRepository], dict[str, object] | None]
STORIES: dict[str, Story] = {}


def story(make: Story) -> Story:
    """Know a story by the case that it is."""
    STORIES[make.__name__.replace("_", "-")] = make
    return make


def change(repo: GatedRepository) -> None:
    """The feature: the customer is told as well."""
    repo.golden(AFTER)
    repo.commit("tell the customer")


def approve(repo: GatedRepository, *, day: str = "", **fields: str) -> None:
    """Accept all that waits, in a commit of its own; fields are forged."""
    found = [one for one in repo.judged().findings if one.waits]
    entries = [
        decided(one, accepted=True, reason="meant", by="Ada", today=day or today(), expire_days=90)
        for one in found
    ]
    forged = [replace(one, decision=replace(one.decision, **fields)) for one in entries]
    repo.write(APPROVALS, written(forged))
    repo.commit("approve")


@story
def nothing_changed(repo: GatedRepository) -> None:
    """Code alone changed."""
    repo.write("agent.py", "x = 1\n")
    repo.commit()


@story
def feature_branch(repo: GatedRepository) -> None:
    """A golden was recorded again, and says more."""
    change(repo)


@story
def feature_branch_approved(repo: GatedRepository) -> None:
    """Somebody accepted it."""
    change(repo)
    approve(repo)


@story
def feature_branch_run(repo: GatedRepository) -> dict[str, object]:
    """Its test does what it says; a new call is still to be reviewed."""
    change(repo)
    return {"runs": repo.run(AFTER, AFTER, "replayed")}


@story
def prompt_reworded(repo: GatedRepository) -> None:
    """A mild change, and nothing shows that the golden is true."""
    repo.golden(REWORDED)
    repo.commit()


@story
def prompt_reworded_run(repo: GatedRepository) -> dict[str, object]:
    """A mild change that a run shows."""
    prompt_reworded(repo)
    return {"runs": repo.run(REWORDED, REWORDED, "replayed")}


@story
def main_went_on(repo: GatedRepository) -> None:
    """What others merged since is not this branch's."""
    change(repo)
    repo.switch("main")
    repo.golden(team(LOOK_UP, test=OTHER))
    repo.commit("another change")
    repo.switch("feature")


@story
def rebased(repo: GatedRepository) -> None:
    """An approval names no commit."""
    change(repo)
    approve(repo)
    repo.switch("main")
    repo.write("agent.py", "x = 1\n")
    repo.commit("main goes on")
    repo.switch("feature")
    repo.git("rebase", "--quiet", "main")


@story
def squashed(repo: GatedRepository) -> None:
    """Many commits become one."""
    change(repo)
    approve(repo)
    repo.branch("squashed", "main")
    repo.git("merge", "--squash", "--quiet", "feature")
    repo.commit("all of it")


@story
def merge_queue_alone(repo: GatedRepository) -> None:
    """A queue merges the branch onto main's tip, and asks of that commit."""
    change(repo)
    approve(repo)
    repo.branch("queue", "main")
    repo.git("merge", "--quiet", "--no-ff", "feature", "--message", "queued")


@story
def merge_queue_behind_other(repo: GatedRepository) -> None:
    """Another branch, approved too, is merged before it; each brings a golden of its own."""
    change(repo)
    approve(repo)
    repo.branch("other", "main")
    repo.golden(team(LOOK_UP, test=OTHER))
    repo.commit("another change")
    approve(repo)
    repo.switch("main")
    repo.git("merge", "--quiet", "--no-ff", "other", "--message", "merged first")
    repo.branch("queue", "main")
    repo.git("merge", "--quiet", "--no-commit", "feature", check=False)
    repo.git("checkout", "--theirs", APPROVALS)
    repo.commit("queued")


@story
def merge_queue_same_golden(repo: GatedRepository) -> None:
    """The golden changed on main meanwhile: what was approved is not what is merged now."""
    change(repo)
    approve(repo)
    repo.switch("main")
    repo.golden(FURTHER)
    repo.commit("main goes on")
    repo.branch("queue", "main")
    repo.git("merge", "--quiet", "--no-commit", "feature", check=False)
    repo.golden(team(LOOK_UP, MAIL, PAY))
    repo.commit("queued, and recorded again")


@story
def reverted(repo: GatedRepository) -> None:
    """The change is taken back on the branch."""
    change(repo)
    repo.git("revert", "--no-edit", "HEAD")


@story
def approved_then_changed(repo: GatedRepository) -> None:
    """An approval stops when the difference is another one."""
    change(repo)
    approve(repo)
    repo.golden(team(LOOK_UP, PAY, replace(MAIL, body={"to": "everybody"})))
    repo.commit("and now everybody")


@story
def approval_expired(repo: GatedRepository) -> dict[str, object]:
    """An approval is not for ever."""
    change(repo)
    approve(repo)
    return {"day": LATER}


@story
def approval_forged(repo: GatedRepository) -> None:
    """An entry says that it is about less than it approves."""
    change(repo)
    approve(repo, kind="latency")


@story
def approvals_broken(repo: GatedRepository) -> None:
    """Nobody guesses what a broken file of approvals meant."""
    change(repo)
    repo.write(APPROVALS, "[[approval]\n")
    repo.commit()


@story
def regression(repo: GatedRepository) -> dict[str, object]:
    """The agent changed, and its golden did not."""
    return {"runs": repo.run(FURTHER, BEFORE, "drifted")}


@story
def regression_behind_times(repo: GatedRepository) -> dict[str, object]:
    """A golden that was touched, and says the same, hides nothing."""
    only_times_changed(repo)
    return {"runs": repo.run(FURTHER, BEFORE, "drifted")}


@story
def regression_behind_a_name(repo: GatedRepository) -> dict[str, object]:
    """Nor does one that was renamed."""
    renamed_test(repo)
    further = team(LOOK_UP, MAIL, test=RENAMED)
    return {"runs": repo.run(further, team(LOOK_UP, PAY, test=RENAMED), "drifted")}


@story
def stale(repo: GatedRepository) -> dict[str, object]:
    """The golden was recorded, and the code that it was recorded from is gone again."""
    change(repo)
    return {"runs": repo.run(BEFORE, AFTER, "drifted")}


@story
def forged(repo: GatedRepository) -> dict[str, object]:
    """The golden says something nice; the code that replays it does something else."""
    change(repo)
    return {"runs": repo.run(FURTHER, AFTER, "diverged")}


@story
def conflict(repo: GatedRepository) -> dict[str, object]:
    """The run was held against another golden than the one that is to be merged."""
    change(repo)
    return {"runs": repo.run(FURTHER, REWORDED, "drifted")}


@story
def unrun(repo: GatedRepository) -> dict[str, object]:
    """Other tests ran, not this one."""
    change(repo)
    mail = team(MAIL, test=OTHER)
    return {"runs": repo.run(mail, mail, "replayed")}


@story
def new_golden(repo: GatedRepository) -> None:
    """A new test's behaviour is seen by somebody before it is what is right."""
    test = "tests/test_new.py::test_new"
    repo.test(test)
    repo.golden(team(PAY, test=test))
    repo.commit()


RENAMED = "tests/test_refund.py::test_the_refund"


@story
def renamed_test(repo: GatedRepository) -> None:
    """The same behaviour under another name is no change of behaviour."""
    rename(repo, team(LOOK_UP, PAY, test=RENAMED))


@story
def renamed_and_changed(repo: GatedRepository) -> None:
    """What changed with the name is seen all the same."""
    rename(repo, team(LOOK_UP, PAY, MAIL, test=RENAMED))


def rename(repo: GatedRepository, trace: object) -> None:
    """Rename the test, and record it again."""
    repo.test(RENAMED)
    for suffix in ("", ".txt"):
        repo.git("rm", "--quiet", path_of(TEST) + suffix)
    repo.golden(trace)  # type: ignore[arg-type]
    repo.commit()


@story
def deleted_golden(repo: GatedRepository) -> None:
    """A test without its golden compares nothing."""
    repo.git("rm", "--quiet", path_of(TEST), f"{path_of(TEST)}.txt")
    repo.commit()


@story
def deleted_with_its_test(repo: GatedRepository) -> None:
    """A test that goes takes its golden with it; somebody agrees that it goes."""
    repo.git("rm", "--quiet", "tests/test_refund.py")
    deleted_golden(repo)


@story
def test_gone_golden_left(repo: GatedRepository) -> None:
    """A golden that nobody replays guards nothing."""
    repo.git("rm", "--quiet", "tests/test_refund.py")
    repo.commit()


test_gone_golden_left.__test__ = False  # type: ignore[attr-defined]


@story
def golden_folder_moved(repo: GatedRepository) -> None:
    """No test finds a golden in a folder of another name."""
    repo.git("mv", "golden", "traces")
    repo.commit()


@story
def outline_forged(repo: GatedRepository) -> None:
    """Who reads the outline must read what the golden holds."""
    repo.write(f"{path_of(TEST)}.txt", "# nothing to see here\n")
    repo.commit()


@story
def only_times_changed(repo: GatedRepository) -> None:
    """Times are for people, and no change of behaviour."""
    repo.write(path_of(TEST), native.write(without_times(BEFORE)))
    repo.commit()


@story
def secret_in_golden(repo: GatedRepository) -> None:
    """A key that somebody committed is a key that everybody has."""
    repo.golden(team(LOOK_UP, PAY, prompt=f"the key is {samples()[0].text}"))
    repo.commit()


@story
def lent_answer(repo: GatedRepository) -> None:
    """An answer that the world did not give is none to be held to."""
    spans = [replace(one, mark="lent" if one.name == "mail" else "") for one in AFTER.spans]
    repo.golden(replace(AFTER, spans=tuple(spans)))
    repo.commit()


def simulated() -> Trace:
    """A promoted incident in which a person answered for the world."""
    spans = [replace(one, mark="override" if one.name == "mail" else "") for one in AFTER.spans]
    return replace(AFTER, spans=tuple(spans))


@story
def simulated_answer(repo: GatedRepository) -> None:
    """A replay that needed a substitute satisfies no gate."""
    repo.golden(simulated())
    repo.commit()


@story
def simulated_answer_allowed(repo: GatedRepository) -> None:
    """But where the policy says so, somebody may approve it."""
    repo.switch("main")
    repo.write("agenttrace.toml", '[gate]\nsimulated = "review"\n')
    repo.commit()
    repo.branch("feature")
    repo.golden(simulated())
    repo.commit()


@story
def policy_loosened(repo: GatedRepository) -> None:
    """No change says of itself that it may pass: the base's policy judges it."""
    repo.switch("main")
    repo.write("agenttrace.toml", '[gate]\ntool_args = "block"\n')
    repo.commit()
    repo.branch("feature")
    repo.write("agenttrace.toml", '[gate]\ntool_args = "allow"\n')
    repo.commit()


@story
def no_goldens_at_all(repo: GatedRepository) -> None:
    """A gate that looks in the wrong place is shut."""
    repo.git("checkout", "--quiet", "--orphan", "empty")
    repo.git("rm", "--quiet", "-r", "--force", ".")
    repo.commit()
    repo.git("branch", "--force", "main", "HEAD")


CONFLICT = "<<<<<<< ours\n{}=======\n{}>>>>>>> theirs\n"


@story
def conflict_markers(repo: GatedRepository) -> None:
    """A merge that nobody ended."""
    repo.write(path_of(TEST), CONFLICT.format("a\n", "b\n"))
    repo.commit()


@story
def lfs_pointer(repo: GatedRepository) -> None:
    """A pointer is no golden, and what it points to is not in git."""
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n"
    repo.write(path_of(TEST), pointer)
    repo.commit()


@story
def symlink(repo: GatedRepository) -> None:
    """A link could lead anywhere."""
    path = repo.folder / path_of(TEST)
    path.unlink()
    path.symlink_to("/etc/passwd")
    repo.commit()


@story
def submodule(repo: GatedRepository) -> None:
    """Another repository in a golden's place."""
    (repo.folder / path_of(TEST)).unlink()
    head = repo.git("rev-parse", "HEAD")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{head},{path_of(TEST)}")
    repo.git("commit", "--quiet", "--message", "a submodule")


@story
def line_ends_changed(repo: GatedRepository) -> None:
    """A checkout on Windows, committed."""
    assert MAGIC.endswith(b"\n") or b"\n" in MAGIC
    data = (repo.folder / path_of(TEST)).read_bytes()
    repo.write(path_of(TEST), data.replace(b"\n", b"\r\n"))
    repo.commit()


@story
def newer_schema(repo: GatedRepository) -> None:
    """A colleague's version writes what ours does not read."""
    repo.write(path_of(TEST), sealed({}, schema=99))
    repo.commit()


@story
def missing_blobs(repo: GatedRepository) -> None:
    """A partial clone whose remote is gone."""
    change(repo)
    origin = repo.folder.parent / "origin"
    repo.git("clone", "--quiet", "--bare", ".", str(origin))
    for path in (origin, repo.folder):
        GatedRepository(path).git("config", "uploadpack.allowFilter", "true")
    clone = repo.folder.parent / "clone"
    words = ("--quiet", "--no-checkout", "--filter=blob:none", "--branch", "feature")
    repo.git("clone", *words, f"file://{origin}", str(clone))
    origin.rename(origin.with_name("gone"))
    repo.folder = clone
    repo.git("branch", "main", "origin/main")


@story
def path_of_any_bytes(repo: GatedRepository) -> None:
    """A path need not be text."""
    test = "tests/test_bytes.py::test_bytes"
    name = Path(os.fsdecode(os.fsencode(repo.folder) + b"/golden/tests/test_\xff.trace"))
    trace = team(PAY, test=test)
    repo.golden(trace)
    written = repo.folder / path_of(test)
    store.outline_path(written).rename(store.outline_path(name))
    written.rename(name)
    repo.commit()


@story
def no_git(repo: GatedRepository) -> dict[str, object]:
    """An image without git."""
    return {"path": ""}


@story
def not_a_repository(repo: GatedRepository) -> None:
    """A folder of files."""
    (repo.folder / ".git").rename(repo.folder / "git")


@story
def unknown_base(repo: GatedRepository) -> dict[str, object]:
    """A base that was never fetched."""
    return {"base": "origin/main"}


@story
def shallow(repo: GatedRepository) -> None:
    """What pipelines fetch by default."""
    change(repo)
    clone = repo.folder.parent / "clone"
    words = ("--quiet", "--depth=1", "--no-single-branch", "--branch", "feature")
    repo.switch("main")
    repo.write("agent.py", "x = 1\n")
    repo.commit()
    repo.git("clone", *words, f"file://{repo.folder}", str(clone))
    repo.folder = clone
    repo.git("branch", "main", "origin/main")


@story
def unrelated_histories(repo: GatedRepository) -> None:
    """Nothing says what the change is."""
    repo.git("checkout", "--quiet", "--orphan", "island")
    repo.commit()


@story
def two_merge_bases(repo: GatedRepository) -> None:
    """Two branches that merged each other: the first common commit is compared with, and said."""
    repo.write("a.py", "a = 1\n")
    one = repo.commit()
    repo.branch("other", "main")
    repo.write("b.py", "b = 1\n")
    two = repo.commit()
    repo.git("merge", "--quiet", "--no-ff", one, "--message", "crossed")
    repo.git("branch", "--force", "main", "HEAD")
    repo.switch("feature")
    repo.git("merge", "--quiet", "--no-ff", two, "--message", "crossed")
    change(repo)


@story
def worktree(repo: GatedRepository) -> None:
    """A second working tree of one repository."""
    change(repo)
    tree = repo.folder.parent / "tree"
    repo.git("worktree", "add", "--quiet", "--detach", str(tree), "feature")
    repo.folder = tree


@story
def tests_in_a_subfolder(repo: GatedRepository) -> dict[str, object]:
    """One repository, many projects: the gate runs in the root of one's tests."""
    repo.folder /= "desk"
    repo.test(TEST)
    repo.golden(BEFORE)
    repo.commit()
    repo.git("branch", "--force", "main", "HEAD")
    change(repo)
    return {"runs": repo.run(AFTER, AFTER, "replayed")}


tests_in_a_subfolder.__test__ = False  # type: ignore[attr-defined]


# -- the table ------------------------------------------------------------------------------------
def cases() -> Iterator[list[str]]:
    """The lines of the table."""
    for line in CASES.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line.split(maxsplit=5)


def test_each_story_is_in_the_table_and_each_line_has_a_story() -> None:
    """A line without a story would be a promise that nobody keeps."""
    assert [line[0] for line in cases()] == [*STORIES]


@pytest.mark.parametrize("line", [pytest.param(it, id=it[0]) for it in cases()])
def test_a_gate_says_of_a_change_what_the_table_says(
    line: list[str], repo: GatedRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Standing, exit code, what moved, and the classes of the findings, of a real repository."""
    case, run, standing, code, movement, classes = line
    asked = STORIES[case](repo) or {}
    assert (run == "yes") == ("runs" in asked)
    monkeypatch.chdir(repo.folder)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    if "path" in asked:
        monkeypatch.setenv("PATH", str(asked.pop("path")))
    if "day" in asked:
        monkeypatch.setattr("agenttrace.cli.gating.today", lambda: LATER)
    words = [f"--base={asked.get('base', 'main')}"]
    words += [f"--run={asked['runs']}"] if "runs" in asked else []

    result = CliRunner().invoke(main, ["gate", *words])
    told = what_is_told(repo, asked)

    assert result.exit_code == int(code), result.output
    if isinstance(told, AgentTraceError):
        assert standing == movement == "-"
        assert told.slug == (classes if classes != "-" else "approvals-invalid")
        assert f"[{told.slug}]" in result.output
        return
    moved = " ".join(sorted({str(one.movement) for one in told.goldens})) or "-"
    found = " ".join(sorted({one.kind for one in told.findings})) or "-"
    expected = " ".join(sorted(classes.split()))
    assert (str(told.standing), moved, found) == (standing, movement, expected)
    assert all(one.id in result.output for one in told.findings if one.waits)


def what_is_told(repo: GatedRepository, asked: dict[str, object]) -> GateResult | AgentTraceError:
    """The result, or the error that is raised instead."""
    try:
        return repo.judged(**asked)  # type: ignore[arg-type]
    except AgentTraceError as error:
        return error
