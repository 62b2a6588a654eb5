"""Options that several commands have, said once."""

from __future__ import annotations

from pathlib import Path

import click

TRACE = click.argument(
    "trace", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
)
ENTRY = click.option(
    "--entry",
    required=True,
    metavar="MODULE:FUNCTION",
    help="Your code; a trace never says what runs.",
)
INPUT = click.option(
    "--input", "inputs", metavar="VALUE", multiple=True, help="An argument: JSON, text, or @FILE."
)
SET = click.option(
    "--set", "named", metavar="NAME=VALUE", multiple=True, help="An argument by its name."
)
OVERRIDE = click.option(
    "--override", metavar="#N=VALUE", multiple=True, help="What a call is answered instead."
)
STUB = click.option(
    "--stub", metavar="TOOL=VALUE", multiple=True, help="What every call of a tool is answered."
)
FROM = click.option(
    "--from",
    "start",
    metavar="#N|last-good",
    help="Go on from the moment at which this call is asked: all before it must be as it was, and "
    "what the agents know there, too. last-good: the call in which the first failure began.",
)
STATES_AS = click.option(
    "--states-as",
    metavar="NAME",
    help="Your code begins at --from: give it what the agents knew there, as this argument.",
)
