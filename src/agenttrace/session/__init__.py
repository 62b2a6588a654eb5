"""Session: one run, mode in, Verdict out.

The only room that wires the others together, and that enters patches and hooks.
"""

from __future__ import annotations

from agenttrace.session.against import load_golden
from agenttrace.session.plan import OFF, RECORD, REPLAY, REWRITE, VERIFY, Commands, Plan
from agenttrace.session.session import Session
from agenttrace.session.world import World

__all__ = [
    "OFF",
    "RECORD",
    "REPLAY",
    "REWRITE",
    "VERIFY",
    "Commands",
    "Plan",
    "Session",
    "World",
    "load_golden",
]
