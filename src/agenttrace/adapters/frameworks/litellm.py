"""LiteLLM: a client and no agents; what it does beside its requests is no part of a run.

What it asks passes the transports' doors (httpx, aiohttp). Callbacks are told of each answer in
threads and tasks of its own, which outlive runs; and the prices of models come from the network,
when it is loaded.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any
from unittest import mock

from agenttrace.adapters.frameworks.acting import aside, aside_awaited
from agenttrace.adapters.frameworks.framework import Framework
from agenttrace.causal import current
from agenttrace.causal.spawn.patching import Seam

if TYPE_CHECKING:
    from types import ModuleType

_LOCAL = "LITELLM_LOCAL_MODEL_COST_MAP"
"""By this variable LiteLLM is told to take the prices that came with it."""


def _own_prices(real: Any) -> Any:
    """Take the prices that came with it, inside a run: others would come another day."""

    @functools.wraps(real)
    def get_model_cost_map(*args: Any, **options: Any) -> Any:
        if current.carried() is None:
            return real(*args, **options)
        with mock.patch.dict(os.environ, {_LOCAL: "True"}):
            return real(*args, **options)

    return get_model_cost_map


# -- where they stand ---------------------------------------------------------------------------
def _seams_of_threads(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [Seam(owner=names.executor, name="submit", around=aside)]


def _seams_of_tasks(module: ModuleType) -> list[Seam]:
    """Who starts, fills, awaits or ends the queue that callbacks are told from does it there."""
    names: Any = module
    around = {
        "start": aside,
        "enqueue": aside,
        "ensure_initialized_and_enqueue": aside,
        "flush": aside_awaited,
        "clear_queue": aside_awaited,
        "stop": aside_awaited,
    }
    return [
        Seam(owner=names.LoggingWorker, name=name, around=beside) for name, beside in around.items()
    ]


def _seams_of_callbacks(module: ModuleType) -> list[Seam]:
    telling = {
        "success_handler": aside,
        "failure_handler": aside,
        "async_success_handler": aside_awaited,
        "async_failure_handler": aside_awaited,
    }
    names: Any = module
    return [Seam(owner=names.Logging, name=name, around=around) for name, around in telling.items()]


def _seams_of_prices(module: ModuleType) -> list[Seam]:
    return [Seam(owner=module, name="get_model_cost_map", around=_own_prices, held=True)]


FRAMEWORK = Framework(
    name="litellm",
    oldest="1.82.0",
    newest="1.83.0",
    late={
        "litellm.litellm_core_utils.thread_pool_executor": _seams_of_threads,
        "litellm.litellm_core_utils.logging_worker": _seams_of_tasks,
        "litellm.litellm_core_utils.litellm_logging": _seams_of_callbacks,
        "litellm.litellm_core_utils.get_model_cost_map": _seams_of_prices,
    },
)
