"""`agenttrace export`: a trace for another system, as a file or sent to where it listens."""

from __future__ import annotations

from pathlib import Path

import click

from agenttrace.model.amounts import counted

_FORMATS = ("otlp", "otlp-protobuf", "jaeger", "zipkin", "datadog", "perfetto")


@click.command("export")
@click.argument("trace", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to", "form", type=click.Choice(_FORMATS), required=True, help="The format.")
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="The file to write."
)
@click.option(
    "--endpoint", metavar="URL", help="Send it there as OTLP/HTTP: http://127.0.0.1:4318."
)
@click.option("--header", "headers", multiple=True, metavar="NAME=VALUE", help="To send with it.")
@click.option("--trace", "trace_id", metavar="ID", help="Which one, of a file with several traces.")
@click.option(
    "--stable-ids", is_flag=True, help="The same ids each time; else each export has its own."
)
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(min=0),
    default=60,
    show_default=True,
    help="How many seconds to wait for an endpoint that is down.",
)
def command(
    trace: Path,
    form: str,
    output: Path | None,
    endpoint: str | None,
    headers: tuple[str, ...],
    trace_id: str | None,
    stable_ids: bool,
    wait_s: float,
) -> None:
    """Write a trace for another system, or send it to one.

    TRACE is a golden, a journal, or any trace that `agenttrace import` reads. Its spans get ids
    made from its content, and new ones each time, so that a backend keeps every export apart; times
    are its own, and say what came before what, by at least one tick of the format's clock.

    With --endpoint it is sent in batches as OTLP/HTTP, as protobuf or as JSON. An endpoint that is
    down is asked again until --wait is over; nothing is lost or sent twice that it has accepted.

    Exit codes: 0 written or sent, 1 the endpoint did not take it, 2 usage, 4 it could not be read.
    """
    from agenttrace.errors import UsageError
    from agenttrace.formats import catalog
    from agenttrace.formats.files import trace_at
    from agenttrace.session import exporting

    if (output is None) == (endpoint is None):
        raise UsageError("say where to: -o FILE, or --endpoint URL")
    if endpoint is not None and form not in exporting.SENT:
        raise UsageError(
            f"an endpoint takes {' or '.join(exporting.SENT)}, and this is {form}",
            detail=f"  agenttrace export {trace} --to {form} -o FILE",
        )
    found, _ = trace_at(trace, trace_id)
    codec = catalog.exporters()[form]
    told = exporting.told(found, codec, stable=stable_ids)
    if output is not None:
        output.write_bytes(codec.write_told(told))
        click.echo(
            f"written  {output}  ({counted(len(told), 'span')}, "
            f"trace {told[0].trace if told else ''})"
        )
        for line in exporting.not_carried(codec.loss(found)):
            click.echo(line)
        return
    from agenttrace.cli.progress import Progress

    with Progress("sent", len(told)) as progress:
        exporting.send(
            told,
            codec,
            exporting.Endpoint.of(str(endpoint), headers),
            wait_s=wait_s,
            progress=progress.at,
        )
    click.echo(
        f"sent  {counted(len(told), 'span')} to {endpoint}  (trace {told[0].trace if told else ''})"
    )
