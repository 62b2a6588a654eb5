"""What a tool of ADK's does besides returning: the state that it writes, where it sends the agent.

A tool has its context in hand: `tool_context.state["paid"] = True`, `tool_context.actions`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from agenttrace.adapters.frameworks.effects import Effective

ACTIONS = "actions"
"""Under this key the head of an answer holds what the tool changed of its actions, by field."""

_STATE = "state_delta"


async def with_actions(context: Any, live: Callable[[], Awaitable[Any]]) -> Any:
    """Run a tool; give what it returned, with what it changed of its actions."""
    before = _told(context.actions)
    result = await live()
    changed = {
        name: value for name, value in _told(context.actions).items() if value != before[name]
    }
    return Effective(result, changed) if changed else result


def _told(actions: Any) -> dict[str, Any]:
    """Give the actions as data; what was written into the state, as it is."""
    told: dict[str, Any] = actions.model_dump(mode="json", exclude={_STATE})
    return told | {_STATE: dict(actions.state_delta)}


def acted(answer: Any, context: Any) -> Any:
    """Do what a tool did to its context, where it did not run; give what it returned."""
    if not isinstance(answer, Effective):
        return answer
    actions = context.actions
    again = type(actions).model_validate(answer.changes)
    for name in answer.changes:
        if name == _STATE:
            context.state.update(again.state_delta)
        elif isinstance(kept := getattr(actions, name), dict):
            kept.update(getattr(again, name))
        else:
            setattr(actions, name, getattr(again, name))
    return answer.result
