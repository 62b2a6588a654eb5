"""`agenttrace init`: it shows what it writes, overwrites nothing, and has nothing to do twice."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agenttrace.cli import main
from agenttrace.cli.init_plan import ATTRIBUTES, IGNORED, INCLUDE

GOLDEN = "agenttrace_golden"
ONLY_METADATA = "[metadata]\nname = a\n"
EVERYTHING = ("--github", "--gitlab", "--pre-commit")


def init(folder: Path, *words: str, answer: str = "") -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["init", str(folder), *words], input=answer)


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a project, but git's own."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".git/" not in path.as_posix()
    }


def test_a_project_gets_all_of_it_once(tmp_path: Path) -> None:
    """Each file is shown as a diff, then written; the second time there is nothing to do."""
    result = init(tmp_path, "--yes", *EVERYTHING)
    assert result.exit_code == 0
    written = files(tmp_path)
    assert {*written} == {
        "pytest.ini",
        "golden/README.md",
        ".gitattributes",
        ".gitignore",
        ".github/workflows/agenttrace.yml",
        ".gitlab/agenttrace.yml",
        ".gitlab-ci.yml",
        ".pre-commit-config.yaml",
    }
    for path, data in written.items():
        assert f"+++ b/{path}\n" in result.output
        assert f"written   {path}\n" in result.output
        for line in data.decode().splitlines():
            assert f"\n+{line}\n" in result.output
    again = init(tmp_path, "--yes", *EVERYTHING)
    assert (again.exit_code, again.output) == (0, "nothing to do\n")
    assert files(tmp_path) == written


def test_who_says_no_has_what_they_had(tmp_path: Path) -> None:
    """It asks; no, and no answer at all, write nothing."""
    for answer in ("n\n", "\n", ""):
        result = init(tmp_path, answer=answer)
        assert result.exit_code == 1
        assert "Write 4 files?" in result.output
        assert files(tmp_path) == {}
    assert init(tmp_path, answer="y\n").exit_code == 0
    assert len(files(tmp_path)) == 4


def test_what_is_there_is_added_to_and_never_taken_away(tmp_path: Path) -> None:
    """Every line that was there is there, in its order, with its own ends of lines."""
    mine = {
        ".gitattributes": "* text=auto\r\n*.png binary",
        ".gitignore": "# mine\n.agenttrace/\n",
        ".gitlab-ci.yml": "include:\n  - local: other.yml\n",
        ".pre-commit-config.yaml": "repos:\n- repo: local\n  hooks: []\n",
        ".github/workflows/agenttrace.yml": "name: mine\n",
        "golden/README.md": "mine\n",
        "tox.ini": "[tox]\nenvlist = py\n\n[pytest]\naddopts = -q\n",
    }
    for path, text in mine.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(text.encode())
    result = init(tmp_path, "--yes", *EVERYTHING)
    now = {path: data.decode() for path, data in files(tmp_path).items()}
    for path, text in mine.items():
        left = iter(now[path].splitlines(keepends=True))
        assert all(line.rstrip() in (it.rstrip() for it in left) for line in text.splitlines())
    for path in (".github/workflows/agenttrace.yml", "golden/README.md", ".gitlab-ci.yml"):
        assert now[path] == mine[path]
    assert "by hand   golden/README.md is there, and is left as it is\n" in result.output
    assert INCLUDE.splitlines()[1] in result.output
    attributes = [line.format(folder="golden") for line in ATTRIBUTES]
    lines = [*mine[".gitattributes"].split("\r\n"), "", *attributes, ""]
    assert now[".gitattributes"] == "\r\n".join(lines)
    assert now[".gitignore"].splitlines()[-2:] == [*IGNORED[:2]]
    assert now["tox.ini"].startswith(
        "[tox]\nenvlist = py\n\n[pytest]\nagenttrace_golden = golden\n"
    )
    assert now[".pre-commit-config.yaml"].count("\n- repo: local\n") == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.toml", "[pytest]\nminversion = '8'\n"),
        ("pytest.ini", ""),
        (".pytest.ini", "[pytest]\n"),
        (
            "pyproject.toml",
            "[project]\nname = 'a'\n\n[tool.pytest.ini_options]\naddopts = '-q'\n\n[tool.x]\n",
        ),
        ("pyproject.toml", "[tool.pytest]\naddopts = ['-q']\n"),
        ("pyproject.toml", "[project]\nname = 'a'\n"),
        ("tox.ini", "[pytest]\naddopts = -q"),
        ("setup.cfg", "[metadata]\nname = a\n\n[tool:pytest]\naddopts = -q\n"),
        ("setup.cfg", ONLY_METADATA),
    ],
    ids=["toml", "empty", "hidden", "options", "native", "none", "tox", "setup", "other"],
)
def test_pytest_reads_the_setting_from_its_own_file(
    name: str, text: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a project keeps its settings in, pytest itself finds ours there, and theirs."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (pytester.path / name).write_text(text)
    assert init(pytester.path, "--yes").exit_code == 0
    file = pytester.path / ("pytest.ini" if text == ONLY_METADATA else name)
    written = file.read_text()
    assert written.count("agenttrace_golden = ") == 1
    file.write_text(written.replace("golden", "elsewhere").replace("agenttrace_elsewhere", GOLDEN))
    config = pytester.parseconfig("-p", "pytest_agenttrace.plugin")
    assert config.inipath == file
    assert config.getini(GOLDEN) == "elsewhere"
    assert (config.getini("addopts") == ["-q"]) == ("addopts" in text)


def test_a_link_out_of_the_project_is_not_followed(tmp_path: Path) -> None:
    """A project of a stranger's must not have our lines written into other files of yours."""
    outside = tmp_path / "outside"
    outside.write_text("mine\n")
    project = tmp_path / "project"
    project.mkdir()
    (project / ".gitignore").symlink_to(outside)
    result = init(project, "--yes")
    assert result.exit_code == 2
    assert ".gitignore is there, and is no file of its own" in result.output
    assert outside.read_text() == "mine\n"
    assert [*project.iterdir()] == [project / ".gitignore"]


