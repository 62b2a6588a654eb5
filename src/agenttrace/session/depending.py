"""Depending: what a run depends on, and is not compared."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agenttrace.model.values import Value


def environment() -> dict[str, Value]:
    """What a run depends on and is not compared; a divergence under another one names it."""
    return {
        "hash_seed": os.environ.get("PYTHONHASHSEED", "random"),
        "python": ".".join(platform.python_version_tuple()[:2]),
    }
