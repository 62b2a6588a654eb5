"""Child: this process as a part of a run that another process began.

It has a world, a door and a recorder of its own, and journals what it does. In a replay it is
answered from the run's golden, by its own lane: a position says which process asks.
"""

from __future__ import annotations

import atexit
import hashlib
import importlib
import os
import signal
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from agenttrace.causal.joining import Identity, identity_of
from agenttrace.causal.spawn.processes import when_the_target_ends
from agenttrace.check.vary import Vary
from agenttrace.errors import UsageError
from agenttrace.model.lane import label_of, text_of
from agenttrace.redact import Wishes
from agenttrace.session.plan import REPLAY, VERIFY, Commands, Plan
from agenttrace.session.session import Session
from agenttrace.session.world import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_joined: Child | None = None


class Child:
    """This process's part of a run, from `begin` to `end`."""

    def __init__(self, identity: Identity) -> None:
        """Prepare it.

        Raises:
            UsageError: The identity lacks what a session needs.
        """
        plan = _plan(identity)
        self.world = World(
            live=plan.is_live, allowed_hosts=plan.allowed_hosts, is_virtual=plan.is_virtual
        )
        self.session = Session(plan, self.world)
        self._process = os.getpid()
        self._lock = threading.RLock()  # a signal may come while it is held
        self._ends = self._has_ended = False
        self._signal: int | None = None

    def begin(self) -> None:
        """Stand at the door, and journal from here on."""
        self.world.__enter__()
        self.session.begin(eager=False)

    def end(self) -> None:
        """Say that this part has ended; twice is once, and a fork's end is none."""
        with self._lock:
            ends, self._ends = self._ends, True
        if ends or os.getpid() != self._process:
            return
        try:
            self.session.end()
            self.session.close_journal()
        except Exception:
            if self._signal is None:
                raise
            traceback.print_exc()  # it is to end, whatever its journal lacks
        self._has_ended = True
        if self._signal is not None:
            _die_of(self._signal)

    def terminate(self, number: int, _frame: FrameType | None) -> None:
        """End it, then the process, by a signal; one that comes while it ends waits for that."""
        self._signal = number
        self.end()
        if self._has_ended or os.getpid() != self._process:
            _die_of(number)


def join(text: str) -> None:
    """Make this process the part of a run that it was told to be; the first word counts.

    Raises:
        UsageError: It was told something else than a run tells.
    """
    global _joined  # noqa: PLW0603 - a process is one part of one run
    if _joined is not None:
        return
    child = Child(identity_of(text))
    child.begin()
    _joined = child
    atexit.register(child.end)
    _end_when_terminated(child)
    when_the_target_ends(child.end)


def _end_when_terminated(child: Child) -> None:
    """A service is ended by a signal, whose default leaves no time to say so."""
    if threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return
    signal.signal(signal.SIGTERM, child.terminate)


def _die_of(number: int) -> None:
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _plan(identity: Identity) -> Plan:
    words = identity.plan
    try:
        folder, live = Path(words["journals"]), words["live"]
        return Plan(
            name=identity.run,
            golden=Path(words["golden"]),
            shown=words["shown"],
            journal=folder / _file_of(identity),
            mode=VERIFY if live else REPLAY,
            match=words["match"],
            stub=frozenset(words["stub"]),
            allowed_hosts=tuple(words["allowed_hosts"]),
            vary=Vary(paths=tuple((name, tuple(path)) for name, path in words["vary"])),
            commands=Commands(**words["commands"]),
            alone=words["alone"],
            time=words["time"],
            clock=words["clock"],
            seed=words["seed"],
            secrets=words["secrets"],
            within=identity,
            redact=Wishes.of(words["redact"], _function(*words["rewrite"])),
            key=bytes.fromhex(words["key"]),
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise UsageError(
            f"AGENTTRACE_PARENT does not say how {label_of(identity.lane)} is to run: {problem!r}",
            detail="  It is set by the run that starts a process. Unset it:\n"
            "      unset AGENTTRACE_PARENT",
        ) from None


def _function(home: str = "", name: str = "") -> Callable[[str], str] | None:
    """Find the function by which the run's own process redacts; it told its name."""
    if not home:
        return None
    try:
        function: Callable[[str], str] = getattr(importlib.import_module(home), name)
    except (ImportError, AttributeError) as problem:
        raise UsageError(
            f"redact={home}.{name} cannot be found by a process of the run: {problem}",
            detail="  Define it with `def` at the top of a module that the process can import.",
        ) from None
    return function


def _file_of(identity: Identity) -> str:
    """A name of its own for each process, the same from run to run."""
    name = "".join(c if c.isalnum() else "-" for c in identity.lane[-1].name)[:40]
    place = hashlib.sha256(text_of(identity.lane).encode()).hexdigest()[:12]
    return f"{name}.{place}.journal"
