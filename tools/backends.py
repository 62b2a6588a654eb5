"""Send traces to backends that run here, each in an environment of its own, and read them back.

    python -m tools.backends              all of them
    python -m tools.backends phoenix      one; other words are for pytest
    python -m tools.backends --lock       choose the releases again, and write the locks

An environment is a file `tests/backends/environments/NAME.in`; `NAME.txt` beside it has every
release. The backend alone is in it: the tests run in this one and ask it over HTTP.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
TESTS = HERE / "tests" / "backends"
ENVIRONMENTS = TESTS / "environments"
BUILT = HERE / ".venv-backends"


def lock(name: str) -> None:
    """Choose releases for an environment."""
    given = f"tests/backends/environments/{name}.in"
    _uv(
        *("pip", "compile", given, "--no-annotate", "--universal", "--quiet"),
        *("--python-version", "3.11", "--output-file", str(Path(given).with_suffix(".txt"))),
        *("--custom-compile-command", f"python -m tools.backends --lock {name}"),
    )


def build(name: str) -> None:
    """Build an environment where it is not as its lock says."""
    folder = BUILT / name
    python = folder / "bin" / "python"
    if not python.exists():
        _uv("venv", "--quiet", "--python", sys.executable, str(folder))
    _uv("pip", "sync", "--quiet", "--python", str(python), str(ENVIRONMENTS / f"{name}.txt"))


def run(names: Sequence[str], words: Sequence[str] = ()) -> int:
    """Run the tests of backends; give pytest's exit code."""
    for name in names:
        build(name)
    tests = [str(TESTS / f"test_{name}.py") for name in names]
    command = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", *tests, *words]
    environment = {**os.environ, "AGENTTRACE_BACKENDS": str(BUILT)}
    return subprocess.run(command, cwd=HERE, env=environment, check=False).returncode


def _uv(*words: str) -> None:
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([str(uv), *words], cwd=HERE, check=True)


def main(words: Sequence[str]) -> int:
    """Do what the words say; give the exit code."""
    known = sorted(path.stem for path in ENVIRONMENTS.glob("*.in"))
    wanted = [word for word in words if word in known] or known
    others = [word for word in words if word not in known]
    if "--lock" in others:
        for name in wanted:
            lock(name)
        return 0
    return run(wanted, others)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
