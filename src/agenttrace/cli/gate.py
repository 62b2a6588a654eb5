"""`agenttrace gate`: what a change does to what agents do, and whether it may be merged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from agenttrace.cli.gate_reports import REPORTS, reported
from agenttrace.cli.gating import BASE, EXIT_CODES, compared

if TYPE_CHECKING:
    from agenttrace.verdict import GateResult

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command("gate")
@BASE
@click.option("--head", metavar="REV", default="HEAD", show_default=True, help="What is judged.")
@click.option(
    "--run",
    "runs",
    metavar="DIR",
    type=_FOLDER,
    help="What runs of the head said: the folder of pytest --agenttrace-run-dir=DIR.",
)
@click.option("--all", "everything", is_flag=True, help="Tell every finding, not the first ones.")
@click.option(
    "--explain",
    metavar="[GOLDEN]",
    is_flag=False,
    flag_value=".",
    help="Print the policy, or how it applies to a golden, and compare nothing.",
)
@REPORTS
@click.pass_context
def command(
    ctx: click.Context,
    base: str,
    head: str,
    runs: Path | None,
    explain: str | None,
    reports: tuple[Path, ...],
    *,
    everything: bool,
) -> None:
    """Compare the goldens of two revisions, and say whether the change may be merged.

    Both sides are read as git objects: the commit where the head parted from the base, and the
    head. Nothing is checked out, and no code of the change runs. Without --run nothing shows that
    a changed golden is what its test does, so each waits for a review.

    The policy is [tool.agenttrace.gate] of pyproject.toml, or [gate] of agenttrace.toml, in the
    base; the file of approvals is the head's. Run it in the root of the tests.

    Exit codes: 0 pass, 1 blocked, waits for a review, or nothing to compare, 2 usage, policy or
    revision, 4 a golden cannot be read, or the clone lacks what is needed.
    """
    if explain is not None:
        from agenttrace.cli.gate_explain import explained

        click.echo("\n".join(explained(explain, head)))
        return
    result = compared(base, head, runs)
    told(result, everything=everything)
    reported(result, reports)
    ctx.exit(EXIT_CODES[result.standing])


def told(result: GateResult, *, everything: bool) -> None:
    """Print a result for a person."""
    from agenttrace.cli.gate_text import GatePage

    GatePage(base=result.base_name).result(result, everything=everything)
