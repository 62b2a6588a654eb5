"""Campaign: how often a claim is tried, a little in every check, in full in one of its own.

The command is `make campaign`; with `ARGS="tests/stories/test_deliveries.py"` for some of it.
"""

from __future__ import annotations

import os

FULL = bool(os.environ.get("AGENTTRACE_CAMPAIGN"))
"""Whether this is a campaign."""


def times(often: int, full: int) -> int:
    """How often to try: `often` in a check, `full` in a campaign."""
    return full if FULL else often
