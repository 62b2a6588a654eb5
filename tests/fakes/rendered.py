"""Rendered: a report as the program that shows it sees it, without the texts that it quotes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cmarkgfm
import lxml.html
from cmarkgfm.cmark import Options

QUOTED = ("code", "pre")


def html_of(source: str) -> Any:
    """Render Markdown as GitHub does, raw HTML and all."""
    rendered = cmarkgfm.markdown_to_html_with_extensions(
        source, Options.CMARK_OPT_UNSAFE, extensions=["table", "autolink", "strikethrough"]
    )
    return lxml.html.fragment_fromstring(rendered, create_parent="article")


def outline_of(node: Any) -> Iterator[str]:
    """Tags, attributes and texts, all that is not quoted."""
    attributes = sorted(node.attrib.items())
    yield f"<{node.tag} {attributes}>"
    if node.tag not in QUOTED:
        yield node.text or ""
        for child in node:
            yield from outline_of(child)
            yield child.tail or ""
    yield f"</{node.tag}>"


def outline_of_xml(node: Any) -> Iterator[str]:
    """Tags and names of attributes, and those values that are not quoted."""
    own = {"type", "tests", "failures", "errors", "time"}
    yield f"<{node.tag} {sorted((k, v if k in own else '') for k, v in node.attrib.items())}"
    for child in node:
        yield from outline_of_xml(child)


def keys_of(value: Any) -> Any:
    """What there is of a document without its texts."""
    if isinstance(value, dict):
        return [[*value], *map(keys_of, value.values())]
    if isinstance(value, list):
        return [*map(keys_of, value)]
    return type(value).__name__ if isinstance(value, str) else value


def texts_of(value: Any) -> Iterator[str]:
    """Each line of each text in a document."""
    if isinstance(value, str):
        yield from value.split("\n")
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from texts_of(one)
