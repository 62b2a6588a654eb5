"""`agenttrace promote`: an incident as a golden and the test that replays it."""

from __future__ import annotations

import inspect
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import click

from agenttrace.cli.options import ENTRY, INPUT, OVERRIDE, SET, STUB, TRACE
from agenttrace.model import amounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.analysis.free_text import Kept
    from agenttrace.redact.whole import Left
    from agenttrace.session.rerun import Rerun


@click.command("promote")
@TRACE
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@ENTRY
@INPUT
@SET
@OVERRIDE
@STUB
@click.option("--name", help="What the test is called: test_NAME; else after the file.")
@click.option("--keep-text", is_flag=True, help="The free text that is listed may be committed.")
@click.option(
    "--synthesise", is_flag=True, help="Replace free text of the incident by text of equal shape."
)
@click.option("--force", is_flag=True, help="Replace a test and golden of this name.")
def command(  # noqa: PLR0917 - click gives each option by its name
    trace: Path,
    folder: Path,
    entry: str,
    inputs: tuple[str, ...],
    named: tuple[str, ...],
    override: tuple[str, ...],
    stub: tuple[str, ...],
    name: str | None,
    keep_text: bool,
    synthesise: bool,
    force: bool,
) -> None:
    """Make a test of an incident: a golden, and a file in FOLDER that replays it.

    TRACE is what production kept. Today's code runs against it, as `agenttrace replay` does; where
    it departs, or a call is not answered, there is no golden. The golden holds what today's code
    asked and what the world answered then, so the test fails when the code goes back.

    What would be committed is listed first: secrets that were taken out, and free text by field and
    size. With secrets left nothing is written; with free text, only with --keep-text. --synthesise
    replaces what the incident's people and models wrote; what your own code says stays, and ids,
    names and numbers that are no part of a text do. Prompts are then not compared with the
    incident's, and calls are known by who makes them, in which order.

    Exit codes: 0 written, 1 refused, 2 usage, 4 the trace could not be read.
    """
    from agenttrace.analysis.free_text import free_text
    from agenttrace.causal.position import fresh_key
    from agenttrace.cli import incident
    from agenttrace.cli.entry import Input, called
    from agenttrace.errors import UsageError
    from agenttrace.formats.files import trace_at
    from agenttrace.redact import left_in
    from agenttrace.redact.synthesis import Synthesis
    from agenttrace.replay.incident.synthetic import synthetic
    from agenttrace.session import promoted
    from agenttrace.session.rerun import rerun
    from agenttrace.session.starting import calls_of

    root = Path.cwd()
    found, written_in = trace_at(trace)
    calls, given = calls_of(found), Input.of(inputs, named)
    if synthesise:
        words = Synthesis(fresh_key())
        calls, given = synthetic(calls, words), given.rewritten(words.value)
    code = called(entry, given)
    promotion = promoted.Promotion(
        folder=_below(folder, root),
        name=promoted.name_for(name or trace.name.partition(".")[0]),
        entry=entry,
        inputs=given.positional,
        named=given.named,
        is_async=inspect.iscoroutinefunction(code.func),
        source=trace.name,
    )
    for place in () if force else (promotion.test_file, promotion.golden):
        if (root / place).exists():
            raise UsageError(f"{place} is there; --force replaces it, --name says another name")
    click.echo("\n".join(incident.head(str(trace), written_in, calls)))
    became = rerun(
        calls,
        code,
        name=promotion.test_id,
        wishes=incident.wishes_of(calls, override),
        stubs=incident.stubs_of(stub),
    )
    click.echo("\n".join(incident.told(became, entry)))
    incident.require_questions(became, entry)
    if became.stopped is not None and not became.incident.departures:
        raise became.stopped
    golden = promoted.kept(became.trace)
    left, texts = tuple(left_in(golden, became.redactor)), free_text(golden)
    click.echo("\n".join(_report(left, texts)))
    if refused := _refused(became, left, texts, keep_text=keep_text):
        click.echo(f"refused     {refused}")
        click.get_current_context().exit(1)
    for path in promoted.write(promotion, golden, root):
        click.echo(f"written     {path.relative_to(root)}")
    click.echo(f"run it      {_pytest(entry, root)} {promotion.test_id}")
    if became.is_simulated:
        click.echo(
            "SIMULATED   a person said what the world did not: a gate blocks this golden, unless "
            'its policy says simulated = "review"'
        )


def _pytest(entry: str, root: Path) -> str:
    """Pytest, so that it finds the entry's module: one of this folder may be found only so."""
    module = entry.partition(":")[0].partition(".")[0]
    is_here = (root / f"{module}.py").is_file() or (root / module).is_dir()
    return "python -m pytest" if is_here else "pytest"


def _below(folder: Path, root: Path) -> PurePosixPath:
    from agenttrace.errors import UsageError

    try:
        return PurePosixPath(*(root / folder).resolve().relative_to(root.resolve()).parts)
    except ValueError:
        raise UsageError(f"{folder} is not below {root}, the root of the tests") from None


def _report(left: tuple[Left, ...], texts: tuple[Kept, ...]) -> Iterator[str]:
    """What would be committed: what is left of secrets, and free text."""
    from agenttrace.check.sides import safe

    yield "would be committed"
    yield (
        f"  secrets   {amounts.counted(len(left), 'is', 'are')} left"
        if left
        else "  secrets   none"
    )
    for one in left:
        yield f"            {one.kind} in {safe(one.span) or 'no span'}, under {safe(one.place)!r}"
    yield "  free text, by field" if texts else "  free text none"
    for kept in texts:
        yield (
            f"            {safe(kept.field)}: {amounts.counted(kept.texts, 'text')}, "
            f"{amounts.counted(kept.characters, 'character')}, the longest {kept.longest}"
        )


def _refused(
    became: Rerun, left: tuple[Left, ...], texts: tuple[Kept, ...], *, keep_text: bool
) -> str:
    """Why nothing is written; empty: it may be."""
    if became.departed:
        return "it departs from the incident, so there is no answer to keep; see --override, --stub"
    if became.raised is not None:
        return "the code raised; mend it, or catch it in an entry of your own, and promote again"
    if left:
        return "a secret is left; say how it looks with agenttrace_redact in the ini file"
    if texts and not keep_text:
        return "say --keep-text if this text may be committed"
    return ""
