"""Find classes, functions, methods and branches that nothing reaches, tests included.

vulture finds them; its settings are in pyproject.toml. Unread variables are left to ruff, which
sees scopes: the fields of our values are read by whoever reads a trace, often by no code of ours.

    python -m tools.dead_code
"""

import sys

from vulture import Vulture
from vulture.config import make_config

KINDS = frozenset({"class", "function", "method", "property", "unreachable_code"})


def main() -> int:
    """Print what is dead; 1 if there is any, else 0."""
    settings = make_config([])
    scan = Vulture(
        ignore_names=settings["ignore_names"],
        ignore_decorators=settings["ignore_decorators"],
    )
    scan.scavenge(settings["paths"], exclude=settings["exclude"])
    dead = [
        item
        for item in scan.get_unused_code(min_confidence=settings["min_confidence"])
        if item.typ in KINDS
    ]
    for item in dead:
        print(item.get_report())
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main())
