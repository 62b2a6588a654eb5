"""Ports on loopback for servers that are told theirs: nobody else gets one meanwhile."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def held() -> Iterator[int]:
    """A port that is nobody's but the block's: a server that is told it may listen there.

    It stays bound, and not listened at, so that the system gives it to no other process, before
    the server listens, between two servers, or after the last. Who connects meanwhile is refused.
    Only Linux lets two sockets share an address so; elsewhere it is let go at once.
    """
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        if sys.platform != "linux":
            one.close()
        yield port


def wait_until_listened_at(port: int, server: subprocess.Popen[Any]) -> None:
    """Wait for a server that was told its port.

    Raises:
        AssertionError: It has ended, or does not listen within two minutes.
    """
    for _ in range(2_400):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert server.poll() is None, "the server has ended"
        time.sleep(0.05)
    raise AssertionError("nobody listens")
