"""The flows of CrewAI: methods that start one another, and the state that they share.

A flow acts like an agent (type `flow`): its methods may ask models and call tools themselves. What
CrewAI builds as flows for its own use (the loop of an agent, memory) is none here.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.frameworks.acting import an_agent, chose, remember
from agenttrace.adapters.frameworks.tools import plainly
from agenttrace.adapters.plain.doing import Doing, Opening
from agenttrace.causal import current
from agenttrace.causal.spawn.patching import Seam
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from types import ModuleType

    from agenttrace.model.values import Value


def _kickoff_async(real: Any) -> Any:
    @functools.wraps(real)
    async def kickoff_async(self: Any, *args: Any, **options: Any) -> Any:
        restored = getattr(options.get("from_checkpoint"), "restore_from", None)
        if current.frame() is None or _is_theirs(self) or self.stream or restored is not None:
            return await real(self, *args, **options)
        with Doing(an_agent(self.name or type(self).__name__, type="flow")):
            return await real(self, *args, **options)

    return kickoff_async


def _execute_method(real: Any) -> Any:
    @functools.wraps(real)
    async def execute_method(self: Any, name: Any, *args: Any, **options: Any) -> Any:
        if current.frame() is None or _is_theirs(self):
            return await real(self, name, *args, **options)
        with Doing(Opening(kind=SpanKind.ORCHESTRATION, name=str(name), step="method")):
            result = await real(self, name, *args, **options)
            if self._is_router(name) and result[0] is not None:
                chose([str(getattr(result[0], "value", result[0]))])
            remember(_state_of(self))
        return result

    return execute_method


def _is_theirs(flow: Any) -> bool:
    return type(flow).__module__.partition(".")[0] == "crewai"


def _state_of(flow: Any) -> Value:
    """The state, without the id that CrewAI gives to each new one."""
    state = plainly(flow._copy_state())
    if isinstance(state, dict):
        return {name: value for name, value in state.items() if name != "id"}
    return state


# -- where they stand ---------------------------------------------------------------------------
def seams_of_flows(module: ModuleType) -> list[Seam]:
    """The flows of the user's."""
    names: Any = module
    return [
        Seam(owner=names.Flow, name="kickoff_async", around=_kickoff_async),
        Seam(owner=names.Flow, name="_execute_method", around=_execute_method),
    ]
