"""`agenttrace check`: what is wrong with goldens or any trace, before somebody stumbles on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from agenttrace.model import amounts

if TYPE_CHECKING:
    from agenttrace.redact import Redactor

_HOLDS, _FAILS, _UNREADABLE = 0, 1, 4


@click.command("check")
@click.argument(
    "paths", metavar="[PATH]...", nargs=-1, type=click.Path(exists=True, path_type=Path)
)
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where the tests are found that goldens are named after.  [default: beside the folder]",
)
@click.option(
    "--redact",
    metavar="LINE",
    multiple=True,
    help="More kinds of secret to look for, or !KIND for one to leave in: the lines that "
    "agenttrace_redact has in the ini file. May be given again.",
)
@click.option("--fix", is_flag=True, help="Write stale outlines anew.")
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    root: Path | None,
    redact: tuple[str, ...],
    *,
    fix: bool,
) -> None:
    """Look for what is wrong: in a folder of goldens, or in single traces of any format.

    PATH is a folder of goldens (by default `golden`) or a trace. Nothing in them is executed, and
    no test is run or imported.

    Of a folder: secrets; orphans, whose test is gone; outlines that do not say what their golden
    holds; goldens that are no trace, or of a newer schema; files that version control left half
    merged or not fetched; names that differ by upper and lower case alone.

    Of a golden and of any trace: what must hold of each. One root and no orphans; no id twice;
    nothing before itself; children begun while their parents were open; links that lead somewhere;
    nobody served who is not known; costs that add up; errors that say why.

    Exit codes: 0 nothing is wrong, 1 something is, 2 usage, 4 a file could not be read.
    """
    from agenttrace.redact import Redactor, Wishes

    asked = paths or (Path("golden"),)
    if not asked[0].exists():
        raise click.UsageError("there is no folder `golden` here; name a folder or a trace")
    redactor = Redactor(Wishes.of(redact))
    codes = [
        _folder(path, root or path.absolute().parent, redactor, fix=fix)
        if path.is_dir()
        else _trace(path)
        for path in asked
    ]
    ctx.exit(max(codes))


def _folder(folder: Path, root: Path, redactor: Redactor, *, fix: bool) -> int:
    from agenttrace.check.sides import safe
    from agenttrace.golden import audit

    left = []
    for one in audit.audited(folder, root, redactor):
        if fix and one.kind == "stale-outline":
            audit.write_outline(one.path.with_name(one.path.name.removesuffix(".txt")))
            click.echo(f"written         {one.path}")
        else:
            left.append(one)
            click.echo(f"{one.kind:14}  {one.path}: {safe(one.why)}\n{'':16}{one.way_on}")
    goldens = sum(1 for _ in folder.rglob("*.trace"))
    click.echo(f"{amounts.counted(goldens, 'golden')}, {len(left) or 'nothing'} wrong")
    if any(one.kind in audit.UNREADABLE for one in left):
        return _UNREADABLE
    return _FAILS if left else _HOLDS


def _trace(path: Path) -> int:
    from agenttrace.check.invariants import violations
    from agenttrace.check.sides import safe
    from agenttrace.formats.files import trace_at
    from agenttrace.golden import audit

    trace, _ = trace_at(path)
    found = [f"{one.rule}  {one.text}" for one in violations(trace)]
    if path.suffix == ".trace" and audit.has_stale_outline(path, trace):
        found.append("outline  the one beside it is not this golden's; write it: check --fix")
    click.echo(f"{path}  {'holds' if not found else f'{len(found)} violated'}")
    for line in found:
        click.echo(f"    {safe(line)}")
    return _FAILS if found else _HOLDS
