"""The command line: arguments and exit codes; one file a command.

A command's file is imported when it is asked for, so `agenttrace --help` costs nothing, and a new
command is one file and one word.
"""

from __future__ import annotations

import importlib
import keyword
import sys

import click

from agenttrace.errors import AgentTraceError, RunStopped

PASS, FAIL, USAGE, INTERNAL, UNREADABLE = 0, 1, 2, 3, 4
"""Exit codes, the same for every command."""

COMMANDS = (
    "demo",
    "init",
    "show",
    "view",
    "stats",
    "slo",
    "diff",
    "check",
    "gate",
    "review",
    "pending",
    "accept",
    "reject",
    "merge",
    "explain",
    "import",
    "replay",
    "blame",
    "promote",
    "export",
    "formats",
    "doctor",
    "git",
    "explore",
)
"""Every command, in the order of a first day; each is `command` in the module of its name."""

_CODES = {
    "usage": USAGE,
    "golden-unreadable": UNREADABLE,
    "golden-too-new": UNREADABLE,
    "journal-unreadable": UNREADABLE,
    "unknown-format": UNREADABLE,
    "invalid-span": UNREADABLE,
    "invalid-trace": UNREADABLE,
    "cassette-unreadable": UNREADABLE,
    "trace-unreadable": UNREADABLE,
    "several-traces": USAGE,
    "git-failed": USAGE,
    "git-incomplete": UNREADABLE,
    "revision-unknown": USAGE,
    "no-merge-base": USAGE,
    "policy-invalid": USAGE,
    "approvals-invalid": USAGE,
    "finding-unknown": USAGE,
}


def exit_code(error: AgentTraceError | RunStopped) -> int:
    """The exit code for an error: 4 for input that cannot be read, 2 for usage, else 1."""
    return _CODES.get(error.slug, FAIL)


class Commands(click.Group):
    """The group: it finds a command when it is asked for, and turns errors into exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give every command's name."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = f"{__name__}.{cmd_name}{'_' if keyword.iskeyword(cmd_name) else ''}"
        command: click.Command = importlib.import_module(module).command
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run a command. A typed error is printed without a traceback; any other is our defect."""
        try:
            return super().invoke(ctx)
        except (AgentTraceError, RunStopped) as error:
            click.echo(f"{type(error).__name__}: {error}", err=True)
            sys.exit(exit_code(error))
        except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told apart from a failure
            click.echo(_internal(error), err=True)
            sys.exit(INTERNAL)


def _internal(error: Exception) -> str:
    import traceback

    return (
        "".join(traceback.format_exception(error))
        + "\nThis is a defect of agenttrace, not of your program; above is where.  [internal]"
    )


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pytest-agenttrace", prog_name="agenttrace")
def main() -> None:
    """Record what the world answered to your agents, replay it offline, assert on the trace.

    Recording and replaying are done by pytest: pytest --agenttrace=record, then pytest. The
    commands here show what was recorded, and explain what went wrong.

    Exit codes: 0 pass, 1 fails or waits for review, 2 usage error, 3 internal error, 4 input that
    cannot be read.
    """
