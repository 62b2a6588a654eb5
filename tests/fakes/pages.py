"""Pages followed to the letter: files are written, commands run, and what they print compared.

A file is a code block whose paragraph before it ends in its name, in backquotes and a colon. A
command is a line of a `console` block that begins with `$ `; the lines below it are what it prints.
A line `...` stands for any number of lines, and times are not compared.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"`([\w./-]+\.\w+)`:\s*$")
_PROGRESS = "exploring: "
_TIME = re.compile(r"\b\d+(\.\d+)? ?(s|ms|µs)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that the page tells its reader to write."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command that the page tells its reader to run; empty `prints`: the page does not say."""

    line: str
    prints: tuple[str, ...] = ()


def steps(page: str) -> list[File | Command]:
    """Everything that a page tells its reader to do, in order."""
    found: list[File | Command] = []
    for block in _BLOCK.finditer(page):
        language, text = block[1], block[2]
        named = _NAMED.search(page[: block.start()])
        if language == "console":
            found.extend(_commands(text))
        elif named is not None:
            found.append(File(name=named[1], text=text))
    return found


def _commands(text: str) -> list[Command]:
    """The commands of a console block, each with what stands below it."""
    found: list[Command] = []
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        line, *prints = part.rstrip().splitlines()
        found.append(Command(line=line, prints=tuple(prints)))
    return found


def follow(step: File | Command, folder: Path, environment: Mapping[str, str]) -> str:
    """Do one step in a folder; give what was printed.

    Raises:
        AssertionError: It is not what the page says.
    """
    if isinstance(step, File):
        (folder / step.name).parent.mkdir(parents=True, exist_ok=True)
        (folder / step.name).write_text(step.text, "utf-8")
        return ""
    done = subprocess.run(
        ["bash", "-c", step.line],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert not step.prints or matches(step.prints, done.stdout), (
        f"$ {step.line}\n\nthe page says\n\n"
        + "\n".join(step.prints)
        + f"\n\nand it printed\n\n{done.stdout}"
    )
    return done.stdout


def matches(prints: tuple[str, ...], printed: str) -> bool:
    """Whether lines are what was printed: `...` is any number of lines, times are not compared.

    Nor is how far something had come, of which only a slow machine tells.
    """
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "..." else f"{re.escape(masked(line))}\n"
        for line in prints
    )
    told = (line for line in printed.rstrip().splitlines() if not line.startswith(_PROGRESS))
    text = "".join(f"{masked(line)}\n" for line in told)
    return re.fullmatch(pattern, text) is not None


def masked(line: str) -> str:
    """A line without the times in it, nor spaces at its end."""
    return _TIME.sub("TIME", line).rstrip()
