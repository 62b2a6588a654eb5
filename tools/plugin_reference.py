"""The reference of the pytest plugin: its options, marker and fixtures, as Markdown.

`docs/reference/pytest.md` holds what this writes, and `make docs` fails when the two differ.
"""

import inspect
import re

from pytest_agenttrace import plugin
from pytest_agenttrace.marker import MARKED, MARKER
from pytest_agenttrace.options import OPTIONS, Option


def options() -> str:
    """Every option as a row: on the command line, in the ini file, its default, what it says."""
    rows = ["| command line | ini file | default | |", "|---|---|---|---|"]
    for option in OPTIONS:
        flag = f"`{option.flag}{_value(option)}`" if option.flag else ""
        ini = f"`{option.ini}`" if option.ini else ""
        default = f"`{option.default}`" if option.default else ""
        rows.append(f"| {flag} | {ini} | {default} | {option.help} |")
    return "\n".join(rows)


def marker() -> str:
    """The marker's arguments, one a line, in its own words.

    Raises:
        RuntimeError: What the marker says of itself and what it takes have parted.
    """
    call, _, said = MARKER.partition("): ")
    first, *arguments = re.split(r"(?:\. |; )(?=\w+: )", said.rstrip("."))
    named = dict(argument.split(": ", 1) for argument in arguments)
    if set(named) != MARKED:
        raise RuntimeError(f"the marker takes {sorted(MARKED)} and tells of {sorted(named)}")
    rows = [f"- `{name}`: {what}." for name, what in named.items()]
    return "\n".join([f"`@pytest.mark.{call})`: {first}.", "", *rows])


def fixture_list() -> str:
    """Every fixture with its docstring."""
    found = []
    for name in ("agent_trace", "agent_stubs", "agent_start", "golden_trace"):
        what = inspect.getdoc(getattr(plugin, name)) or ""
        found.append(f"`{name}`\n:   {what}")
    return "\n\n".join(found)


def _value(option: Option) -> str:
    """What stands behind a flag."""
    if option.is_switch:
        return ""
    return f"={{{','.join(option.choices)}}}" if option.choices else f"={option.metavar}"
