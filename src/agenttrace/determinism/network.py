"""Network: the egress guard. In a replay nothing leaves the machine but what runs live on purpose.

It stands at the sockets, at name resolution, and where known network programs are started: below
every client that is written in Python. While a run is recorded it refuses nothing; it names what
goes past every adapter, so that nothing is lost in silence.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import socket
import subprocess
from typing import TYPE_CHECKING, Any

from agenttrace.causal import current
from agenttrace.causal.site import site, through
from agenttrace.causal.spawn.patching import Patches, Seam
from agenttrace.determinism.hosts import Hosts, program_of, where_to
from agenttrace.errors import EgressRefused
from agenttrace.providers import telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from agenttrace.causal.lane import Run

_WEBSOCKETS = frozenset({"websockets", "websocket", "socketio", "engineio", "wsproto", "picows"})
"""Libraries whose connections are worth a word even to this machine: no adapter records them."""

_MULTIPROCESSING = "pymp-"
"""What the folders are called in which multiprocessing puts the sockets of its own processes."""


@contextlib.contextmanager
def guarded(allowed: Iterable[str] = ()) -> Iterator[None]:
    """While entered, judge every connection, name and network program of the process.

    Args:
        allowed: Hosts that may be reached in a replay, with `*` for any characters; a unix socket
            as `unix:PATH`. This machine itself is among them unless `!loopback` is.
    """
    guard = _Guard(Hosts.of(allowed))
    patches = Patches()
    patches.put(_seams(guard))
    try:
        yield
    finally:
        patches.undo()


class _Guard:
    """Judges who may reach what."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts
        self._names: dict[str, str] = {}

    def connect(self, family: int, address: Any) -> None:
        """Judge a connection, or a datagram, to an address."""
        if family == getattr(socket, "AF_UNIX", None):
            path = os.fsdecode(address)
            if _MULTIPROCESSING not in path and not self._hosts.has(f"unix:{path}"):
                self._judge(f"unix:{path}", "")
            return
        if family not in (socket.AF_INET, socket.AF_INET6) or not isinstance(address, tuple):
            return
        number = _text(address[0])
        host = self._names.get(number, number)
        if not self._hosts.has(host) and not self._hosts.has(number):
            self._judge(host, f":{address[1]}")
        elif (library := through()) in _WEBSOCKETS:
            self._note(f"{library}, a websocket to {host}:{address[1]}")

    def resolve(self, host: Any) -> None:
        """Judge the look-up of a name; numbers are looked up nowhere."""
        name = _text(host)
        if not self._hosts.has(name) and not self._hosts.is_number(name):
            self._judge(name, "", resolves=True)

    def resolved(self, host: Any, found: Iterable[Any]) -> None:
        """Keep the name that an address was found under."""
        name = _text(host)
        for *_, address in found:
            if name and isinstance(address, tuple):
                self._names[_text(address[0])] = name

    def start(self, command: Any) -> None:
        """Judge the start of a program that is known to go out, unless it names where it may go."""
        program = program_of(command)
        if program is None:
            return
        hosts = where_to(command)
        if not hosts or not all(self._hosts.has(host) for host in hosts):
            self._judge(", ".join(hosts) or "the network", "", by=program)

    def _judge(self, host: str, port: str, *, resolves: bool = False, by: str = "") -> None:
        frame = current.frame()
        if frame is None or current.is_outside(frame.lane):
            return
        run, offline = frame.lane.run, frame.lane.run.offline is not None
        if telemetry.is_telemetry_host(host) or (offline and run.ended):
            if offline:
                run.refused += 1
                kind = socket.gaierror if resolves else ConnectionRefusedError
                raise kind(f"a replay does not reach {host}")
        elif offline:
            raise run.stop(_refused(run, by or through(), f"{host}{port}"))
        elif not resolves and host not in run.reports:
            self._note(f"{by or through() or 'a socket'} to {host}{port}")

    def _note(self, what: str) -> None:
        frame = current.frame()
        if frame is not None and not current.is_outside(frame.lane):
            frame.lane.run.bypassed.append(f"{what}, at {site() or 'a library'}")


