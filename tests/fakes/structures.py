"""Prints the digest of every program's causal structure, for another Python to compare."""

from __future__ import annotations

import json
import sys

from tests.fakes.programs import PROGRAMS
from tests.fakes.world import run


def digests(runs: int) -> dict[str, list[str]]:
    """The digests of each program's runs, each once."""
    return {
        program.__name__: sorted({run(program, seed).digest for seed in range(runs)})
        for program in PROGRAMS
    }


if __name__ == "__main__":
    json.dump(digests(int(sys.argv[1])), sys.stdout)
