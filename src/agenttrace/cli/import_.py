"""`agenttrace import`: what another tool recorded, as a golden."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from agenttrace.model import amounts

if TYPE_CHECKING:
    from agenttrace.model.trace import Trace


@click.command("import")
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--from", "form", metavar="FORMAT", help="Its format, where its bytes do not tell; vcr."
)
@click.option("--trace", "trace_id", metavar="ID", help="Which one, of a file with several traces.")
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
@click.option("--dry-run", is_flag=True, help="Say what is in it, and write nothing.")
@click.option("--for", "test", metavar="TEST", help="Of a cassette: the test whose golden it is.")
@click.option("--url", default="", help="Of a cassette: the address of cleaned requests.")
@click.option("--force", is_flag=True, help="Replace a file that says something else.")
def command(
    files: tuple[Path, ...],
    form: str | None,
    trace_id: str | None,
    to: Path | None,
    dry_run: bool,
    test: str | None,
    url: str,
    force: bool,
) -> None:
    """Read a trace of another system's, or a cassette of vcrpy's.

    FILE is known by its content: OTLP (JSON, JSON lines, protobuf), Jaeger, Zipkin, Langfuse,
    Inspect, OpenAI Agents, Phoenix, dumps of SDK spans, chat logs; `agenttrace formats` lists them.
    A table says what is in it and how well it is known. It is written without secrets to
    .agenttrace/imports, which version control ignores. Several files of OTLP JSON are told
    together: spans, and the log records that hold their content.

    A cassette of vcrpy's (YAML or JSON, gzipped or not) becomes a golden: its exchanges are calls,
    in their order; a test that makes the same requests one after the other replays from it.
    Without --for and --to it becomes golden/cassettes/NAME.trace, for tests marked with
    @pytest.mark.agent_trace(golden="cassettes::NAME").

    Nothing in a file is executed, and nothing is asked.

    Exit codes: 0 written, 2 usage, 4 it could not be read.
    """
    from agenttrace.cli import import_trace
    from agenttrace.errors import UsageError

    if form == "vcr" or (form is None and len(files) == 1 and import_trace.is_cassette(files[0])):
        if len(files) > 1:
            raise UsageError("cassettes are imported one by one")
        _cassette(files[0], to=to, test=test, url=url, force=force)
        return
    from agenttrace.session.imported import cleaned

    if test is not None:
        raise UsageError("--for is of cassettes; a trace is written by --to, or to its own place")
    found = import_trace.read(files, form)
    meant = import_trace.chosen(found, trace_id)
    if to is not None and len(meant) > 1:
        raise UsageError(
            f"it holds {len(meant)} traces, and --to names one file",
            detail="\n".join(f"  --trace {one.id}  {one.name}" for one in meant),
        )
    for one in meant:
        trace = cleaned(one)
        click.echo("\n".join(line.rstrip() for line in import_trace.lines(trace, found.form)))
        if not dry_run:
            path = to or import_trace.path_of(files[0].name, one, several=len(found.traces) > 1)
            _keep(path, trace, force=force)


def _keep(path: Path, trace: Trace, *, force: bool) -> None:
    from agenttrace.cli import import_trace
    from agenttrace.errors import UsageError
    from agenttrace.formats import native
    from agenttrace.golden import place, store

    if path.suffix != place.SUFFIX:
        raise UsageError(f"its name ends in {place.SUFFIX}: {path}")
    old = store.load(path)
    if old is not None and not force and not native.same_content(old, trace):
        raise UsageError(f"{path} is there and says something else; --force replaces it")
    import_trace.save(path, trace)
    click.echo(f"{'written' if old is None or force else 'unchanged'}   {path}")
    way_on = "replay {} --entry MODULE:FUNCTION" if trace.calls else "show {}"
    click.echo(f"go on     agenttrace {way_on.format(path)}")


def _cassette(cassette: Path, *, to: Path | None, test: str | None, url: str, force: bool) -> None:
    from agenttrace.errors import UsageError
    from agenttrace.formats import native, vcr
    from agenttrace.golden import place, store
    from agenttrace.session.imported import trace_of

    name = test or f"cassettes::{cassette.name.partition('.yaml')[0].removesuffix('.json')}"
    path = to or Path(place.FOLDER) / place.golden_path(name)
    if path.suffix != place.SUFFIX:
        raise UsageError(f"a golden's name ends in {place.SUFFIX}: {path}")
    trace = trace_of(vcr.read(cassette.read_bytes(), name=str(cassette), url=url), name)
    old = store.load(path)
    if old is not None and not force and not native.same_content(old, trace):
        raise UsageError(f"{path} is there and says something else; --force replaces it")
    saved = store.save(path, trace)
    models = sum(span.kind == "llm" for span in trace.calls)
    said = f"{amounts.counted(len(trace.calls), 'call')}, {models} of them to models"
    click.echo(f"{'written' if saved.changed else 'unchanged'}  {path}  ({said})")
    if to is None and test is None:
        click.echo(f'replay it with @pytest.mark.agent_trace(golden="{name}")')
