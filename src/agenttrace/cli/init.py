"""`agenttrace init`: what a project needs to keep goldens under version control, and gate them."""

from __future__ import annotations

from pathlib import Path

import click

from agenttrace.model import amounts


@click.command("init")
@click.argument(
    "folder",
    metavar="[DIR]",
    default=".",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option(
    "--github", is_flag=True, help="A workflow for GitHub; without a word, if .github/ is there."
)
@click.option(
    "--gitlab", is_flag=True, help="A job for GitLab; without a word, if .gitlab-ci.yml is there."
)
@click.option("--pre-commit", is_flag=True, help="A hook for pre-commit; likewise.")
@click.option(
    "--merge-driver",
    is_flag=True,
    help="Let this clone show goldens in diffs, and never merge two of them. Nothing of it is "
    "committed.",
)
@click.option("--yes", "-y", is_flag=True, help="Write without asking.")
def command(
    folder: Path, *, github: bool, gitlab: bool, pre_commit: bool, merge_driver: bool, yes: bool
) -> None:
    """Prepare a project: settings, a folder for goldens, and how git and CI treat them.

    DIR is the root of the tests, the current folder if it is not named. Each change is shown as a
    diff, and written once you say yes. What is there is never overwritten: a file is new, or gets
    lines that it lacks. Given again, it has nothing to do.

    Exit codes: 0 written, or nothing to do, 1 you said no, 2 usage, or a file that is no text.
    """
    from agenttrace.cli import init_git, init_plan

    if (github or gitlab or pre_commit) and init_git.is_below_the_top(folder):
        raise click.UsageError(f"{folder} is not the top of the repository, where CI looks")
    plan = init_plan.planned(
        folder,
        github=github or (folder / ".github").is_dir(),
        gitlab=gitlab or (folder / init_plan.GITLAB_ROOT).is_file(),
        pre_commit=pre_commit or (folder / init_plan.PRE_COMMIT).is_file(),
    )
    goldens = init_plan.folder_of(folder)
    settings = init_git.lacking(folder, goldens) if merge_driver else []
    for one in plan.changes:
        click.echo(one.diff)
    for line in settings:
        click.echo(f"+ {line}")
    for said in plan.by_hand:
        click.echo(f"by hand   {said}")
    if not plan.changes and not settings:
        click.echo("nothing to do")
        return
    what = [amounts.counted(len(plan.changes), "file")] if plan.changes else []
    what += ["the settings of this clone"] if settings else []
    if not yes and not click.confirm(f"Write {' and '.join(what)}?"):
        click.echo("nothing was written")
        click.get_current_context().exit(1)
    for path in plan.write():
        click.echo(f"written   {path}")
    if settings:
        init_git.write(folder, goldens)
        click.echo("written   the settings of this clone")
    if plan.changes:
        click.echo("next      pytest --agenttrace=record, then: git add golden")
