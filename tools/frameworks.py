"""Run the contract of the frameworks, each environment of it by itself.

    python -m tools.frameworks              all of them
    python -m tools.frameworks newest       one
    python -m tools.frameworks newest -n 0  with words for pytest
    python -m tools.frameworks --lock       choose the releases again, and write the locks
    python -m tools.frameworks --write      write down what is played, for the page of frameworks

An environment is a file `tests/frameworks/environments/NAME.in`: its first line says which
programs it plays, the others what is installed. `NAME.txt` beside it has every release. A line
`# also: 3.13` says under which other Pythons its goldens are replayed, where there is such a one.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.fakes.pythons import python, version_of

HERE = Path(__file__).resolve().parents[1]
ENVIRONMENTS = HERE / "tests" / "frameworks" / "environments"
_PLAYS, ALSO = "# plays: ", "# also: "


def plays(name: str) -> str:
    """Which programs an environment plays, parted by commas."""
    return said_of(name, _PLAYS)


def also(name: str) -> list[Path]:
    """The other Pythons of this machine under which an environment's goldens are replayed."""
    found = [python(version) for version in said_of(name, ALSO).split(",") if version]
    return [it for it in found if it is not None and it != Path(sys.executable)]


def said_of(name: str, what: str) -> str:
    """What an environment's file says behind a word such as `ALSO`; empty where nothing."""
    lines = (ENVIRONMENTS / f"{name}.in").read_text("utf-8").splitlines()
    found = next((line for line in lines if line.startswith(what)), what)
    return found.removeprefix(what).replace(" ", "")


def lock(name: str) -> None:
    """Choose releases for an environment, with what the project itself needs."""
    given = (f"tests/frameworks/environments/{name}.in", "pyproject.toml")
    options = ("--no-annotate", "--universal", "--quiet")
    target = f"tests/frameworks/environments/{name}.txt"
    command = f"python -m tools.frameworks --lock {name}"
    _uv(
        *("pip", "compile", *given, *options, "--python-version", "3.11"),
        *("--custom-compile-command", command, "--output-file", target),
    )


def built(name: str, by: Path | None = None) -> Path:
    """Build an environment where it is not as its lock says; give its Python.

    Args:
        name: The environment.
        by: The Python to make it with; None: the one that runs this.
    """
    folder = HERE / f".venv-frameworks-{name}"
    if by is not None:
        folder = folder.with_name(f"{folder.name}-{version_of(by)}")
    there = folder / "bin" / "python"
    if not there.exists():
        _uv("venv", "--quiet", "--python", str(by or sys.executable), str(folder))
    locked = str(ENVIRONMENTS / f"{name}.txt")
    _uv("pip", "sync", "--quiet", "--compile-bytecode", "--python", str(there), locked)
    _uv("pip", "install", "--quiet", "--python", str(there), "--no-deps", "--editable", str(HERE))
    return there


def run(name: str, words: Sequence[str] = ()) -> int:
    """Run the contract in an environment; give pytest's exit code."""
    print(f"-- {name}: {plays(name)}", flush=True)
    environment = {
        **os.environ,
        "AGENTTRACE_FRAMEWORKS": plays(name),
        "AGENTTRACE_ENVIRONMENT": name,
        "AGENTTRACE_PYTHONS": ",".join(str(built(name, by)) for by in also(name)),
        "PYTEST_ADDOPTS": "-p no:cacheprovider",
        "PYTHONDONTWRITEBYTECODE": "",  # what pytest has rewritten of its plugins is kept
    }
    if "--write" in words:
        environment["AGENTTRACE_WRITE"] = "1"
        words = ["tests/frameworks/test_page.py", "-n", "0"]
    else:
        spread = [] if "-n" in words else ["-n", "auto", "--dist=loadgroup"]
        words = ["tests/frameworks", *spread, *words]
    command = [str(built(name)), "-m", "pytest", *words]
    return subprocess.run(command, cwd=HERE, env=environment, check=False).returncode


def _uv(*words: str) -> None:
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([str(uv), *words], cwd=HERE, check=True)


def main(words: Sequence[str]) -> int:
    """Do what the words say; give the exit code."""
    known = sorted(path.stem for path in ENVIRONMENTS.glob("*.in") if path.stem != "kit")
    wanted = [word for word in words if word in known] or known
    others = [word for word in words if word not in known]
    if "--lock" in others:
        for name in wanted:
            lock(name)
        return 0
    return max(run(name, others) for name in wanted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
