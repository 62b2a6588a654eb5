"""LangGraph's states: what its graphs keep at each checkpoint."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.frameworks.acting import remember
from agenttrace.adapters.frameworks.tools import lasting_part, plainly
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
            remember(lasting_part(plainly(values), _is_of_the_day), step=step)
        return kept

    return put_checkpoint


def _is_of_the_day(inside: dict[str, Any], name: str) -> bool:
    """The ids are that LangChain gives to messages that have none: they are times."""
    one = inside[name]
    return name == "id" and isinstance(one, str) and one.startswith(("lc_run-", "run-"))


def seams_of_loop(module: ModuleType) -> list[Seam]:
    """Where a loop keeps a checkpoint."""
    names: Any = module
    return [Seam(owner=names.PregelLoop, name="_put_checkpoint", around=_put_checkpoint)]
