"""Collector: keep Python's garbage collector from searching through what is being built."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def resting() -> Iterator[None]:
    """Let it rest while many lasting things are made (1.6x to 2.6x).

    Afterwards they count as old: what is made to last is not searched through at once.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():  # what a program froze itself stays frozen
            gc.freeze()
            gc.unfreeze()
        gc.enable()
