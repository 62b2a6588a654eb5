"""`agenttrace slo`: whether objectives are kept over a folder of traces."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import click

from agenttrace.cli.folders import Files
from agenttrace.errors import UsageError

_MISSED = 1
_PROJECT = "pyproject.toml"
_NAME_ONE = """
  Name one  agenttrace slo PATH --objective '99.9% of workflows succeed'
  or keep   [tool.agenttrace.slo]
            objectives = ["99.9% of workflows succeed"]      in pyproject.toml
  What pytest's `agenttrace_slo` says is for its own sessions, and is not read here."""


@click.command("slo")
@click.argument(
    "paths",
    metavar="PATH...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
)
@click.option(
    "--objective",
    "sentences",
    metavar="SENTENCE",
    multiple=True,
    help="99.9% of workflows succeed; 95% of tool look_up* within 2s. May be given again. "
    "[default: `objectives` of tool.agenttrace.slo in pyproject.toml]",
)
@click.option("--json", "as_json", is_flag=True, help="The same as JSON, schema agenttrace.slo/1.")
@click.pass_context
def command(
    ctx: click.Context, paths: tuple[Path, ...], sentences: tuple[str, ...], *, as_json: bool
) -> None:
    """Say whether objectives are kept, by exact counts: how many there were, and how many bad.

    PATH is a trace in any format that `agenttrace formats` lists, or a folder of them. An objective
    speaks of workflows, which are whole runs, or of a kind of span and, if it is to, of a name.
    Each is to succeed, or to take at most so long. Replays are refused where it speaks of time.

    Exit codes: 0 all are kept, 1 one is missed, not known, or speaks of nothing, 2 usage, 4 a trace
    could not be read.
    """
    from agenttrace.analysis.objectives import SCHEMA, Objectives, told

    named = sentences or _of_project()
    if not named:
        raise UsageError("no objective is named", detail=_NAME_ONE)
    objectives, files, read = Objectives(*named), Files(paths), 0
    for trace in files.traces():
        objectives.add(trace)
        read += 1
    if not read and not files.unreadable:
        raise UsageError(f"no trace was found in {', '.join(map(str, paths))}")
    judged = objectives.judged
    if as_json:
        data = {"schema": SCHEMA, "traces": read, "objectives": [one.as_dict() for one in judged]}
        click.echo(json.dumps({**data, **files.as_dict()}, indent=1))
    else:
        for one in judged:
            click.echo("\n".join(told(one)))
    files.close()
    if not all(one.holds and one.count for one in judged):
        ctx.exit(_MISSED)


def _of_project() -> tuple[str, ...]:
    """The objectives that the project in this folder has set; none where it has none.

    Raises:
        UsageError: They are no list of sentences, or the file is no TOML.
    """
    try:
        said: Any = tomllib.loads(Path(_PROJECT).read_text("utf-8"))
        for name in ("tool", "agenttrace", "slo"):
            said = said.get(name, {})
        found = said.get("objectives", [])
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, AttributeError) as problem:
        raise UsageError(f"{_PROJECT} cannot be read: {problem}") from None
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise UsageError(f'{_PROJECT}: objectives are sentences: ["99% of workflows succeed"]')
    return tuple(found)
