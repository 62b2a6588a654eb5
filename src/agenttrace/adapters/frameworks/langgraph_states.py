"""LangGraph's states: what its graphs keep at each checkpoint."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.frameworks.acting import remember
from agenttrace.adapters.frameworks.tools import plainly
from agenttrace.causal import current
from agenttrace.causal.spawn.patching import Seam

if TYPE_CHECKING:
    from types import ModuleType


def _put_checkpoint(real: Any) -> Any:
    @functools.wraps(real)
    def put_checkpoint(self: Any, metadata: Any) -> Any:
        kept = real(self, metadata)
        if self.checkpointer is not None and current.frame() is not None:
            values = {
                name: value
                for name, value in self.checkpoint["channel_values"].items()
                if not name.startswith(("__", "branch:"))
            }
            step = self.checkpoint_metadata.get("step")
            remember(_without_the_day(plainly(values)), step=step)
        return kept

    return put_checkpoint


def _without_the_day(value: Any) -> Any:
    """Leave out the ids that LangChain gives to messages that have none: they are times."""
    if isinstance(value, list):
        return [_without_the_day(one) for one in value]
    if isinstance(value, dict):
        return {
            name: _without_the_day(one)
            for name, one in value.items()
            if not (name == "id" and isinstance(one, str) and one.startswith(("lc_run-", "run-")))
        }
    return value


def seams_of_loop(module: ModuleType) -> list[Seam]:
    """Where a loop keeps a checkpoint."""
    names: Any = module
    return [Seam(owner=names.PregelLoop, name="_put_checkpoint", around=_put_checkpoint)]
