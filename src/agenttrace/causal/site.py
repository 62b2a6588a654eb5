"""Sites: the line of the user's code that a call comes from; for people, never compared."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

_OURS = str(Path(__file__).resolve().parents[1]) + os.sep
_PLUGIN = os.sep + "pytest_agenttrace" + os.sep
_INSTALLED = f"{os.sep}site-packages{os.sep}"
_LIBRARIES = tuple(
    {sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)
_DEEPEST = 200
_known: dict[str, str | None] = {}


def site() -> str | None:
    """Name the innermost line of the user's code on the caller's stack: `refund.py:58`.

    None where every frame belongs to a library: a callback, a thread of a framework.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - `inspect.stack` reads every source file
    for _ in range(_DEEPEST):
        if frame is None:
            return None
        shown = _named(frame)
        if shown is not None:
            return f"{shown}:{frame.f_lineno}"
        frame = frame.f_back
    return None


def through() -> str | None:
    """Name the library that the user's code calls here: the outermost one below its line.

    None where the line itself stands on top, or where nothing but the standard library does.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - as above
    found: str | None = None
    for _ in range(_DEEPEST):
        if frame is None or _named(frame) is not None:
            break
        _, installed, rest = frame.f_code.co_filename.rpartition(_INSTALLED)
        if installed:
            found = rest.partition(os.sep)[0].removesuffix(".py")
        frame = frame.f_back
    return found


def passage(error: BaseException) -> str:
    """Name the lines of the user's code that an exception passed: `refund.py:58 in pay`.

    One a line, the outermost first.
    """
    lines: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        shown = _named(trace.tb_frame)
        if shown is not None:
            lines.append(f"{shown}:{trace.tb_lineno} in {trace.tb_frame.f_code.co_name}")
        trace = trace.tb_next
    return "\n".join(lines[-_DEEPEST:])


def is_users(frame: FrameType) -> bool:
    """Whether a frame is one of the user's code."""
    return _named(frame) is not None


def users_file(name: str) -> str | None:
    """What to call a file of the user's; None for a library's."""
    return _shown(name)


def _named(frame: FrameType) -> str | None:
    name = frame.f_code.co_filename
    if name not in _known:
        _known[name] = _shown(name)
    return _known[name]


def _shown(name: str) -> str | None:
    """What to call a file of the user's, seen from the working directory; None for a library's."""
    if name.startswith(("<", _OURS, *_LIBRARIES)) or _PLUGIN in name or _INSTALLED in name:
        return None
    try:
        return Path(name).resolve().relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError):
        return Path(name).name
