"""Roots: who records in production, where each piece of work is a run of its own.

This module alone holds that, for the process. Nobody records until somebody says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from agenttrace.causal import current

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenttrace.causal.current import Frame


class Root(Protocol):
    """One run of production, from its beginning to its end; nothing of it ever raises."""

    @property
    def frame(self) -> Frame:
        """The frame of code that stands directly in it."""
        ...

    def end(self, error: BaseException | None = None) -> None:
        """End it; with what the agent raised, if it did."""
        ...


class Roots(Protocol):
    """Begins runs of production; nothing of it ever raises."""

    def begin(self, name: str, about: Mapping[str, object]) -> Root | None:
        """Begin a run; None: it cannot be."""
        ...


_recording: list[Roots] = []


def record(roots: Roots) -> None:
    """Let somebody begin the roots of this process."""
    _recording.append(roots)


def forget(roots: Roots) -> None:
    """Let it begin none any more; twice is once."""
    if roots in _recording:
        _recording.remove(roots)


def recording() -> Roots | None:
    """Who begins the roots of this process; None: nobody does."""
    return _recording[-1] if _recording else None


def opened(name: str, about: Mapping[str, object] | None = None) -> Root | None:
    """Begin a root, where the caller belongs to no run; None: it is none, and nobody records it."""
    if not _recording or current.carried() is not None or current.active():
        return None
    return _recording[-1].begin(name, about or {})


class Rooted:
    """A root that one stands in, in the context in which it began."""

    __slots__ = ("_root", "_token")

    def __init__(self, root: Root) -> None:
        """Stand in it."""
        self._root = root
        self._token = current.stand(root.frame)

    def end(self, error: BaseException | None = None) -> None:
        """Stand where it was begun again, and end it."""
        current.reset(self._token)
        self._root.end(error)


def begin(name: str, about: Mapping[str, object] | None = None) -> Rooted | None:
    """Begin a root and stand in it; None: as `opened`."""
    root = opened(name, about)
    return None if root is None else Rooted(root)
