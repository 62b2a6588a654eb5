"""Tools of a framework: a call that a model asked for, answered at the framework's own seam.

What the function is said to return tells how its result comes back. A function that is a tool of
ours already (`@agenttrace.tool`) asks for itself.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.mcp_words import called_as
from agenttrace.adapters.plain.annotated import NOT_SAID, returned
from agenttrace.adapters.plain.shape import ResultShape
from agenttrace.adapters.plain.tools import MARK, TOOLS, refuse_failure, refusing
from agenttrace.boundary import Shape, Way, cross, cross_async, cross_async_iterator, here
from agenttrace.causal import current
from agenttrace.causal.site import site
from agenttrace.errors import NotCanonical
from agenttrace.model import names
from agenttrace.model.call import Question
from agenttrace.model.values import Value, canonical

if TYPE_CHECKING:
    from agenttrace.boundary import Boundary


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A tool call of a framework's.

    Attributes:
        name: The tool's name, as the model was told.
        arguments: What the model gave; a text is JSON.
        id: The provider's id of the call; None where the framework makes one up.
        fn: The user's function, where it is known.
        shape: What writes and reads the result; None: as the function is said to return.
        mcp: Whether it is a server's tool: the MCP client asks at the door, and it is one call.
    """

    name: str
    arguments: object
    id: str | None = None
    fn: Callable[..., Any] | None = None
    shape: Shape[Any] | None = None
    mcp: bool = False

    def way(self, door: Boundary) -> Way[Any]:
        """What the door needs of the call."""
        shape = self.shape if self.shape is not None else shape_of(self.name, self.fn)
        door.kept.setdefault(TOOLS, {})[self.name] = (shape, False)
        attributes: dict[str, Value] = {names.TOOL_NAME: self.name}
        if self.id:
            attributes[names.TOOL_CALL_ID] = self.id
        question = Question(
            kind="tool",
            operation=self.name,
            title=self.name,
            body=arguments_of(self.arguments),
            attributes=attributes,
            site=site(),
        )
        return Way(
            question=question,
            shape=shape,
            failed=lambda door, error: refuse_failure(door, self.name, error),
        )

    @property
    def door(self) -> Boundary | None:
        """The door to ask; None outside every run, and where the function asks for itself."""
        if not current.entered or hasattr(self.fn, MARK):
            return None
        return here()


def answered(call: ToolCall, live: Callable[[], Any]) -> Any:
    """Give the result of a tool call, from the world or from the recording."""
    door = call.door
    if door is None:
        return live()
    with refusing(door):
        return cross(door, call.way(door), live)


async def answered_async(call: ToolCall, live: Callable[[], Awaitable[Any]]) -> Any:
    """Do the same where the framework awaits its tools."""
    if call.mcp:
        return await _called_as(call.id, live)
    door = call.door
    if door is None:
        return await live()
    with refusing(door):
        return await cross_async(door, call.way(door), live)


def answered_each(
    call: ToolCall, live: Callable[[], AsyncGenerator[Any, None]]
) -> AsyncIterator[Any]:
    """Give the results of a tool that yields them, from the world or from the recording."""
    door = call.door
    return live() if door is None else cross_async_iterator(door, call.way(door), live)


async def _called_as(call_id: str | None, live: Callable[[], Awaitable[Any]]) -> Any:
    token = called_as.set(call_id)
    try:
        return await live()
    finally:
        called_as.reset(token)


def arguments_of(given: object) -> Value:
    """Say what a tool is called with, by name where there are names."""
    if isinstance(given, str | bytes):
        try:
            given = json.loads(given) if given.strip() else {}
        except ValueError:
            return {"input": str(given)}
    if not isinstance(given, Mapping):
        return {"input": plainly(given)}
    return {str(name): plainly(value) for name, value in given.items()}


def plainly(value: object) -> Value:
    """Give the canonical value of anything; of what has none, the name of its class."""
    try:
        return canonical(value)
    except NotCanonical:
        return f"<{type(value).__qualname__}>"


def lasting_part(value: Any, is_of_the_day: Callable[[dict[str, Any], str], bool]) -> Any:
    """Leave out of a state, at every depth, what is another one in every run.

    Args:
        value: Plain values.
        is_of_the_day: Says it of a key, given the mapping in which it stands.
    """
    if isinstance(value, list):
        return [lasting_part(one, is_of_the_day) for one in value]
    if isinstance(value, dict):
        return {
            name: lasting_part(one, is_of_the_day)
            for name, one in value.items()
            if not is_of_the_day(value, name)
        }
    return value


def shape_of(name: str, fn: Callable[..., Any] | None) -> ResultShape:
    """Give the shape of a tool's results: as the function is said to return."""
    wanted = NOT_SAID if fn is None else returned(fn, {})
    return ResultShape(title=name, wanted=wanted, definition=f"def {name}(…)")
