"""The reports of a gate: where they are written, and the remarks for a change on GitHub."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from agenttrace.gate.git import Repository
    from agenttrace.model.trace import Trace
    from agenttrace.verdict import GateGolden, GateResult


def _known(ctx: click.Context, parameter: click.Parameter, paths: tuple[Path, ...]) -> object:
    from agenttrace.report import forms

    for path in paths:
        if not forms.is_known(str(path), forms.GATE_FORMS):
            ends = forms.suffixes(forms.GATE_FORMS)
            raise click.BadParameter(f"{path}: a report's path ends in {ends}", ctx, parameter)
    return paths


REPORTS = click.option(
    "--report",
    "reports",
    metavar="PATH",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_known,
    help="Also write the result here: .md for a comment, .html with the goldens side by side, "
    ".json, .xml (JUnit) or .sarif. May be given again. On GitHub, at most ten remarks are shown "
    "beside the code as well.",
)


def reported(result: GateResult, paths: tuple[Path, ...]) -> None:
    """Write the reports that were asked for, and print remarks where GitHub's runner reads them.

    Raises:
        click.FileError: One cannot be written; a gate without its report does not pass.
    """
    if paths:
        _write(result, paths)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from agenttrace.report.gate import annotations

        click.echo(annotations.render(result), nl=False)


def _write(result: GateResult, paths: tuple[Path, ...]) -> None:
    from agenttrace.gate.git import Repository
    from agenttrace.report import forms

    with Repository.at(Path.cwd()) as repository:
        sides = partial(_sides, repository, result)
        for path in paths:
            try:
                forms.write_gate(path, result, sides)
            except OSError as problem:
                raise click.FileError(str(path), problem.strerror or str(problem)) from problem
            click.echo(f"report    {path}")


def _sides(
    repository: Repository, result: GateResult, golden: GateGolden
) -> tuple[Trace | None, Trace | None]:
    """A golden before and now, from the objects of the two commits."""
    return (
        _trace(repository, result.base, golden.old_path or golden.path),
        _trace(repository, result.head, golden.path),
    )


def _trace(repository: Repository, commit: str, path: str) -> Trace | None:
    from agenttrace.errors import AgentTraceError
    from agenttrace.formats import native

    try:
        data = repository.object(f"{commit}:{path}")
        return None if data is None else native.read(data, name=path)
    except AgentTraceError:
        return None
