"""pytest, as the demonstration runs it: in a process of its own, its output shown as it comes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FORGET = ("COLUMNS", "OPENAI_BASE_URL", "OPENAI_API_KEY", "PYTEST_ADDOPTS", "PYTEST_PLUGINS")
_QUIET = ("-q", "--no-header", "-p", "no:cacheprovider", "-p", "pytest_agenttrace.plugin")


class Pytest:
    """Runs the tests of one folder, with our plugin and no other."""

    def __init__(self, home: Path) -> None:
        """Remember the folder."""
        self._home = home

    def run(self, *options: str, **environment: str) -> int:
        """Run pytest and show what it says; give its exit code.

        Args:
            options: What a person would type.
            environment: What else the process is told; keys of the user's own are kept from it.
        """
        click.echo(f"    $ {' '.join(('pytest', *options))}")
        told = {
            **os.environ,
            **environment,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
        for name in _FORGET:
            if name not in environment:
                told.pop(name, None)
        allowed = ("--agenttrace-allow-record",) if options and os.environ.get("CI") else ()
        with _waiting():
            done = subprocess.run(  # noqa: S603 - our own command, without a shell
                [sys.executable, "-m", "pytest", *_QUIET, *options, *allowed],
                cwd=self._home,
                env=told,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                check=False,
            )
        for line in done.stdout.splitlines():
            click.echo(f"    {line}".rstrip())
        return done.returncode


@contextlib.contextmanager
def _waiting() -> Iterator[None]:
    """Show on a terminal that something is going on; a pipe gets lines alone."""
    if not sys.stdout.isatty():
        yield
        return
    from rich.console import Console

    with Console().status("pytest is running …"):
        yield
