"""What a tool of Strands does besides returning: what it writes into the state of an agent.

A tool may be given its context, and writes `tool_context.agent.state.set("paid", True)`. Tools that
run at once share that state, so each is followed by what it writes itself.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from agenttrace.adapters.frameworks.effects import Effective

STATE = "state"
"""Under this key the head of an answer holds what the tool wrote into its agent's state."""

_SET, _DELETED = "set", "deleted"

_writes: ContextVar[dict[int, dict[str, list[Any]]] | None] = ContextVar(
    "agenttrace_strands_writes", default=None
)
"""Of the tool that runs here, by the id of a state and by key: the value, or none if deleted."""


def noted(real: Any) -> Any:
    """Stand around a method that writes one key of a state."""

    @functools.wraps(real)
    def write(self: Any, key: str, *value: Any, **named: Any) -> Any:
        done = real(self, key, *value, **named)
        writes = _writes.get()
        if writes is not None:
            writes.setdefault(id(self), {})[key] = [*value, *named.values()]
        return done

    return write


async def noting(state: Any, live: Callable[[], Awaitable[Any]]) -> Any:
    """Run a tool; give what it returned, with what it wrote into the state."""
    writes: dict[int, dict[str, list[Any]]] = {}
    token = _writes.set(writes)
    try:
        result = await live()
    finally:
        _writes.reset(token)
    kept = writes.get(id(state), {})
    changes = {
        _SET: {key: value[0] for key, value in kept.items() if value},
        _DELETED: [key for key, value in kept.items() if not value],
    }
    told = {name: value for name, value in changes.items() if value}
    return Effective(result, told) if told else result


def written(answer: Any, state: Any) -> Any:
    """Write what a tool wrote, where it did not run; give what it returned."""
    if not isinstance(answer, Effective):
        return answer
    for key, value in answer.changes.get(_SET, {}).items():
        state.set(key, value)
    for key in answer.changes.get(_DELETED, ()):
        state.delete(key)
    return answer.result
