"""Alone: replays goldens in a process of its own, and prints what each replay was.

    python -m tests.frameworks.alone FOLDER FILE[,FILE…] [SEED] [HOW…]

What was recorded of a scene is in `FOLDER/FILE/SCENE`. All scenes of all files are replayed, in an
order that the seed gives, so each comes after others, and others first.

`traced`: after OpenTelemetry's hooks for threads were put in place and left there, as Strands does
at its first agent. `late`: one scene of each file alone, whose framework is loaded inside the run.
"""

from __future__ import annotations

import functools
import hashlib
import json
import random
import sys
from pathlib import Path
from typing import Any

from tests.frameworks.scenes import Stage, Troupe
from tests.frameworks.theatre import Theatre, loading, troupe_of


def main() -> None:
    """Do what the words say."""
    folder, files, seed, *how = sys.argv[1:]
    found = {
        file: {scene: replayed(Path(folder), file, scene, how) for scene in scenes}
        for file, scenes in ordered(files.split(","), seed, how).items()
    }
    sys.stdout.write(json.dumps(found))


def ordered(files: list[str], seed: str, how: list[str]) -> dict[str, list[str]]:
    """Which scenes are replayed, one framework after the other."""
    if "traced" in how:
        with loading():
            from opentelemetry.instrumentation.threading import ThreadingInstrumentor

        ThreadingInstrumentor().instrument()
    chance = random.Random(seed)
    chance.shuffle(files)
    if "late" in how:
        return {file: ["sync"] for file in files}
    orders = {file: [*troupe_of(file).programs] for file in files}
    for scenes in orders.values():
        chance.shuffle(scenes)
    return orders


def replayed(folder: Path, file: str, scene: str, how: list[str]) -> list[Any]:
    """Say what a replay held, and what it said; of one that fails, why."""
    try:
        if "late" in how:
            return _replay(_late(file), folder / file / scene, scene)
        return _replay(troupe_of(file), folder / file / scene, scene)
    except Exception as error:
        return [type(error).__name__, str(error)]


def _late(file: str) -> Troupe:
    def program(scene: str, stage: Stage) -> Any:
        return troupe_of(file).programs[scene](stage)

    programs = {"sync": functools.partial(program, "sync")}
    return Troupe(framework=file, programs=programs, warns=(DeprecationWarning,))


def _replay(troupe: Troupe, folder: Path, scene: str) -> list[Any]:
    played = Theatre(troupe, scene, folder).replay()
    return [hashlib.sha256(played.content).hexdigest(), played.said]


if __name__ == "__main__":
    main()
