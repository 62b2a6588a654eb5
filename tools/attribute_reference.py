"""The reference of attribute names: every name in `agenttrace.model.names`, as Markdown tables.

`docs/reference/attributes.md` holds what this writes, and `make docs` fails when the two differ.
"""

import ast
import inspect
import re

from agenttrace.model import names


def markdown() -> str:
    """A table for each part of the page of names, in its order.

    Raises:
        TypeError: A name has no words that explain it.
    """
    source = inspect.getsource(names)
    lines = source.splitlines()
    heads = {
        n: found[1]
        for n, line in enumerate(lines, 1)
        if (found := re.match(r"# -- (.+?) -+$", line))
    }
    body = ast.parse(source).body
    parts: dict[str, list[str]] = {}
    for at, node in enumerate(body):
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.value, ast.Constant):
            continue
        after = body[at + 1] if at + 1 < len(body) else None
        if not isinstance(after, ast.Expr) or not isinstance(after.value, ast.Constant):
            raise TypeError(f"line {node.lineno} is not explained")
        head = heads[max(line for line in heads if line < node.lineno)]
        what = " ".join(str(after.value.value).split())
        parts.setdefault(head, []).append(f"| `{node.value.value!s}` | {what} |")
    return "\n\n".join(
        "\n".join([f"## {head[0].upper()}{head[1:]}", "", "| name | |", "|---|---|", *rows])
        for head, rows in parts.items()
    )
