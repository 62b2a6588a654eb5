"""The table of frameworks, as Markdown: what each environment of the contract has played.

`docs/reference/frameworks.md` holds what this writes, and `make docs` fails when the two differ.
"""

import json

from tools.frameworks import ALSO, ENVIRONMENTS, said_of

COLUMNS = {
    "sync": "sync",
    "async": "async",
    "stream": "stream",
    "parallel": "parallel tools",
    "handoff": "handoff",
    "delegation": "agent in a tool",
    "twins": "equal prompts at once",
    "limit": "limit",
    "failing": "tool raises",
    "typed": "tool returns an object",
    "nothing": "tool returns None",
    "opaque": "tool returns what is no data",
    "cancelled": "tool is cut off",
    "state": "state",
    "plan": "plan",
    "tasks": "tasks in a queue",
    "notebook": "in a notebook's loop",
    "mcp": "MCP",
}
"""By scene of the contract, the head of its column."""


def environments() -> str:
    """Which environment plays what, and under which Pythons."""
    rows = ["| environment | plays | Python |", "|---|---|---|"]
    for path in sorted(ENVIRONMENTS.glob("*.json")):
        played = json.loads(path.read_text("utf-8"))
        releases = ", ".join(f"{name} {it['release']}" for name, it in sorted(played.items()))
        also = said_of(path.stem, ALSO)
        python = f"3.11; replayed under {also}" if also else "3.11"
        rows.append(f"| `{path.stem}` | {releases} | {python} |")
    return "\n".join(rows)


def markdown() -> str:
    """One row for each framework and release; a release that two environments play comes once."""
    rows: dict[tuple[str, str], str] = {}
    for path in sorted(ENVIRONMENTS.glob("*.json")):
        for name, played in json.loads(path.read_text("utf-8")).items():
            cells = ["yes" if scene in played["scenes"] else "" for scene in COLUMNS]
            key = name, played["release"]
            rows[key] = f"| {name} | {played['release']} | {' | '.join(cells)} |"
    head = f"| framework | release | {' | '.join(COLUMNS.values())} |"
    return "\n".join(
        [head, "|---" * (len(COLUMNS) + 2) + "|", *(rows[key] for key in sorted(rows))]
    )
