"""Entry: the user's own code that a command runs, with its input.

Only what a person names on the command line is imported; a trace never chooses what runs.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agenttrace.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME_AND_VALUE = "NAME=VALUE"


def called(entry: str, inputs: Iterable[str], named: Iterable[str]) -> functools.partial[Any]:
    """The code to run, as a call without arguments.

    Args:
        entry: `module:function`; the function may be a method: `app.desk:Desk.handle`.
        inputs: Its positional arguments, as `value` reads them.
        named: Its arguments by name, `NAME=VALUE`.

    Raises:
        UsageError: There is no such module or function, or it does not take this input.
    """
    module_name, colon, path = entry.partition(":")
    if not (module_name and colon and path):
        raise UsageError(f"--entry {entry!r}: say MODULE:FUNCTION, such as my_app.agents:handle")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise UsageError(
            f"--entry {entry!r}: there is no module {error.name!r}",
            detail=f"  looked for in {Path.cwd()} and the environment of {sys.executable}",
        ) from None
    for name in path.split("."):
        inside = found
        found = getattr(inside, name, None)
        if found is None:
            known = [it for it, one in vars(inside).items() if callable(one) and it[:1] != "_"]
            raise UsageError(
                f"--entry {entry!r}: {module_name} has no {path}",
                detail="  it has " + (", ".join(sorted(known)) or "no function"),
            )
    arguments = [value(text) for text in inputs]
    words = dict(pair(text) for text in named)
    try:
        inspect.signature(found).bind(*arguments, **words)
    except TypeError as error:
        raise UsageError(
            f"--entry {entry}{inspect.signature(found)} does not take this input: {error}",
            detail="  --input VALUE for each argument in turn, or --set NAME=VALUE;\n"
            "  a value is JSON, or text, or @FILE",
        ) from None
    return functools.partial(found, *arguments, **words)


def pair(text: str) -> tuple[str, Any]:
    """Read `NAME=VALUE`.

    Raises:
        UsageError: There is no `=`, or the file of `@FILE` cannot be read.
    """
    name, equals, said = text.partition("=")
    if not (name and equals):
        raise UsageError(f"{text!r}: say {NAME_AND_VALUE}")
    return name, value(said)


def value(text: str) -> Any:  # noqa: ANN401 - whatever JSON says
    """Read a value: JSON; `@FILE`, what is in the file; or the text itself.

    Raises:
        UsageError: The file cannot be read.
    """
    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{text}: {error}") from None
    try:
        return json.loads(text)
    except ValueError:
        return text