def test_a_file_that_is_no_text_is_left_alone(tmp_path: Path) -> None:
    """It is said before anything is written."""
    (tmp_path / ".gitattributes").write_bytes(b"\xff\xfe\n")
    assert init(tmp_path, "--yes").exit_code == 2
    assert files(tmp_path) == {".gitattributes": b"\xff\xfe\n"}


def test_the_settings_of_a_clone_are_shown_written_once_and_never_committed(tmp_path: Path) -> None:
    """The driver is this clone's own: nothing in the tree speaks of a program others may lack."""
    assert init(tmp_path, "--merge-driver", "--yes").exit_code == 2
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    first = init(tmp_path, "--merge-driver", "--yes")
    assert "+ git config merge.agenttrace.driver 'agenttrace git merge %O %A %B %P'" in first.output
    assert b"merge=agenttrace" not in b"".join(files(tmp_path).values())
    again = init(tmp_path, "--merge-driver", "--yes")
    assert (again.exit_code, again.output) == (0, "nothing to do\n")


def test_goldens_that_lie_elsewhere_are_cared_for_there(tmp_path: Path) -> None:
    """What pytest is told counts, and a project may be one of several in a repository."""
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    project = tmp_path / "desk"
    project.mkdir()
    (project / "pytest.ini").write_text("[pytest]\nagenttrace_golden = tests/traces\n")
    assert init(project, "--merge-driver", "--yes").exit_code == 0
    assert "tests/traces/README.md" in files(project)
    (project / "tests/traces/a.trace").write_bytes(b"a")
    (project / "tests/traces/a.trace.txt").write_bytes(b"a")
    words = "git check-attr merge text -- tests/traces/a.trace tests/traces/a.trace.txt"
    told = subprocess.check_output(words.split(), cwd=project, text=True)
    assert [line.rpartition(": ")[2] for line in told.splitlines()] == [
        "agenttrace",
        "unset",
        "agenttrace",
        "set",
    ]


def test_a_workflow_is_not_written_where_nobody_looks_for_it(tmp_path: Path) -> None:
    """GitHub and GitLab read the top of a repository alone."""
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / "desk").mkdir()
    result = init(tmp_path / "desk", "--github", "--yes")
    assert result.exit_code == 2
    assert "is not the top of the repository" in result.output
    assert files(tmp_path) == {}
    assert init(tmp_path, "--github", "--yes").exit_code == 0
