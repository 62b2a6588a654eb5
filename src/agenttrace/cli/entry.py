"""Entry: the user's own code that a command runs, with its input.

Only what a person names on the command line is imported; a trace never chooses what runs.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agenttrace.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NAME_AND_VALUE = "NAME=VALUE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What the code is given.

    Attributes:
        positional: Its arguments, in their order.
        named: Its arguments by name.
    """

    positional: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, inputs: Iterable[str], named: Iterable[str]) -> Input:
        """Read what was said on the command line: values, and `NAME=VALUE`.

        Raises:
            UsageError: One is no `NAME=VALUE`, or the file of an `@FILE` cannot be read.
        """
        return cls(positional=tuple(map(value, inputs)), named=dict(map(pair, named)))

    def rewritten(self, write: Callable[[Any], Any]) -> Input:
        """The same with every value written anew."""
        return Input(
            positional=tuple(map(write, self.positional)),
            named={name: write(item) for name, item in self.named.items()},
        )


def called(entry: str, given: Input) -> functools.partial[Any]:
    """The code to run, as a call without arguments.

    Args:
        entry: `module:function`; the function may be a method: `app.desk:Desk.handle`.
        given: Its arguments.

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
    try:
        inspect.signature(found).bind(*given.positional, **given.named)
    except TypeError as error:
        raise UsageError(
            f"--entry {entry}{inspect.signature(found)} does not take this input: {error}",
            detail="  --input VALUE for each argument in turn, or --set NAME=VALUE;\n"
            "  a value is JSON, or text, or @FILE",
        ) from None
    return functools.partial(found, *given.positional, **given.named)


def pair(text: str) -> tuple[str, Any]:
    """Read `NAME=VALUE`.

    Raises:
        UsageError: There is no `=`, or the file of `@FILE` cannot be read.
    """
    name, equals, said = text.partition("=")
    if not (name and equals):
        raise UsageError(
            f"{text!r} is no {NAME_AND_VALUE}",
            detail="  a value is JSON, or text, or @FILE:  look_up_order='paid twice'",
        )
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
