"""`agenttrace explore`: search the schedules of tests for longer than their own budget."""

from __future__ import annotations

import subprocess
import sys

import click


@click.command("explore")
@click.argument("tests", metavar="[TEST]...", nargs=-1)
@click.option(
    "--budget",
    metavar="TIME",
    default="60s",
    show_default=True,
    help='How long each search goes on: "10s", "5m", or "1000 schedules".',
)
def command(tests: tuple[str, ...], budget: str) -> None:
    """Search for a schedule that breaks a test.

    Each TEST (a file, or a test's id; all tests by default) that calls agent_trace.explore(...) is
    run from its golden, as it was recorded and then under other schedules, for as long as the
    budget says, whatever the test says. The first schedule that breaks one is made smaller and
    printed with the command that runs it again. No model is asked.

    Exit codes: 0 none was found, 1 one was, or no test explores, 2 usage error.
    """
    from agenttrace.errors import NothingToExplore
    from agenttrace.explore.budget import Budget

    Budget.of(budget)
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist"]
    words += ["--agenttrace=replay", f"--agenttrace-explore={budget}", *tests]
    explored = False
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as running:  # noqa: S603 - our own pytest, on the user's own tests
        for line in running.stdout or ():
            explored = explored or line.startswith(("explored ", "InvariantBroken"))
            click.echo(line, nl=False)
    if running.returncode:
        sys.exit(1 if running.returncode == 1 else 2)
    if not explored:
        raise NothingToExplore(
            "no test explores",
            detail="  Let one search: agent_trace.explore(run, invariant=...)\n"
            "  More: agenttrace explain nothing-to-explore",
        )
