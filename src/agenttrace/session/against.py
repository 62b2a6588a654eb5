"""Against: the golden that a run is answered from, and what the run says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.causal.renaming import renamed
from agenttrace.check.diff import diff
from agenttrace.formats import native
from agenttrace.golden import store
from agenttrace.replay.stubbed import as_stubbed

if TYPE_CHECKING:
    from agenttrace.check.vary import Vary
    from agenttrace.model.difference import Difference
    from agenttrace.model.trace import Trace
    from agenttrace.redact import Redactor
    from agenttrace.session.plan import Plan


def differences(
    golden: Trace, run: Trace, vary: Vary, redactor: Redactor
) -> tuple[Difference, ...]:
    """What a run says otherwise than a trace; what the test said itself is not compared.

    The ordinals of secrets (`<openai-key-2>`) tell them apart for the program, and are no
    difference: code that runs in a replay may say a secret itself that the golden knows by its
    ordinal.
    """
    golden, run = as_stubbed(golden, run)
    found = diff(golden, run, vary)
    return diff(redactor.plain(golden), redactor.plain(run), vary) if found else ()


def load_golden(plan: Plan) -> Trace | None:
    """The trace of a plan's golden, under the name of the run; None where there is none.

    Raises:
        GoldenUnreadable: There is a file, and it is none.
        GoldenTooNew: A newer version wrote it.
    """
    if plan.rehearsal is not None and plan.rehearsal.recording is not None:
        return plan.rehearsal.recording.trace
    data = store.load(plan.golden)
    return None if data is None else renamed(native.read(data, name=plan.shown), plan.name)
