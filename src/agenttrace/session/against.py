"""Against: the golden that a run is answered from, and what the run says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.causal.renaming import renamed
from agenttrace.check.compare import compare
from agenttrace.formats import native
from agenttrace.formats.schema import SCHEMA
from agenttrace.golden import store
from agenttrace.replay.stubbed import as_stubbed

if TYPE_CHECKING:
    from agenttrace.check.vary import Vary
    from agenttrace.model.difference import Difference
    from agenttrace.model.trace import Trace
    from agenttrace.session.plan import Plan


class Against:
    """A golden as a plan's run is held against it.

    Args:
        data: The bytes of its file.
        plan: Whose run it is.

    Raises:
        GoldenUnreadable: They are no golden.
        GoldenTooNew: A newer version wrote it.
    """

    def __init__(self, data: bytes, plan: Plan) -> None:
        """Read it, under the name of the run."""
        as_written = native.read_lazy(data, name=plan.shown)
        self.trace = renamed(as_written.trace(), plan.name)
        is_ours = self.trace is as_written.trace() and as_written.schema == SCHEMA
        self._digest = as_written.content_digest if is_ours else None

    def differences(self, run: Trace, vary: Vary) -> tuple[Difference, ...]:
        """What a run says otherwise; what the test said itself is not compared."""
        golden, said = as_stubbed(self.trace, run)
        if golden is self.trace and self._digest is not None:
            same = native.digest_of(said) == self._digest
        else:
            same = native.digest_of(said) == native.digest_of(golden)
        return () if same else compare(golden, said, vary)


def against(plan: Plan) -> Against | None:
    """The golden of a plan; None where there is none.

    Raises:
        GoldenUnreadable: There is a file, and it is none.
        GoldenTooNew: A newer version wrote it.
    """
    data = store.load(plan.golden)
    return None if data is None else Against(data, plan)


def load_golden(plan: Plan) -> Trace | None:
    """The trace of a plan's golden; None where there is none.

    Raises:
        GoldenUnreadable: There is a file, and it is none.
        GoldenTooNew: A newer version wrote it.
    """
    found = against(plan)
    return None if found is None else found.trace
