"""`agenttrace check`: what is wrong with a folder of goldens, before somebody stumbles on it."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("check")
@click.argument(
    "folder",
    default="golden",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where the tests are found that goldens are named after.  [default: beside FOLDER]",
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
    ctx: click.Context, folder: Path, root: Path | None, redact: tuple[str, ...], *, fix: bool
) -> None:
    """Look for what is wrong with goldens: secrets, orphans, stale outlines, broken files.

    FOLDER holds the goldens. Nothing in them is executed, and no test is run or imported.

    A golden is an orphan when its test is gone. An outline is stale when it does not say what its
    golden holds. Files that version control left half merged or not fetched, goldens of a newer
    schema, and names that differ by upper and lower case alone are found as well.

    Exit codes: 0 nothing is wrong, 1 something is, 2 usage, 4 a golden could not be read.
    """
    from agenttrace.check.sides import safe
    from agenttrace.golden import audit
    from agenttrace.redact import Redactor, Wishes

    redactor = Redactor(Wishes.of(redact))
    found = list(audit.audited(folder, root or folder.absolute().parent, redactor))
    for one in found:
        if fix and one.kind == "stale-outline":
            golden = one.path.with_name(one.path.name.removesuffix(".txt"))
            audit.write_outline(golden)
            click.echo(f"written         {one.path}")
        else:
            click.echo(f"{one.kind:14}  {one.path}: {safe(one.why)}\n{'':16}{one.way_on}")
    left = [one for one in found if not (fix and one.kind == "stale-outline")]
    goldens = sum(1 for _ in folder.rglob("*.trace"))
    click.echo(f"{goldens} golden{'' if goldens == 1 else 's'}, {len(left) or 'nothing'} wrong")
    ctx.exit(4 if any(one.kind in audit.UNREADABLE for one in left) else 1 if left else 0)
