"""Comparing: a run with its golden, where secrets were taken out of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.check.compare import compare
from agenttrace.formats import native

if TYPE_CHECKING:
    from agenttrace.check.vary import Vary
    from agenttrace.model.difference import Difference
    from agenttrace.model.trace import Trace
    from agenttrace.redact import Redactor


def differences(
    golden: Trace, run: Trace, vary: Vary, redactor: Redactor
) -> tuple[Difference, ...]:
    """What of a run differs from its golden.

    The ordinals of secrets (`<openai-key-2>`) tell them apart for the program, and are no
    difference: code that runs in a replay may say a secret itself that the golden knows by its
    ordinal.
    """
    if _same(golden, run):
        return ()
    golden, run = redactor.plain(golden), redactor.plain(run)
    return () if _same(golden, run) else compare(golden, run, vary)


def _same(golden: Trace, run: Trace) -> bool:
    return native.content_bytes(golden) == native.content_bytes(run)
