"""Processes: a child process is a lane, which its spawner mints and tells it of.

A child of `subprocess` is told by its environment, one of `multiprocessing` with what it is given
to run: a fork server's environment is older than the run. The lane of a program that is not
Python's has ended for us when it begins; that of a Python program ends where its own journal says
so, and where there is no journal, it is a hole.
"""

from __future__ import annotations

import asyncio.subprocess
import functools
import multiprocessing
import multiprocessing.process
import os
import re
import shlex
import subprocess
import weakref
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from agenttrace.causal import joining
from agenttrace.causal.site import site
from agenttrace.causal.spawn.joins import lane_of, mark, told
from agenttrace.causal.spawn.minting import child_of, in_finalizer, spawner
from agenttrace.causal.spawn.naming import meant_by, qualified_name
from agenttrace.causal.spawn.patching import Seam

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenttrace.causal.current import Frame
    from agenttrace.causal.lane import LiveLane, Run

PYTHON = "python"
"""What a program is called that is given to the interpreter as text."""

_INTERPRETER = re.compile(r"(python|pypy)[\d.]*t?(\.exe)?")
_WITH_A_VALUE = frozenset({"-W", "-X"})
_ENV = 10
"""Where `env` stands among the positional arguments of `Popen`, after `args`."""

_POOL = "multiprocessing.pool"

_started: weakref.WeakKeyDictionary[Any, LiveLane] = weakref.WeakKeyDictionary()
"""The lanes of `multiprocessing` processes; they are pickled, so nothing may be put on them."""


def seams() -> list[Seam]:
    """Where processes begin and are waited for."""
    return [
        Seam(owner=subprocess.Popen, name="__init__", around=_popen),
        Seam(owner=subprocess.Popen, name="wait", around=_wait),
        Seam(owner=asyncio.subprocess.Process, name="wait", around=_async_wait),
        Seam(owner=multiprocessing.process.BaseProcess, name="start", around=_start),
        Seam(owner=multiprocessing.process.BaseProcess, name="join", around=_join),
    ]


def _inviting() -> Frame | None:
    here = spawner()
    if here is None or here.lane.run.invite is None or here.lane.run.ended or in_finalizer():
        return None
    return here


def _invited(here: Frame, lane: LiveLane) -> dict[str, str]:
    invite = here.lane.run.invite
    return {} if invite is None else invite(here.on(lane))


# -- subprocess ---------------------------------------------------------------------------------
def _popen(original: Callable[..., None]) -> Any:
    @functools.wraps(original)
    def __init__(popen: Any, args: Any, *rest: Any, **options: Any) -> None:  # noqa: N807
        here = _inviting()
        if here is None:
            original(popen, args, *rest, **options)
            return
        lane = child_of(here, "process", program(args))
        if len(rest) >= _ENV:
            rest = (*rest[: _ENV - 1], _with(rest[_ENV - 1], here, lane), *rest[_ENV:])
        else:
            options["env"] = _with(options.get("env"), here, lane)
        try:
            original(popen, args, *rest, **options)
        except BaseException:
            lane.end()
            raise
        if is_python(args):
            here.lane.run.processes.append(popen.pid)
        else:
            lane.end()
        mark(popen, lane)

    return __init__


def _with(given: Mapping[Any, Any] | None, here: Frame, lane: LiveLane) -> dict[Any, Any]:
    return {**(os.environ if given is None else given), **_invited(here, lane)}


def _wait(original: Callable[..., int]) -> Any:
    @functools.wraps(original)
    def wait(popen: Any, timeout: float | None = None) -> int:
        code = original(popen, timeout)
        lane = lane_of(popen)
        if lane is not None:
            told(lane)
        return code

    return wait


def _async_wait(original: Any) -> Any:
    @functools.wraps(original)
    async def wait(process: Any) -> int:
        code: int = await original(process)
        popen = process._transport.get_extra_info("subprocess")
        lane = None if popen is None else lane_of(popen)
        if lane is not None:
            told(lane)
        return code

    return wait


def program(args: object) -> str:
    """Name the program that a command runs, in a word that is the same on every machine."""
    words = _words(args)
    name = PurePath(words[0]).name if words else "process"
    if not _INTERPRETER.fullmatch(name):
        return name.removesuffix(".exe")
    rest = iter(words[1:])
    for word in rest:
        if word == "-m":
            return next(rest, PYTHON)
        if word == "-c":
            return PYTHON
        if word in _WITH_A_VALUE:
            next(rest, None)
        elif not word.startswith("-"):
            return PurePath(word).name
    return PYTHON


def is_python(args: object) -> bool:
    """Whether a command names the interpreter, so that the program could join."""
    words = _words(args)
    return bool(words) and bool(_INTERPRETER.fullmatch(PurePath(words[0]).name))


def _words(args: object) -> list[str]:
    if isinstance(args, str | bytes | os.PathLike):
        text = os.fsdecode(args)
        try:
            return shlex.split(text)
        except ValueError:  # a quotation that does not end: the shell will say so
            return text.split()
    return [os.fsdecode(word) for word in args]  # type: ignore[attr-defined]


def any_alive(run: Run) -> bool:
    """Whether a child process of the run is alive; where the system cannot tell, none is."""
    run.processes[:] = [pid for pid in run.processes if _is_alive(pid)]
    return bool(run.processes)


def _is_alive(pid: int) -> bool:
    if not hasattr(os, "waitid"):
        return False
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except OSError:  # somebody has waited for it
        return False


# -- multiprocessing ----------------------------------------------------------------------------
def _start(original: Callable[[Any], None]) -> Any:
    @functools.wraps(original)
    def start(process: Any) -> None:
        here = _inviting()
        if here is None or _method(process) == "fork":  # a fork is seen where it forks
            original(process)
            return
        target = meant_by(getattr(process, "_target", None) or type(process).run)
        if getattr(target, "__module__", "") == _POOL:
            here.lane.run.lost.append(
                f"a worker of a process pool was begun at {site() or 'a library'}: which worker "
                "gets which job is chance. Use concurrent.futures.ProcessPoolExecutor"
            )
        lane = child_of(here, "process", qualified_name(target))
        text = _invited(here, lane)[joining.PARENT]
        process._agenttrace_invitation = joining.Invitation(text)
        try:
            original(process)
        except BaseException:
            lane.end()
            raise
        finally:
            del process._agenttrace_invitation
        _started[process] = lane
        here.lane.run.processes.append(process.pid)

    return start


def _method(process: Any) -> str:
    own: str | None = getattr(process, "_start_method", None)
    return own or multiprocessing.get_start_method()


def _join(original: Callable[..., None]) -> Any:
    @functools.wraps(original)
    def join(process: Any, timeout: float | None = None) -> None:
        original(process, timeout)
        lane = _started.get(process)
        if lane is not None and timeout is None:
            told(lane)

    return join


def when_the_target_ends(then: Callable[[], None]) -> None:
    """In a child that `multiprocessing` began: do something when what it was to run has ended.

    It leaves by `os._exit`, past all else that could be asked to do it.
    """
    owner: Any = multiprocessing.process.BaseProcess
    original = owner._bootstrap

    @functools.wraps(original)
    def bootstrap(self: Any, *args: Any, **options: Any) -> Any:
        try:
            return original(self, *args, **options)
        finally:
            then()

    owner._bootstrap = bootstrap
