"""The model of the demonstration: what it says to a planner, to workers and to a critic."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING

from agenttrace.model.message import ToolResult
from agenttrace.testing.replies import calls_tool, says, slow

if TYPE_CHECKING:
    from agenttrace.model.message import ModelRequest
    from agenttrace.testing.replies import Reply, Script

_ORDERS = ("A-17", "B-22", "C-31")
_PAUSES_S = (0.3, 0.1, 0.2)


def model() -> Script:
    """Make a model: whoever has tools gets the next open order, the first one last.

    It goes by the form of a request, not by the words of its prompt, so that these may be changed.
    """
    orders, lock = itertools.cycle(zip(_ORDERS, _PAUSES_S, strict=True)), threading.Lock()

    def script(request: ModelRequest, nth: int) -> Reply:
        last = request.messages[-1] if request.messages else None
        if request.tools:
            with lock:
                order, pause_s = next(orders)
            return slow(pause_s, calls_tool("look_up_order", {"order": order}))
        if last is not None and last.role == "tool":
            return says(f"{_looked_up(request)} is {_told(request)}.")
        if nth == 0:
            return says("Three workers, one order each.")
        return says("A-17 must be refunded and B-22 sent; the rest is in order.")

    return script


def _looked_up(request: ModelRequest) -> str:
    asked = [call for message in request.messages for call in message.tool_calls]
    return next((order for order in _ORDERS for call in asked if order in call.arguments), "It")


def _told(request: ModelRequest) -> str:
    parts = [part for message in request.messages for part in message.parts]
    return next(
        (str(part.content) for part in reversed(parts) if isinstance(part, ToolResult)),
        "unknown",
    )
