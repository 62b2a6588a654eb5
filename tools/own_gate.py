"""Gate the project's own goldens, against the state before the last commit that touched one.

    python -m tools.own_gate

What they do now is shown by a replay. Approvals count as of the day of the last commit below
`golden/`, so that an old commit passes for ever if it passed once.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from agenttrace.cli.gate_text import GatePage
from agenttrace.gate.compare import Asked, Comparison
from agenttrace.gate.git import Repository
from agenttrace.verdict import Standing

GOLDENS = ":(top,glob)golden/**/*.trace"
TESTS = "tests/stories/test_refund_desk.py"


def git(*words: str) -> str:
    """Run git; nothing, where it fails."""
    done = subprocess.run(("git", *words), capture_output=True, text=True, check=False)
    return done.stdout.strip()


def replayed(folder: Path) -> int:
    """Replay the tests that have goldens, and leave what each run said."""
    options = ("-q", "-n0", "-p", "no:cacheprovider", f"--agenttrace-run-dir={folder}")
    return subprocess.run((sys.executable, "-m", "pytest", *options, TESTS), check=False).returncode


def main() -> int:
    """Print what the gate says; 0 if it is open, or if this clone cannot tell."""
    touched = git("log", "-1", "--format=%H", "--", GOLDENS)
    base = git("rev-parse", "--verify", "--quiet", f"{touched}^") if touched else ""
    if git("rev-parse", "--is-shallow-repository") != "false":
        print("own goldens: not gated, for this is no full clone; git fetch --unshallow")
        return 0
    if not base:
        print("own goldens: not gated, for there is nothing before the commit that brought them")
        return 0
    day = git("log", "-1", "--format=%cs", "--", "golden")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if replayed(folder):
            return 1
        with Repository.at(Path.cwd()) as repository:
            asked = Asked(base=base, head="HEAD", runs=folder, today=day)
            result = Comparison(repository, asked).result()
    GatePage().result(result)
    return 0 if result.standing is Standing.PASS else 1


if __name__ == "__main__":
    sys.exit(main())
