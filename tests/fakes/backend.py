"""Backends on loopback: real servers in environments of their own, which `make backends` builds.

Nothing of a server is imported here: it is a process, and what it took is asked over HTTP.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from click.testing import CliRunner

from agenttrace.cli import main
from agenttrace.formats import catalog
from agenttrace.model.trace import Trace
from agenttrace.session import exporting

T = TypeVar("T")
_STARTS_S, _TAKES_S = 300, 60


def program(backend: str, name: str) -> Path:
    """A program of a backend's environment, whether it is there or not."""
    return Path(os.environ.get("AGENTTRACE_BACKENDS", ""), backend, "bin", name)


def free_port() -> int:
    """A port on loopback that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def running(
    *command: object, folder: Path, ports: tuple[int, ...], settings: Mapping[str, str] = {}
) -> Iterator[None]:
    """A server that listens at its ports; it and its children end with the block.

    Raises:
        AssertionError: It ended, or does not listen; its log is in the message.
    """
    log = folder / "server.log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [*map(str, command)],
            cwd=folder,
            env={**os.environ, **settings},
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        for port in ports:
            until(
                lambda port=port: _listens(port) or process.poll() is not None,  # type: ignore[misc]
                bool,
                seconds=_STARTS_S,
            )
        assert process.poll() is None, log.read_text("utf-8", "replace")[-2000:]
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def until(asked: Callable[[], T], holds: Callable[[T], bool], *, seconds: float = _TAKES_S) -> T:
    """Ask until the answer holds; the last answer where it never does."""
    end = time.monotonic() + seconds
    while True:
        found = asked()
        if holds(found) or time.monotonic() > end:
            return found
        time.sleep(0.2)


def given(url: str) -> Any:
    """What a server gives back; None while it has nothing there."""
    try:
        with urllib.request.urlopen(url) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise


def exported(trace: Trace, golden: Path, url: str, *words: str) -> Trace:
    """Send a golden by the command that a person types; what was sent, under its own ids."""
    from agenttrace.formats import native

    golden.write_bytes(native.write(trace))
    command = ["export", str(golden), "--to", "otlp-protobuf", "--endpoint", url, "--stable-ids"]
    done = CliRunner().invoke(main, [*command, *words])
    assert done.exit_code == 0, done.output
    codec = catalog.exporters()["otlp-protobuf"]
    told = exporting.told(trace, codec, stable=True)
    (sent,) = catalog.codec_for("otlp-protobuf").read_all(codec.write_told(told))  # type: ignore[attr-defined]
    return sent  # type: ignore[no-any-return]
