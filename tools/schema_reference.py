"""The reference of a JSON report: its schema's own words, as Markdown tables.

`docs/reference/reports.md` holds what this writes, and `make docs` fails when the two differ.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import agenttrace.report


def tables(name: str = "report") -> str:
    """A table for the report, and one for each thing in it, of `NAME.schema.json`."""
    folder = Path(agenttrace.report.__file__).parent
    schema = json.loads((folder / f"{name}.schema.json").read_text("utf-8"))
    parts = [_table(name, schema)]
    parts += [_table(thing, it) for thing, it in schema["$defs"].items() if "properties" in it]
    return "\n\n".join(parts)


def _table(thing: str, schema: dict[str, Any]) -> str:
    rows = [f"**{thing}**: {schema['description']}", "", "| field | type | |", "|---|---|---|"]
    for name, what in schema["properties"].items():
        said = what.get("description", "").replace("|", "\\|")
        rows.append(f"| `{name}` | {_type(what)} | {said} |")
    return "\n".join(rows)


def _type(what: dict[str, Any]) -> str:
    if "$ref" in what:
        return str(what["$ref"]).rpartition("/")[2]
    if "const" in what:
        return f"`{what['const']}`"
    if "enum" in what:
        return ", ".join(f"`{one}`" for one in what["enum"])
    if "anyOf" in what:
        return " or ".join(_type(one) for one in what["anyOf"])
    kind = what["type"]
    if kind == "array":
        return f"array of {_type(what['items'])}"
    return " or ".join(kind) if isinstance(kind, list) else str(kind)
