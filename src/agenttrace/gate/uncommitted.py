"""Uncommitted: what a gate is not asked about, for it lies in the working folder alone.

A gate judges commits. Somebody who recorded again, or accepted a finding, and did not commit it,
would read a verdict about something else than what lies before them, and be none the wiser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.errors import GitFailed
from agenttrace.gate import approvals
from agenttrace.golden.place import SUFFIX
from agenttrace.model.amounts import verb

if TYPE_CHECKING:
    from agenttrace.gate.git import Repository
    from agenttrace.gate.policy import Policy

MOST = 3
"""How many files are named."""


def warning(repository: Repository, policy: Policy) -> str:
    """Name the goldens and approvals that no commit has; empty: there are none, or no files."""
    said = approvals.path_beside(repository.prefix, policy.approvals)
    try:
        found = repository.uncommitted(f":(top)*{SUFFIX}", f":(top,literal){said}")
    except GitFailed:  # a bare repository has no working folder
        return ""
    files = [one for one in found if one == said or policy.holds(one)]
    if not files:
        return ""
    more = f" and {len(files) - MOST} more" if len(files) > MOST else ""
    return f"{', '.join(files[:MOST])}{more} {verb(len(files))} not committed, and not judged"
