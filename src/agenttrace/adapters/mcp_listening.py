"""MCP's subscriptions: what a server tells a client that listens, as a stream of answers.

A client of mcp 2 that wants to hear of changed lists opens one stream (`subscriptions/listen`,
SEP-2575) and reads from it until it leaves. Its acknowledgement is the stream's first piece, each
change one more; in a replay they come when they came, and a stream that was left waits for that.
"""

from __future__ import annotations

import contextlib
import functools
import sys
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.mcp_words import Raw, error_of, question_of
from agenttrace.boundary import Way, cross_async_iterator
from agenttrace.causal import current
from agenttrace.causal.spawn.patching import Seam

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from types import ModuleType

    from agenttrace.boundary import Boundary, Crossing

    Aside = Callable[[AbstractAsyncContextManager[Any]], AbstractAsyncContextManager[Any]]

_METHOD = "subscriptions/listen"
_EVENTS = "mcp.shared.subscriptions"

ENDED, LEFT = "graceful", "local"
"""How the SDK calls a stream that the server has ended, and one that its reader has left."""


def seam_of_listening(
    module: ModuleType,
    *,
    door_here: Callable[[Any], Boundary | None],
    goes_out: Callable[[Boundary], bool],
    aside: Aside,
) -> Seam:
    """Make the seam of `mcp.client.subscriptions.listen`.

    Args:
        module: That module.
        door_here: Gives the door to ask, given a session; None where it listens as ever.
        goes_out: Whether the server is asked whatever was recorded.
        aside: Enters and leaves a context manager outside of the run.
    """

    def around(real: Any) -> Any:
        @functools.wraps(real)
        @contextlib.asynccontextmanager
        async def listen(
            session: Any, *, on_event: Any = None, **filters: Any
        ) -> AsyncIterator[Any]:
            door = door_here(session)
            if door is None or not _may_listen(module, session):
                async with real(session, on_event=on_event, **filters) as subscription:
                    yield subscription
                return
            asked: list[Crossing] = []
            way = Way(
                question=question_of(_METHOD, _said(module, filters), live=goes_out(door)),
                shape=Raw(),
                exception=error_of,
                asked=asked.append,
            )
            heard = _Heard(
                module,
                cross_async_iterator(door, way, lambda: _live(aside(real(session, **filters)))),
            )
            try:
                honored = await heard.acknowledged()
                name = f"listen-{asked[0].call.span}"
                yield module.Subscription(heard, name, honored, on_event)
            finally:
                await heard.leave()

        return listen

    return Seam(owner=module, name="listen", around=around, held=True)


async def _live(opening: AbstractAsyncContextManager[Any]) -> AsyncGenerator[Any, None]:
    """What the server says, as JSON: which changes it will tell of, then each of them."""
    async with opening as subscription:
        yield _json_of(subscription.honored)
        while True:
            with current.aside():
                event = await anext(subscription, None)
            if event is None:
                return
            yield _wire_of(event)


class _Heard:
    """What a subscription of the SDK's reads from, in place of the route that its wire fills."""

    error: BaseException | None = None

    def __init__(self, module: Any, pieces: AsyncGenerator[Any, None]) -> None:
        self._module = module
        self._pieces = pieces
        self._next: Any = None
        self._waiting: Any = None
        self._left = False

    async def acknowledged(self) -> Any:
        """Wait until the server says which changes it will tell of."""
        return self._module.types.SubscriptionFilter.model_validate(await anext(self._pieces))

    async def next_event(self) -> Any:
        """Give the change that comes next, the same until it is consumed; or how it ended."""
        from anyio import CancelScope

        if self._left or self._next is not None:
            return LEFT if self._left else self._next
        self._waiting = CancelScope()
        with self._waiting:
            try:
                self._next = _event_of(await anext(self._pieces))
            except StopAsyncIteration:
                return ENDED
            finally:
                self._waiting = None
        return LEFT if self._next is None else self._next

    def consume(self, event: Any) -> None:
        """Let the next one come."""
        del event
        self._next = None

    async def leave(self) -> None:
        """End the stream; whoever waits for a change is told so."""
        self._left = True
        if self._waiting is None:
            await self._pieces.aclose()
        else:
            self._waiting.cancel()


def _may_listen(module: Any, session: Any) -> bool:
    """Whether this session's server can be asked at all; where it cannot, the SDK says so."""
    return session.protocol_version in module.MODERN_PROTOCOL_VERSIONS


def _said(module: Any, filters: dict[str, Any]) -> dict[str, Any]:
    wanted = {name: value or None for name, value in filters.items()}
    return {"notifications": _json_of(module.types.SubscriptionFilter(**wanted))}


def _json_of(model: Any) -> dict[str, Any]:
    said: dict[str, Any] = model.model_dump(by_alias=True, mode="json", exclude_none=True)
    return said


def _wire_of(event: Any) -> dict[str, Any]:
    return _json_of(sys.modules[_EVENTS].event_to_notification(event, {}))


def _event_of(said: dict[str, Any]) -> Any:
    return sys.modules[_EVENTS].event_from_wire(said["method"], said.get("params"))
