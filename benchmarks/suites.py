"""What a suite of goldens costs: many tests, each with one of one call, against syrupy's snapshots.

    python benchmarks/suites.py [--tests N]

Counted is the processor time of whole pytest runs, over that of the same tests with neither
snapshot.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import paired

TESTS = 2_000
OURS = """
import agenttrace, pytest

@agenttrace.tool
def look_up(number):
    return {"number": number, "words": [f"word {number} {n}" for n in range(300)]}

@pytest.mark.parametrize("number", range(COUNT))
def test_look_up(agent_trace, number):
    look_up(number)
"""
SYRUPY = """
import pytest

def look_up(number):
    return {"number": number, "words": [f"word {number} {n}" for n in range(300)]}

@pytest.mark.parametrize("number", range(COUNT))
def test_look_up(snapshot, number):
    assert look_up(number) == snapshot
"""
BARE = """
import pytest

def look_up(number):
    return {"number": number, "words": [f"word {number} {n}" for n in range(300)]}

@pytest.mark.parametrize("number", range(COUNT))
def test_look_up(number):
    look_up(number)
"""


def spent_s(folder: Path, plugin: str, *options: str) -> float:
    """Run pytest; give the processor seconds that it and its children used."""
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment.pop("CI", None)
    plugins = ("-p", plugin) if plugin else ()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plugins, *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise SystemExit(done.stdout[-4_000:] + done.stderr)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def project(folder: Path, name: str, text: str, count: int) -> Path:
    """A project of one test file."""
    place = folder / name
    place.mkdir()
    (place / "pytest.ini").write_text("[pytest]\n", "utf-8")
    (place / "test_many.py").write_text(text.replace("COUNT", str(count)), "utf-8")
    return place


def main() -> None:
    """Print the row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tests", type=int, default=TESTS)
    count = parser.parse_args().tests
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        ours = project(folder, "ours", OURS, count)
        theirs = project(folder, "theirs", SYRUPY, count)
        bare = project(folder, "bare", BARE, count)
        spent_s(ours, "pytest_agenttrace.plugin", "--agenttrace=record")
        spent_s(theirs, "syrupy", "--snapshot-update")
        ratios = []
        for _ in range(3):
            base = spent_s(bare, "")
            ours_s = spent_s(ours, "pytest_agenttrace.plugin") - base
            ratios.append(ours_s / (spent_s(theirs, "syrupy") - base))
    paired.told(
        f"a suite of {count} tests",
        paired.Row(
            name="load a golden of one call, replay and compare it / syrupy, over the bare run",
            target=0.2,
            ratios=tuple(ratios),
        ),
    )


if __name__ == "__main__":
    main()
