"""`agenttrace doctor`: what tests depend on that no run holds."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command("doctor")
@click.argument("tests", metavar="[TEST|JOURNAL]...", nargs=-1)
@click.option(
    "--repeats",
    metavar="N",
    type=click.IntRange(min=2),
    default=2,
    show_default=True,
    help="How often each test is replayed with nothing changed, and under other hash seeds.",
)
def command(tests: tuple[str, ...], repeats: int) -> None:
    """Find what tests depend on that no run holds; or say what journals hold.

    Each TEST (a file, or a test's id; all tests by default) is replayed several times in processes
    of their own: as it is, under other hash seeds, with directories listed the other way round, and
    with threads delayed. For each that asks something else, the first such call is named, and what
    was read before it. No model is asked.

    Of a journal of production (FILE.journal, or a folder of them), say what is in it, whether it
    is whole, what was dropped, how well the run is known, and how to replay it.

    Exit codes: 0 all are clean, 1 some are not, 2 nothing was replayed, 4 a journal could not be
    read.
    """
    from agenttrace.cli import doctor_journals

    if journals := doctor_journals.among(tests):
        sys.exit(doctor_journals.told(journals, click.echo))
    from agenttrace.explore import doctor

    def tell(experiment: str) -> None:
        click.echo(f"replaying: {experiment}", err=True)

    report = doctor.examine(tests, root=Path.cwd(), repeats=repeats, tell=tell)
    for line in report.lines():
        click.echo(line)
    if report.findings:
        sys.exit(1)
