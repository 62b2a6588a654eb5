"""Ports that a test holds: its own server listens there, and no other process is given one."""

from __future__ import annotations

import socket
import sys

import pytest

from tests.fakes import ports


def test_who_connects_to_a_held_port_is_refused_until_its_server_listens() -> None:
    """As often as it is started: what waits for it does not take the holder for it."""
    with ports.held() as port:
        for _ in range(2):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port))
            with socket.create_server(("127.0.0.1", port)):
                socket.create_connection(("127.0.0.1", port)).close()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no two sockets share an address")
def test_a_held_port_is_given_to_nobody_else() -> None:
    """Neither to who asks for it, nor, so, to who asks for any."""
    with ports.held() as port, socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
