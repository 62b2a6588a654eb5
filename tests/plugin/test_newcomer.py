"""A newcomer: the pages followed to the letter, in a new environment, and replayed a day later.

The distribution is built and installed as a stranger would install it; every file of a page is
written, every command run, and what it prints is compared. Once something has been recorded, the
clock stands one day further on.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.authorities import with_authorities
from tests.fakes.pages import Command, File, follow, steps

ROOT = Path(__file__).parents[2]
TOMORROW = """
import datetime
import time_machine

time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)).start()
"""
"""A `sitecustomize`: every process that finds it lives tomorrow."""
QUIET = "-W 'ignore:Module already imported so cannot be rewritten'"
"""The module that moves the clock is a pytest plugin, too, and pytest minds that it came early."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of ours."""
    return subprocess.run(
        command,
        cwd=cwd,
        env=with_authorities(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The distribution, built once from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "src", "pytest_agenttrace"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    built = run(
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        "--wheel",
        "--outdir",
        str(folder),
        ".",
        cwd=source,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    [found] = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of a new environment, with what README.md says to install, and a clock to move."""
    home = tmp_path_factory.mktemp("newcomer") / "venv"
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert uv is not None, "uv is one of the tools that the Makefile installs"
    made = run(uv, "venv", "--quiet", "--python", sys.executable, str(home), cwd=wheel.parent)
    assert made.returncode == 0, made.stderr
    [install] = [
        step.line
        for step in steps((ROOT / "README.md").read_text("utf-8"))
        if isinstance(step, Command) and step.line.startswith("pip install ")
    ]
    wanted = (
        install.removeprefix("pip install ").strip("'").replace("pytest-agenttrace", str(wheel))
    )
    python = str(home / "bin" / "python")
    done = run(
        uv,
        "pip",
        "install",
        "--quiet",
        "--python",
        python,
        wanted,
        "time-machine",
        cwd=wheel.parent,
    )
    if done.returncode != 0:
        pytest.skip(f"packages cannot be installed here: {done.stderr.strip().splitlines()[-1]}")
    return home / "bin"


def environment(programs: Path, *, tomorrow: Path | None) -> dict[str, str]:
    """A newcomer's shell: their own environment first on the path, and nothing of this checkout."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COVERAGE", "OPENAI_", "PYTEST_", "PYTHON"))
        and name not in ("CI", "COLUMNS")
    }
    later = {} if tomorrow is None else {"PYTHONPATH": str(tomorrow), "PYTEST_ADDOPTS": QUIET}
    return {**kept, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", **later}


@pytest.mark.parametrize("page", ["README.md", "docs/tutorial/first-replay.md"])
def test_a_page_does_what_it_says_for_somebody_who_has_only_the_page(
    page: str, programs: Path, tmp_path: Path
) -> None:
    """Every file is written, every command run, every output compared; replays happen tomorrow."""
    later = tmp_path / "later"
    later.mkdir()
    (later / "sitecustomize.py").write_text(TOMORROW, "utf-8")
    desk = tmp_path / "desk"
    desk.mkdir()
    recorded = False
    done = 0

    for step in steps((ROOT / page).read_text("utf-8")):
        if isinstance(step, Command) and step.line.startswith("pip install "):
            continue  # done already, from this checkout's own wheel
        recording = isinstance(step, Command) and "--agenttrace=re" in step.line
        clock = None if recording or not recorded else later
        follow(step, desk, environment(programs, tomorrow=clock))
        recorded = recorded or recording
        done += 1

    assert (recorded, done >= 4) == (True, True)


def test_tomorrow_is_tomorrow(programs: Path, tmp_path: Path) -> None:
    """The moved clock of the test above does move."""
    (tmp_path / "sitecustomize.py").write_text(TOMORROW, "utf-8")
    ask = Command(line="python -c 'import time; print(int(time.time()))'")

    now = int(follow(ask, tmp_path, environment(programs, tomorrow=None)))
    then = int(follow(ask, tmp_path, environment(programs, tomorrow=tmp_path)))

    assert 86_400 <= then - now < 86_400 + 60


def test_the_demonstration_replays_a_day_later(programs: Path, tmp_path: Path) -> None:
    """What it leaves in the folder is no mayfly."""
    later = tmp_path / "later"
    later.mkdir()
    (later / "sitecustomize.py").write_text(TOMORROW, "utf-8")
    follow(Command(line="agenttrace demo team"), tmp_path, environment(programs, tomorrow=None))

    printed = follow(
        Command(line="cd team && pytest -q"), tmp_path, environment(programs, tomorrow=later)
    )

    assert "1 replayed; calls: 11 asked, 11 answered, 0 echoed, 0 live" in printed


def test_the_pages_name_every_file_that_they_write() -> None:
    """A block that the reader is to save has its name before it, so that it is followed."""
    written = {
        page: [
            step.name for step in steps((ROOT / page).read_text("utf-8")) if isinstance(step, File)
        ]
        for page in ("README.md", "docs/tutorial/first-replay.md")
    }

    assert written == {
        "README.md": ["test_refund.py"],
        "docs/tutorial/first-replay.md": ["desk.py", "test_desk.py"],
    }
