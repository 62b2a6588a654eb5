"""`agenttrace check`: whether a trace can be so, and whether a golden's outline is its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.model.trace import Trace


@click.command("check")
@click.argument(
    "traces",
    metavar="TRACE...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
)
def command(traces: tuple[Path, ...]) -> None:
    """Check what must hold of every trace, and name what does not.

    One root and no orphans; no id twice; nothing before itself; children begun while their parents
    were open; links that lead somewhere; nobody served who is not known; costs that add up; errors
    that say why. Beside a golden, an outline that is not made from it is found as well.

    Exit codes: 0 all hold, 1 one does not, 2 usage, 4 a trace could not be read.
    """
    from agenttrace.check.sides import safe
    from agenttrace.cli.show import read

    failed = False
    for path in traces:
        trace, _ = read(path)
        found = [*_violations(trace), *_stale(path, trace)]
        failed = failed or bool(found)
        click.echo(f"{path}  {'holds' if not found else f'{len(found)} violated'}")
        for line in found:
            click.echo(f"    {safe(line)}")
    if failed:
        click.get_current_context().exit(1)


def _violations(trace: Trace) -> Iterator[str]:
    from agenttrace.check.invariants import violations

    for one in violations(trace):
        yield f"{one.rule}  {one.text}"


def _stale(path: Path, trace: Trace) -> Iterator[str]:
    from agenttrace.golden.outline import outline
    from agenttrace.golden.store import outline_path

    if path.suffix != ".trace" or not (file := outline_path(path)).exists():
        return
    if file.read_bytes() != outline(trace).encode("utf-8", "backslashreplace"):
        yield f"outline  {file.name} is not this golden's; record again, or restore one of the two"