def _refused(run: Run, by: str | None, where: str) -> EgressRefused:
    place = site() or "a library, with no line of yours above it"
    host = where.partition(":")[0] if not where.startswith("unix:") else where
    return EgressRefused(
        f"{run.name}: {by or 'a socket'} would reach {where}, past every recorded call.",
        detail=(
            f"    this run  {by or 'a socket'} -> {where}      {place}\n"
            "    golden    answers what came through the door; this did not\n\n"
            "  It was refused, and nothing was sent.\n\n"
            "  The call belongs to the test. Give it a door, and record again:\n"
            "      @agenttrace.tool\n"
            "  It may go out in a replay. Say so in the ini file:\n"
            f"      agenttrace_allowed_hosts = {host}\n"
            "  More: agenttrace explain egress-refused"
        ),
        host=host,
        site=place,
    )


def _text(host: Any) -> str:
    return host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")


# -- the patches --------------------------------------------------------------------------------
def _seams(guard: _Guard) -> list[Seam]:
    connecting = functools.partial(_connecting, guard)
    sending = functools.partial(_sending, guard)
    looking_up = functools.partial(_looking_up, guard)
    return [
        Seam(owner=socket.socket, name="connect", around=connecting),
        Seam(owner=socket.socket, name="connect_ex", around=connecting),
        Seam(owner=socket.socket, name="sendto", around=sending),
        Seam(owner=socket.socket, name="sendmsg", around=sending),
        Seam(owner=socket, name="getaddrinfo", around=functools.partial(_resolving, guard)),
        Seam(owner=socket, name="gethostbyname", around=looking_up),
        Seam(owner=socket, name="gethostbyname_ex", around=looking_up),
        Seam(
            owner=asyncio.BaseEventLoop,
            name="getaddrinfo",
            around=functools.partial(_resolving_async, guard),
        ),
        Seam(owner=subprocess.Popen, name="__init__", around=functools.partial(_starting, guard)),
        Seam(owner=os, name="system", around=functools.partial(_commanding, guard)),
    ]


def _connecting(guard: _Guard, real: Any) -> Any:
    @functools.wraps(real)
    def connect(self: Any, address: Any) -> Any:
        try:
            guard.connect(self.family, address)
        except EgressRefused:
            self.close()  # whoever expects no such thing would leave it open
            raise
        return real(self, address)

    return connect


def _sending(guard: _Guard, real: Any) -> Any:
    @functools.wraps(real)
    def send(self: Any, *arguments: Any) -> Any:
        if len(arguments) > 1 and isinstance(arguments[-1], tuple | str):
            guard.connect(self.family, arguments[-1])
        return real(self, *arguments)

    return send


def _resolving(guard: _Guard, real: Any) -> Any:
    @functools.wraps(real)
    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        guard.resolve(host)
        found = real(host, *arguments, **options)
        guard.resolved(host, found)
        return found

    return getaddrinfo


def _looking_up(guard: _Guard, real: Callable[..., Any]) -> Any:
    @functools.wraps(real)
    def gethostbyname(host: Any) -> Any:
        guard.resolve(host)
        return real(host)

    return gethostbyname


def _resolving_async(guard: _Guard, real: Any) -> Any:
    @functools.wraps(real)
    async def getaddrinfo(self: Any, host: Any, *arguments: Any, **options: Any) -> Any:
        guard.resolve(host)  # here the asker stands on the stack; in the resolver's thread, nobody
        return await real(self, host, *arguments, **options)

    return getaddrinfo


def _starting(guard: _Guard, real: Any) -> Any:
    @functools.wraps(real)
    def __init__(self: Any, args: Any, *arguments: Any, **options: Any) -> None:  # noqa: N807 - it is one
        self._child_created = False  # what a `Popen` that never came to be is asked when it goes
        guard.start(args)
        real(self, args, *arguments, **options)

    return __init__


def _commanding(guard: _Guard, real: Any) -> Any:
    @functools.wraps(real)
    def system(command: Any) -> Any:
        guard.start(command)
        return real(command)

    return system
