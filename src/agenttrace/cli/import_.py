"""`agenttrace import`: what another tool recorded, as a golden."""

from __future__ import annotations

from pathlib import Path

import click

from agenttrace.cli.words import number


@click.command("import")
@click.argument("cassette", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="The golden to write.")
@click.option("--for", "test", metavar="TEST", help="Write the golden of this test.")
@click.option("--url", default="", help="The address of requests whose own was taken out.")
@click.option("--force", is_flag=True, help="Replace a golden that says something else.")
def command(cassette: Path, to: Path | None, test: str | None, url: str, force: bool) -> None:
    """Make a golden of a cassette of vcrpy's.

    CASSETTE is a file of YAML or JSON, gzipped or not. Its exchanges become calls, in their order;
    a test that makes the same requests one after the other replays from them. Nothing in the file
    is executed, and nothing is asked.

    Without --for and --to it becomes golden/cassettes/NAME.trace, for tests marked with
    @pytest.mark.agent_trace(golden="cassettes::NAME").

    Exit codes: 0 written, 2 usage, 4 it could not be read.
    """
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
    said = f"{number(len(trace.calls), 'call')}, {models} of them to models"
    click.echo(f"{'written' if saved.changed else 'unchanged'}  {path}  ({said})")
    if to is None and test is None:
        click.echo(f'replay it with @pytest.mark.agent_trace(golden="{name}")')
