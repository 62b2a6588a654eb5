"""Check the sizes and names of modules: what lint rules cannot see.

A long module has a second room in it, and a module with a vague name has no room at all.

    python -m tools.house FOLDER...
"""

import statistics
import sys
from collections.abc import Iterable
from pathlib import Path

LONGEST_LINES = 400
MEDIAN_LINES = 160
VAGUE_NAMES = frozenset(
    {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"},
)


def findings(lines_by_module: dict[Path, int]) -> list[str]:
    """What is wrong with these modules, one sentence each.

    Args:
        lines_by_module: How many lines each module has.

    Returns:
        The findings, in the order of the modules; empty where there is nothing to mend.
    """
    found = []
    for module, lines in sorted(lines_by_module.items()):
        if lines > LONGEST_LINES:
            found.append(f"{module}: {lines} lines; at most {LONGEST_LINES}. Part it in two.")
        if module.stem in VAGUE_NAMES:
            found.append(f"{module}: the name says nothing. Name it after what it owns.")
    median = statistics.median(lines_by_module.values()) if lines_by_module else 0
    if median > MEDIAN_LINES:
        found.append(f"half of all modules have over {median:g} lines; at most {MEDIAN_LINES}.")
    return found


def main(folders: Iterable[str]) -> int:
    """Print the findings in these folders; 1 if there are any, else 0."""
    modules = [module for folder in folders for module in Path(folder).rglob("*.py")]
    found = findings({it: len(it.read_text("utf-8").splitlines()) for it in modules})
    for sentence in found:
        print(sentence)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
