"""Other processes: another hash seed, order or Python, and what libraries do there."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agenttrace.adapters.frameworks.catalog import all_frameworks
from tests.frameworks.theatre import Played, Theatre, troupes

Recordings = Callable[[str, str], tuple[Theatre, Played]]
Said = dict[str, dict[str, list[Any]]]

pytestmark = pytest.mark.xdist_group("processes")

PYTHONS = [word for word in os.environ.get("AGENTTRACE_PYTHONS", "").split(",") if word]
"""The interpreters of further environments with the same releases, one of each other minor."""


@pytest.fixture(scope="module")
def alone(recordings: Recordings) -> Callable[..., Said]:
    """Replay all that is recorded in a process of its own: what each replay was, by file."""
    files = [*troupes()]
    for file in files:
        for scene in troupes()[file].programs:
            folder = recordings(file, scene)[0].desk.golden.parents[3]

    @functools.cache
    def said(seed: int, *how: str, python: str = sys.executable) -> Said:
        words = (str(folder), ",".join(files), str(seed), *how)
        done = subprocess.run(
            [python, "-W", "error", "-m", "tests.frameworks.alone", *words],
            env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found: Said = json.loads(done.stdout.splitlines()[-1])  # CrewAI says things before
        return found

    return said


@pytest.mark.parametrize("seed", [1, 2])
def test_hash_seed_and_neighbours_mean_nothing(
    alone: Callable[..., Said], recordings: Recordings, file: str, seed: int
) -> None:
    """Frameworks after one another, scenes in another order, in a process with another seed."""
    assert alone(seed)[file] == _recorded(recordings, file)


def test_nothing_changes_after_a_library_has_patched_threads(
    alone: Callable[..., Said], recordings: Recordings, file: str
) -> None:
    """Strands leaves OpenTelemetry's hooks for threads in place for the rest of the process."""
    pytest.importorskip("opentelemetry.instrumentation.threading")

    assert alone(0, "traced")[file] == _recorded(recordings, file)


@pytest.mark.parametrize("python", PYTHONS, ids=lambda python: Path(python).parents[1].name)
def test_another_python_plays_the_same(
    alone: Callable[..., Said], recordings: Recordings, file: str, python: str
) -> None:
    """A golden of one minor holds on the next, byte for byte."""
    assert alone(3, python=python)[file] == _recorded(recordings, file)


def test_a_framework_that_is_loaded_inside_the_run_is_seen(
    alone: Callable[..., Said], recordings: Recordings, file: str
) -> None:
    """It makes no difference whether the program or the test loads it, or when."""
    assert alone(0, "late")[file] == {"sync": _recorded(recordings, file)["sync"]}


EARLY = """
import importlib, sys

for module in sys.argv[1].split(","):
    importlib.import_module(module)
assert not {"agenttrace", "pytest_agenttrace", "pytest"} & {*sys.modules}

import pytest

sys.exit(pytest.main(["-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:langsmith_plugin"]))
"""


def test_a_framework_that_was_there_before_pytest_is_seen(file: str, tmp_path: Path) -> None:
    """A start-up hook or a debugger may load it first: the plugin patches what it finds."""
    name = troupes()[file].framework
    (known,) = (one for one in all_frameworks() if one.name == name)
    homes = sorted({module.partition(".")[0] for module in known.late})
    (tmp_path / "test_it.py").write_text(TEST.format(file=file), "utf-8")
    told = tmp_path / "told.json"
    done = subprocess.run(
        [sys.executable, "-c", EARLY, ",".join(homes)],
        cwd=tmp_path,
        env={
            **{name: value for name, value in os.environ.items() if name != "CI"},
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_ADDOPTS": "--agenttrace=record",
            "TOLD": str(told),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    kinds = [kind for kind in json.loads(told.read_text("utf-8")) if kind != "orchestration"]
    assert kinds == ["agent", "llm", "llm", "run", "tool"]


TEST = """
import json, os
from tests.frameworks.scenes import Model, Stage
from tests.frameworks.theatre import troupe_of

def test_it(agent_trace):
    with Model().served() as url, agent_trace.run():
        troupe_of("{file}").programs["sync"](Stage(url=url))
    with open(os.environ["TOLD"], "w") as file:
        json.dump(sorted(str(span.kind) for span in agent_trace.spans()), file)
"""


def _recorded(recordings: Recordings, file: str) -> dict[str, list[Any]]:
    said = {}
    for scene in troupes()[file].programs:
        played = recordings(file, scene)[1]
        digest = hashlib.sha256(played.content).hexdigest()
        said[scene] = [digest, json.loads(json.dumps(played.said))]
    return said
