"""`agenttrace formats`: which formats are read, which are written, and what each cannot carry."""

from __future__ import annotations

import click


@click.command("formats")
def command() -> None:
    """List the formats of traces: what is read, what is written, and how a file is named.

    Exit codes: 0 listed.
    """
    from agenttrace.formats import catalog

    click.echo(f"{'format':15} {'read':5} {'written':8} names")
    for name in (*catalog.MODULES, *catalog.ONLY_WRITTEN):
        read = "yes" if name in catalog.MODULES else ""
        written = "yes" if name in (*catalog.WRITTEN, *catalog.ONLY_WRITTEN) else ""
        suffixes = ", ".join(f"*{one}" for one in catalog.suffixes_of(name))
        click.echo(f"{name:15} {read:5} {written:8} {suffixes}")
