"""Page: template, style, scripts and data put together into one file.

Nothing on it is fetched. The policy in its head lets the one script and the one style run that were
put there, known by their hashes, and nothing else: no request, no image, no form, no `eval`.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from agenttrace.report.html.data import document

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenttrace.report.html.data import Packed

STYLES = (
    *("colours", "shell", "rows", "graph", "states", "lanes", "findings"),
    *("detail", "journey", "print"),
)
"""The style sheets, in order."""

SCRIPTS = (
    "msgpack",
    "golden",
    "dom",
    "words",
    "run",
    "team",
    "differing",
    "rows",
    "lists",
    "arrows",
    "values",
    "messages",
    "reach",
    "journey",
    "follow",
    "detail",
    "differences",
    "search",
    "views",
    "compare",
    "overlays",
    "vectors",
    "states",
    "findings",
    "waits",
    "failures",
    "waterfall",
    "graph",
    "costs",
    "lanes",
    "delegations",
    "keys",
    "shell",
    "start",
)
"""The scripts, in the order in which they need each other; a view comes after `views`."""

_LEVEL = 1
"""How hard the data is compressed: level 6 takes six times as long for 9 % less."""


def page(runs: Iterable[Packed], *, title: str = "agenttrace", said: str = "") -> str:
    """Make a page of runs, each alone or beside its golden.

    Args:
        runs: The runs, the first of which the page opens with.
        title: The page's title.
        said: What is said of all of them.
    """
    import jinja2
    from markupsafe import Markup

    data = base64.b64encode(zlib.compress(document(runs, said), _LEVEL)).decode()
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(_file("page.html.j2")).render(
        title=title,
        policy=policy(),
        style=Markup(_joined("css", STYLES)),  # noqa: S704 - our own files
        script=Markup(_joined("js", SCRIPTS)),  # noqa: S704 - our own files
        data=data,
    )


@cache
def policy() -> str:
    """The page's Content-Security-Policy."""
    script, style = (
        base64.b64encode(hashlib.sha256(_joined(suffix, names).encode()).digest()).decode()
        for suffix, names in (("js", SCRIPTS), ("css", STYLES))
    )
    return (
        f"default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _joined(suffix: str, names: tuple[str, ...]) -> str:
    """All files of one sort as one text; scripts share one scope that nothing else sees."""
    text = "\n".join(_file(f"{name}.{suffix}") for name in names)
    return f'"use strict";\n(() => {{\n{text}\n}})();\n' if suffix == "js" else text


def _file(name: str) -> str:
    return resources.files(__package__).joinpath("files", name).read_text("utf-8")
