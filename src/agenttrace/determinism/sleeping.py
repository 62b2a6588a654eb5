"""Sleeping: `time.sleep` in the code of a run moves virtual time instead of taking any.

Only code that belongs to the run is meant: a library's own thread sleeps as ever. `from time import
sleep`, held before the run began, is out of reach.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from agenttrace.causal import current

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.determinism.clock import VirtualClock


@contextlib.contextmanager
def virtual_sleep(clock: VirtualClock) -> Iterator[None]:
    """While entered, `time.sleep` in a run that has this clock costs nothing."""
    real = time.sleep

    def sleep(seconds: Any, /) -> None:
        frame = current.carried()
        if (
            not seconds > 0
            or frame is None
            or frame.lane.run.clock is not clock
            or frame.lane.serves  # its server waits for the network, and time stands still
            or clock.heap.is_held()
        ):
            real(seconds)
        elif clock.heap.error is None:
            clock.sleep_until_blocking(clock.now_ns() + round(seconds * 1_000_000_000))

    time.sleep = sleep
    try:
        yield
    finally:
        if time.sleep is sleep:
            time.sleep = real
