"""`agenttrace view`: a trace as a page, or two beside one another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from agenttrace.report.html.data import Shown

_FILE = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)


@click.command("view")
@click.argument("trace", type=_FILE)
@click.argument("other", type=_FILE, required=False)
@click.option(
    "-o",
    "--output",
    metavar="PAGE",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Write the page into this file, and serve nothing; - is stdout.",
)
@click.option("--trace", "trace_id", metavar="ID", help="Which one, of a file with several traces.")
@click.option("--open", "opened", is_flag=True, help="Open the page in a browser.")
@click.option("--port", default=0, help="Serve on this port; by default on any that is free.")
def command(
    trace: Path,
    other: Path | None,
    output: Path | None,
    trace_id: str | None,
    opened: bool,
    port: int,
) -> None:
    """Look at a trace in a browser; of two, see what changed from TRACE to OTHER.

    The page needs no network and asks nothing of it: it can be sent, attached to a build, opened in
    ten years. Without -o it is served to this machine alone, behind a secret in its address, until
    you press Ctrl-C. On the page, ? lists the keys.

    Exit codes: 0 shown, 2 usage, 4 a trace could not be read.
    """
    from agenttrace.report.html.data import packed
    from agenttrace.report.html.page import page

    if str(trace) == str(other) == "-":
        raise click.UsageError("only one of the two traces can come from stdin")
    shown = _shown(trace, other, trace_id)
    text = page([packed(shown)], title=f"{shown.title} · agenttrace")
    if output is None:
        from agenttrace.cli.page_server import serve

        serve(text, port=port, opened=opened)
        return
    with click.open_file(str(output), "w", encoding="utf-8", atomic=str(output) != "-") as file:
        file.write(text)
    if str(output) != "-":
        click.echo(f"wrote  {output}")
        if opened:
            click.launch(str(output))


def _shown(trace: Path, other: Path | None, trace_id: str | None) -> Shown:
    from agenttrace.check.diff import diff
    from agenttrace.formats.files import trace_at
    from agenttrace.report.html.data import Shown

    first, _ = trace_at(trace, trace_id)
    if other is None:
        return Shown(title=first.name, trace=first, label=trace.name)
    second, _ = trace_at(other)
    return Shown(
        title=second.name,
        trace=second,
        golden=first,
        label=f"new · {other.name}",
        golden_label=f"old · {trace.name}",
        differences=diff(first, second),
    )
