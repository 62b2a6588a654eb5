"""What a gate costs beyond the comparing itself, against `git diff --stat` over the same range.

    python benchmarks/gating.py [--goldens 2000] [--changed 20]

A repository is made in a temporary folder. Ours is counted without starting the command, with all
of its git processes, and less what it takes to read and compare the changed goldens alone.
"""

from __future__ import annotations

import argparse
import gc
import random
import resource
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import paired

from agenttrace.causal.renaming import renamed
from agenttrace.check.diff import diff
from agenttrace.explore.programs import Act, Ask, played
from agenttrace.formats import native
from agenttrace.gate.compare import Asked, Comparison
from agenttrace.gate.git import Repository
from agenttrace.golden.outline import outline
from agenttrace.golden.place import golden_path

if TYPE_CHECKING:
    from agenttrace.model.trace import Trace

GOLDENS, CHANGED, CALLS, TESTS_A_FILE = 2_000, 20, 40, 10


def a_trace(test: str, seed: int, *, calls: int = CALLS, last: str = "mail") -> Trace:
    """A run of so many calls."""
    chance = random.Random(seed)
    asked = [
        Ask(body=f"step {n}: {chance.random()}", answer=f"do {chance.random()}")
        if n % 2
        else Ask(tool="look_up", body={"order": chance.randrange(999)}, answer={"paid": n})
        for n in range(calls)
    ]
    deeds = (*asked, Ask(tool=last, body={"to": "ada"}, answer="sent"))
    return renamed(played((Act(agent="planner", deeds=deeds),)), test)


def git(folder: Path, *words: str) -> None:
    """Run git."""
    name = ("-c", "user.name=b", "-c", "user.email=b@example.org")
    subprocess.run(("git", *name, *words), cwd=folder, check=True, capture_output=True)


def laid(folder: Path, test: str, data: bytes, text: str) -> None:
    """Write a golden and its outline."""
    path = folder / "golden" / golden_path(test)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.with_suffix(".trace.txt").write_text(text, "utf-8")


def made(folder: Path, goldens: int, changed: int) -> list[tuple[bytes, bytes]]:
    """Make the repository; give the changed goldens, before and now."""
    tests = [f"tests/test_{n // TESTS_A_FILE}.py::test_{n}" for n in range(goldens)]
    for n in range(0, goldens, TESTS_A_FILE):
        lines = [f"def test_{n + one}(agent_trace): ...\n" for one in range(TESTS_A_FILE)]
        file = folder / tests[n].partition("::")[0]
        file.parent.mkdir(exist_ok=True)
        file.write_text("".join(lines))
    some = a_trace("tests/test_0.py::test_0", 0)
    data, text = native.write(some), outline(some)  # what does not change is not read
    for test in tests:
        laid(folder, test, data, text)
    seeds = range(0, goldens, goldens // changed)
    for seed in seeds:
        trace = a_trace(tests[seed], seed)
        laid(folder, trace.name, native.write(trace), outline(trace))
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "begin")
    git(folder, "gc", "--quiet")
    git(folder, "checkout", "--quiet", "-b", "feature")
    pairs = []
    for seed in seeds:
        new = a_trace(tests[seed], seed, last="letter")
        pairs.append((native.write(a_trace(tests[seed], seed)), native.write(new)))
        laid(folder, new.name, native.write(new), outline(new))
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "change")
    return pairs


def cpu_of_all_s(work: Callable[[], object]) -> float:
    """Processor seconds of this process and of those that it started, for one call."""
    gc.collect()
    before = used_s()
    work()
    return used_s() - before


def used_s() -> float:
    """What this process, and those that it started and that ended, used so far."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = [resource.getrusage(one) for one in who]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--goldens", type=int, default=GOLDENS)
    parser.add_argument("--changed", type=int, default=CHANGED)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        pairs = made(folder, said.goldens, said.changed)
        counts: dict[str, int] = {}

        def gate() -> None:
            with Repository.at(folder) as repository:
                asked = Asked(base="main", today="2026-11-22")
                result = Comparison(repository, asked).result()
                counts.update(started=repository.started, read=repository.read)
            assert len(result.findings) == len(pairs), result.findings

        def diffs() -> None:
            for old, new in pairs:
                assert diff(native.read(old), native.read(new))

        def stat() -> None:
            git(folder, "diff", "--stat", "main", "HEAD")

        gate(), diffs(), stat()
        rounds = [[cpu_of_all_s(work) for work in (gate, diffs, stat)] for _ in range(7)]
        paired.told(
            f"{said.goldens} goldens, {len(pairs)} changed: {counts['started']} git processes, "
            f"{counts['read']} objects read",
            paired.Row(
                name="the gate / the diffs of the changed goldens",
                target=2,
                ratios=tuple(ours / own for ours, own, _ in rounds),
            ),
            paired.Row(
                name="the gate beyond these diffs / git diff --stat",
                target=3,
                ratios=tuple((ours - own) / peer for ours, own, peer in rounds),
            ),
        )


if __name__ == "__main__":
    main()
