"""The table of frameworks, as Markdown: what each environment of the contract has played.

`docs/reference/frameworks.md` holds what this writes, and `make docs` fails when the two differ.
"""

import json

from tools.frameworks import ENVIRONMENTS

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
    "state": "state",
    "plan": "plan",
    "mcp": "MCP",
}
"""By scene of the contract, the head of its column."""


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
