"""The reference of the command line: each command's own `--help`, as one Markdown page.

`docs/reference/cli.md` holds what this writes, and `make docs` fails when the two differ.
"""

from collections.abc import Iterator

import click
from click.testing import CliRunner

WIDTH = 88


def commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The words of this command and of all below it, in the order in which help lists them.

    Args:
        command: Where to begin.
        path: Its own words, such as `("agenttrace", "show")`.

    Yields:
        The words that start each command, hidden ones left out.
    """
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path[-1])
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                yield from commands(below, (*path, name))


def markdown(main: click.Command, name: str = "agenttrace") -> str:
    """What every command says of itself, each under a heading of its own.

    Args:
        main: The program.
        name: What it is called.

    Returns:
        Markdown, without a line break at its end.

    Raises:
        RuntimeError: A command has no help to give.
    """
    sections = []
    for words in commands(main, (name,)):
        said = CliRunner(env={"COLUMNS": str(WIDTH), "NO_COLOR": "1"}).invoke(
            main,
            [*words[1:], "--help"],
            prog_name=name,
            terminal_width=WIDTH,
        )
        if said.exit_code != 0:
            raise RuntimeError(f"{' '.join(words)} --help ends in {said.exit_code}: {said.output}")
        shown = "\n".join(line.rstrip() for line in said.output.strip().splitlines())
        sections.append(f"## {' '.join(words)}\n\n```text\n{shown}\n```")
    return "\n\n".join(sections)
