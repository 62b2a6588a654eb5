"""The reference of the verbs: each verb of `agenttrace`, as a Markdown table.

`docs/reference/attributes.md` holds what this writes, and `make docs` fails when the two differ.
"""

import inspect

import agenttrace


def markdown() -> str:
    """A row for each verb: how it is called, and what it says of itself.

    Raises:
        TypeError: A verb has no words that explain it.
    """
    rows = ["| verb | |", "|---|---|"]
    for name in agenttrace.__all__:
        verb = getattr(agenttrace, name)
        if not inspect.isfunction(verb):
            continue
        if not verb.__doc__:
            raise TypeError(f"agenttrace.{name} is not explained")
        said = inspect.cleandoc(verb.__doc__).partition("\n\n")[0].replace("\n", " ")
        rows.append(f"| `{name}({_arguments(verb)})` | {said} |")
    return "\n".join(rows)


def _arguments(verb: object) -> str:
    """The names of a verb's arguments; `=` behind those that may be left out."""
    shown = []
    for name, parameter in inspect.signature(verb).parameters.items():  # type: ignore[arg-type]
        if parameter.kind is parameter.VAR_KEYWORD:
            shown.append(f"**{name}")
        elif parameter.default is parameter.empty:
            shown.append(name)
        else:
            shown.append(f"{name}=")
    return ", ".join(shown)
