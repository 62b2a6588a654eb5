"""MCP's first SDK: the seams of mcp 1, whose session makes of a request all that goes out.

What comes out of a session is a model of the SDK's; it is kept as the JSON that it was read from,
and read again by the class that the caller has named.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.mcp_words import with_context
from agenttrace.causal import current

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from agenttrace.boundary import Boundary

    Asked = Callable[
        [Boundary, str, Mapping[str, Any] | None, Callable[[], Awaitable[Any]]], Awaitable[Any]
    ]


def send_request(door_here: Callable[[], Boundary | None], asked: Asked) -> Callable[[Any], Any]:
    """Make the seam of `ClientSession.send_request`.

    Args:
        door_here: Gives the door to ask; None where the request goes out as ever.
        asked: Asks at the door, given it, the method, its parameters, and what asks the server.
    """

    def around(real: Any) -> Any:
        @functools.wraps(real)
        async def send(
            self: Any, request: Any, result_type: Any, *args: Any, **options: Any
        ) -> Any:
            door = door_here()
            if door is None:
                return await real(self, request, result_type, *args, **options)
            said = _json_of(request)
            method, params = said["method"], said.get("params")

            async def live() -> Any:
                carried = with_context(params, door.run.name, current.frame())
                sent = type(request).model_validate({**said, "params": carried})
                with current.aside():
                    result = await real(self, sent, result_type, *args, **options)
                return _json_of(result)

            return result_type.model_validate(await asked(door, method, params, live))

        return send

    return around


def _json_of(model: Any) -> dict[str, Any]:
    said: dict[str, Any] = model.model_dump(by_alias=True, mode="json", exclude_none=True)
    return said
