"""Redact: secrets out, by kind, before anything is hashed or written.

It does the same in record and in replay. So the agent that got a token while recording, and gets
`<github-token>` in a replay and sends that on, asks the same question both times.
"""

from __future__ import annotations

from agenttrace.redact.kinds import KINDS, Kind
from agenttrace.redact.redactor import KNOWN, NO_WISHES, Found, Redactor, Wishes
from agenttrace.redact.whole import Left, left_in, numbered

__all__ = [
    "KINDS",
    "KNOWN",
    "NO_WISHES",
    "Found",
    "Kind",
    "Left",
    "Redactor",
    "Wishes",
    "left_in",
    "numbered",
]
