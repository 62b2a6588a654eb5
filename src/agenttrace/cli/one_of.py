"""One of several options, where each would show something else."""

from __future__ import annotations

import click
from click.core import ParameterSource


def one_of(*names: str) -> None:
    """Let a person give one of the named options of this command at most.

    Args:
        names: As the command's function takes them: `view`, `as_json`.

    Raises:
        click.UsageError: Two were given, and one of them would say nothing.
    """
    context = click.get_current_context()
    options = {it.name: it.opts[0] for it in context.command.params}
    given = [
        options[name]
        for name in names
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    if len(given) > 1:
        raise click.UsageError(f"each of {' and '.join(given)} shows something else: give one")
