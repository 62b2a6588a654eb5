"""Steps: a coroutine that keeps its own frame, whatever context its task runs in."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from agenttrace.causal import current
from agenttrace.causal.spawn.naming import qualified_name

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

    from agenttrace.causal.current import Frame


def keeping(frame: Frame, coroutine: Coroutine[Any, Any, Any]) -> Coroutine[Any, Any, Any]:
    """Run a coroutine in a frame, each of its steps for itself.

    A task may be given a context that others use too, and run in at the same time. A frame set for
    the length of the task would be theirs as well.
    """
    kept: Any = _kept(frame, coroutine)
    kept.__qualname__ = qualified_name(coroutine)
    kept.__name__ = getattr(coroutine, "__name__", kept.__qualname__)
    return kept  # type: ignore[no-any-return]


def kept_in(step: object) -> Coroutine[Any, Any, Any] | None:
    """The coroutine that one of our steps runs; None: it is not one of ours."""
    frame = getattr(step, "gi_frame", None)
    if frame is None or frame.f_code is not _stepwise.__code__:
        return None
    kept: Coroutine[Any, Any, Any] | None = frame.f_locals.get("coroutine")
    return kept


async def _kept(frame: Frame, coroutine: Coroutine[Any, Any, Any]) -> Any:
    return await _stepwise(frame, coroutine)


@types.coroutine
def _stepwise(frame: Frame, coroutine: Coroutine[Any, Any, Any]) -> Generator[Any, Any, Any]:
    value: Any = None
    error: BaseException | None = None
    while True:
        token = current.stand(frame)
        try:
            asked = coroutine.send(value) if error is None else coroutine.throw(error)
        except StopIteration as stop:
            return stop.value
        finally:
            frame = current.carried() or frame
            current.reset(token)
        value = error = None
        try:
            value = yield asked
        except GeneratorExit:
            coroutine.close()
            raise
        except BaseException as thrown:  # noqa: BLE001 - a task throws whatever it was cancelled with
            error = thrown
