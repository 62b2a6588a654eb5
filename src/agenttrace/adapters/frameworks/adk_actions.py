"""What a tool of ADK's does besides returning: the state that it writes, where it sends the agent.

A tool has its context in hand: `tool_context.state["paid"] = True`, `tool_context.actions`. A
replay does not run the tool, so what changed there is a part of its answer, and is done again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from agenttrace.adapters.frameworks.tools import shape_of
from agenttrace.adapters.plain.shape import ResultShape
from agenttrace.boundary import Packed, Shape
from agenttrace.model.values import pack, unpack

_ACTIONS = "actions"
"""Under this key the head of an answer holds what the tool changed of its actions."""

_STATE = "state_delta"


class Acted(NamedTuple):
    """What a tool returned, and what it changed of its context's actions, by their fields."""

    result: Any
    actions: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActedShape:
    """Writes and reads what a tool returned, with its actions where there are any."""

    result: Shape[Any]
    actions: Shape[Any]

    def pack(self, native: Any) -> Packed:
        """Write a result down.

        Raises:
            NotRebuildable: It, or what was written into the state, would not come back the same.
        """
        if not isinstance(native, Acted):
            return self.result.pack(native)
        actions = unpack(self.actions.pack(native.actions).data)
        return replace(self.result.pack(native.result), head={_ACTIONS: actions})

    def unpack(self, packed: Packed) -> Any:
        """Build a result, afresh each time.

        Raises:
            NotRebuildable: The function now says that it returns something else.
        """
        result = self.result.unpack(packed)
        if not isinstance(packed.head, dict):
            return result
        return Acted(result, self.actions.unpack(Packed(data=pack(packed.head[_ACTIONS]))))


def tool_shape(name: str, fn: Callable[..., Any] | None) -> ActedShape:
    """Give the shape of a tool's results."""
    return ActedShape(result=shape_of(name, fn), actions=ResultShape(title=f"{name}'s actions"))


async def with_actions(context: Any, live: Callable[[], Awaitable[Any]]) -> Any:
    """Run a tool; give what it returned, with what it changed of its actions."""
    before = _told(context.actions)
    result = await live()
    changed = {
        name: value for name, value in _told(context.actions).items() if value != before[name]
    }
    return Acted(result, changed) if changed else result


def _told(actions: Any) -> dict[str, Any]:
    """Give the actions as data; what was written into the state, as it is."""
    told: dict[str, Any] = actions.model_dump(mode="json", exclude={_STATE})
    return told | {_STATE: dict(actions.state_delta)}


def acted(answer: Any, context: Any) -> Any:
    """Do what a tool did to its context, where it did not run; give what it returned."""
    if not isinstance(answer, Acted):
        return answer
    actions = context.actions
    again = type(actions).model_validate(answer.actions)
    for name in answer.actions:
        if name == _STATE:
            context.state.update(again.state_delta)
        elif isinstance(kept := getattr(actions, name), dict):
            kept.update(getattr(again, name))
        else:
            setattr(actions, name, getattr(again, name))
    return answer.result
