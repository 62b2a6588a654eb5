"""vcrpy, where one of its cassettes is active inside a run: we stand outside, and say so once.

Both stand at the same transports, and an answer can come from one of them only. Whoever opened a
cassette means it; so until it is closed, requests are vcrpy's, and none of them is in our golden.
"""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any

from agenttrace.causal.spawn.installing import Installation
from agenttrace.causal.spawn.patching import Seam

if TYPE_CHECKING:
    import contextlib
    from types import ModuleType

    from agenttrace.causal.current import Run

_lock = threading.Lock()
_open: list[object] = []


def installed() -> contextlib.AbstractContextManager[None]:
    """Notice cassettes from here on, in a vcrpy that is loaded now or later."""
    return _installation.installed()


def answers(run: Run) -> bool:
    """Whether requests are vcrpy's at the moment; if so, the run's verdict warns of it."""
    if not _open:
        return False
    said = (
        "a cassette of vcrpy's was active inside the run: what was asked meanwhile is vcrpy's, and "
        "not in the golden"
    )
    if said not in run.warnings:
        run.warnings.append(said)
    return True


def _seams(module: ModuleType) -> list[Seam]:
    names: Any = module
    owner = names.CassetteContextDecorator
    return [
        Seam(owner=owner, name="__enter__", around=_opened),
        Seam(owner=owner, name="__exit__", around=_closed),
    ]


def _opened(real: Any) -> Any:
    @functools.wraps(real)
    def __enter__(self: Any) -> Any:  # noqa: N807 - it stands for vcrpy's
        cassette = real(self)
        with _lock:
            _open.append(self)
        return cassette

    return __enter__


def _closed(real: Any) -> Any:
    @functools.wraps(real)
    def __exit__(self: Any, *error: Any) -> Any:  # noqa: N807 - as above
        with _lock:
            if self in _open:
                _open.remove(self)
        return real(self, *error)

    return __exit__


_installation = Installation({"vcr.cassette": _seams})
