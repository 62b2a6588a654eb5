"""`agenttrace demo`: a team of agents recorded, replayed and changed, on this machine alone."""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
from pathlib import Path

import click

from agenttrace.cli.demo_folder import GOLDEN, lay_out
from agenttrace.cli.demo_pytest import Pytest
from agenttrace.errors import AgentTraceError, UsageError
from agenttrace.model.amounts import times

KEY = "sk-demo-0123456789abcdefghijklmnop"
"""What the demonstration sends as its key; no real one."""

_CHANGE = ("Say which orders need a person.", "Say which orders can wait.")


@click.command("demo")
@click.argument(
    "folder", metavar="[DIR]", required=False, type=click.Path(file_okay=False, path_type=Path)
)
def command(folder: Path | None) -> None:
    """Record a team of agents, replay it, change an agent, and read what changed.

    The team is a planner, three workers with identical prompts in parallel, and a critic. It talks
    through the real OpenAI SDK to a model server on this machine: no key, no network. The agent,
    its test and its golden are left in DIR (a new temporary folder where none is named), and are
    yours to change. Given again, DIR keeps your files and is recorded anew.

    Exit codes: 0 all went as it should, 1 something did not, 2 DIR or the installation is unfit.
    """
    _needs_openai()
    home = Path(tempfile.mkdtemp(prefix="agenttrace-demo-")) if folder is None else folder
    written = lay_out(home)
    click.echo(
        f"The team and its test are in {home}"
        + (f": {', '.join(written)}" if written else ", as you left them")
    )
    _record(home)
    _replay(home)
    _change(home)
    _next_things(home)


def _needs_openai() -> None:
    from importlib.util import find_spec

    if find_spec("openai") is None:
        raise UsageError(
            "the demonstration talks through the OpenAI SDK, which is not installed",
            detail="  Install it, and come again:\n      pip install 'pytest-agenttrace[demo]'",
        )


def _record(home: Path) -> None:
    from agenttrace.cli.demo_model import model
    from agenttrace.testing.model_server import ModelServer

    mode = "rewrite" if (home / GOLDEN).exists() else "record"
    _act(1, "Record: the model is a server on this machine, and answers each worker differently.")
    with ModelServer(model()) as server:
        recorded = Pytest(home).run(
            f"--agenttrace={mode}", OPENAI_BASE_URL=server.url, OPENAI_API_KEY=KEY
        )
        asked = server.count
    _expect(recorded == 0, "the recording failed; what it said is above")
    _expect(not _holds_key(home), "the key was written to disk")
    click.echo(
        f"    The server was asked {times(asked)}, and is stopped now. The key is in no file."
    )


def _replay(home: Path) -> None:
    _act(2, "Replay: no server, no key. Each worker gets its own answer, though all ask the same.")
    _expect(Pytest(home).run() == 0, "the replay failed; what it said is above")


def _change(home: Path) -> None:
    """Show a changed agent, in a copy: the files of the user stay as they are."""
    old, new = _CHANGE
    text = (home / "agent.py").read_text("utf-8")
    if old not in text:
        click.echo("\nYou have changed the critic yourself, so there is no third act.")
        return
    _act(3, "Change the critic's prompt, in a copy, and replay again.")
    click.echo(f"    -  {old}\n    +  {new}\n")
    with tempfile.TemporaryDirectory(prefix="agenttrace-demo-") as scratch:
        copy = Path(scratch) / "changed"
        shutil.copytree(home, copy)
        (copy / "agent.py").write_text(text.replace(old, new), "utf-8")
        outcome = Pytest(copy).run()
    _expect(outcome == 1, f"the changed agent was not caught; pytest ended with {outcome}")
    click.echo("    It was caught, as it should be. Your own files are as they were.")


def _next_things(home: Path) -> None:
    there = shlex.quote(str(home))
    click.echo("\nNow try:")
    click.echo(f"    cd {there} && {_program('pytest')}")
    click.echo(f"    {_program('agenttrace')} show {shlex.quote(str(home / GOLDEN))}")
    click.echo(f"    {_program('agenttrace')} demo {there}")
    click.echo(
        "The last one records again, against the same model: change a prompt in agent.py first."
    )


def _program(name: str) -> str:
    """How a program of this environment is called where the person is now."""
    here = Path(sys.executable).parent / name
    found = shutil.which(name)
    if found is not None and Path(found) == here:
        return name
    return shlex.quote(str(here)) if here.exists() else f"{shlex.quote(sys.executable)} -m {name}"


def _act(number: int, title: str) -> None:
    click.echo(f"\n{number}  {title}\n")


def _expect(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise AgentTraceError(otherwise, detail="  Nothing was sent anywhere but to this machine.")


def _holds_key(home: Path) -> bool:
    return any(KEY.encode() in file.read_bytes() for file in home.rglob("*") if file.is_file())
