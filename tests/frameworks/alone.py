"""Alone: replays what is in a folder in a process of its own, and prints what each replay was.

    python -m tests.frameworks.alone FILE FOLDER SCENE[,SCENE…] [traced]

Each scene is in the folder of its name. `traced`: after OpenTelemetry's hooks for threads were put
in place and left there, as Strands leaves them at its first agent.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from tests.frameworks.theatre import Theatre, loading, troupe_of


def main() -> None:
    """Do what the words say."""
    file, folder, scenes, *more = sys.argv[1:]
    if "traced" in more:
        with loading():
            from opentelemetry.instrumentation.threading import ThreadingInstrumentor

        ThreadingInstrumentor().instrument()
    troupe = troupe_of(file)
    found = {}
    for scene in scenes.split(","):
        played = Theatre(troupe, scene, Path(folder) / scene).replay()
        found[scene] = [hashlib.sha256(played.content).hexdigest(), played.said]
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
