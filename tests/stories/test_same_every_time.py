"""One recording, replayed in many processes: the same events, instants and bytes in each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.campaign import times
from tests.fakes.pythons import VERSIONS, python

REPLAYS = times(6, 1_000)
"""How often the recording is replayed in all."""
SEEDS = times(1, 20)
"""Over how many hash seeds."""


def said(folder: Path, interpreter: Path, seed: int, *words: str) -> str:
    """What one process says; one that fails fails the test."""
    borrowed = next(path for path in sys.path if path.endswith("site-packages"))
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [interpreter, "-m", "tests.fakes.same_every_time", words[0], folder, *words[1:]],
        cwd=root,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONHASHSEED": str(seed),
            "PYTHONPATH": os.pathsep.join([str(root / "src"), str(root), borrowed]),
            "MSGPACK_PUREPYTHON": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one recording, made on the real loop with random latencies."""
    folder = tmp_path_factory.mktemp("recorded")
    said(folder, Path(sys.executable), 0, "record")
    return folder


@pytest.fixture(scope="module")
def expected(recording: Path) -> str:
    """The digest of one replay in this Python."""
    return said(recording, Path(sys.executable), 0, "replay", "1")


@pytest.mark.parametrize("version", VERSIONS)
def test_every_replay_of_a_recording_is_the_same_to_the_byte(
    recording: Path, expected: str, version: str
) -> None:
    """Events, virtual times and bytes, under every hash seed and every Python that is here."""
    interpreter = python(version)
    if interpreter is None:
        pytest.skip(f"Python {version} is not here")
    each = str(max(1, REPLAYS // (len(VERSIONS) * SEEDS)))

    digests = {said(recording, interpreter, 1 + seed, "replay", each) for seed in range(SEEDS)}

    assert digests == {expected}
