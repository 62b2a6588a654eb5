"""YAML read from its events: plain values, with their lines, and nothing that a file could do.

The library's own loaders make objects of tags. Here only its parser is used: a tag that is not one
of YAML's own plain ones is refused, and so is an alias that would blow the file up. Nothing is
imported, called or built but text, numbers, bytes, lists and mappings.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from agenttrace.errors import CassetteUnreadable

MOST_NODES = 2_000_000
"""How many values a file may hold, those behind an alias counted each time they are meant."""

DEEPEST = 100
"""How deep they may be nested."""

_PREFIX = "tag:yaml.org,2002:"
_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE = re.compile(r"yes|Yes|YES|true|True|TRUE|on|On|ON")
_FALSE = re.compile(r"no|No|NO|false|False|FALSE|off|Off|OFF")
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)")
_OTHER_INT = re.compile(r"[-+]?0(?:x[0-9a-fA-F_]+|b[01_]+|[0-7_]+)")
_FLOAT = re.compile(
    r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?)"
)
_LONGEST_NUMBER = 400


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands.

    Attributes:
        value: Text, number, bool, bytes or None; a dict of nodes by text, or a list of nodes.
        line: The line of the file, from 1; 0: not known.
        size: How many values there are in it, itself included.
    """

    value: Any
    line: int = 0
    size: int = 1

    def get(self, name: str) -> Node | None:
        """The node under a key; None where there is none, or this is no mapping."""
        found = self.value.get(name) if isinstance(self.value, dict) else None
        return found if isinstance(found, Node) else None

    @property
    def items(self) -> list[Node]:
        """The nodes of a list; none where this is no list."""
        return self.value if isinstance(self.value, list) else []

    @property
    def plain(self) -> Any:  # noqa: ANN401 - any JSON value, and bytes
        """The value without lines."""
        if isinstance(self.value, dict):
            return {key: node.plain for key, node in self.value.items()}
        return [node.plain for node in self.value] if isinstance(self.value, list) else self.value


_Events: TypeAlias = Iterator[Any]


def read(data: bytes, name: str) -> Node:
    """Read the one document of a file.

    Raises:
        CassetteUnreadable: It is not YAML, or holds what plain values cannot be.
    """
    yaml = _library(name)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # its parser; it constructs nothing
    try:
        return _Reader(yaml, name).document(iter(yaml.parse(data, Loader=loader)))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        why = getattr(error, "problem", None) or "it is not YAML"
        raise refused(
            name, f"it is not YAML: {why}", 0 if mark is None else mark.line + 1
        ) from None
    except (UnicodeError, RecursionError):
        raise refused(name, "it is not text, or is nested too deep", 0) from None


def node_of(value: Any, depth: int = 0) -> Node:  # noqa: ANN401 - any JSON value
    """Give a JSON value as nodes, whose lines nobody knows.

    Raises:
        ValueError: It is nested too deep.
    """
    if depth > DEEPEST:
        raise ValueError(DEEPEST)
    if isinstance(value, dict):
        return Node({key: node_of(item, depth + 1) for key, item in value.items()})
    if isinstance(value, list):
        return Node([node_of(item, depth + 1) for item in value])
    return Node(value)


def refused(name: str, why: str, line: int, way_on: str = "") -> CassetteUnreadable:
    """Make the error for a file that cannot be read."""
    where = f"{name}:{line}" if line else name
    lines = [f"    at        {where}"]
    if way_on:
        lines += ["", *(f"  {part}" for part in way_on.splitlines())]
    lines.append("  More: agenttrace explain cassette-unreadable")
    return CassetteUnreadable(f"{where}: {why}", detail="\n".join(lines), file=name, line=line)


class _Reader:
    """Builds nodes from events."""

    def __init__(self, yaml: Any, name: str) -> None:  # noqa: ANN401 - the library ships no types
        self._yaml, self._name = yaml, name
        self._anchors: dict[str, Node] = {}
        self._made = 0

    def document(self, events: _Events) -> Node:
        found: Node | None = None
        for event in events:
            if isinstance(event, self._yaml.DocumentStartEvent):
                if found is not None:
                    raise self._refused("it holds more than one document", event)
                found = self._node(next(events), events, 0)
        return Node(None) if found is None else found

    def _node(self, event: Any, events: _Events, depth: int) -> Node:  # noqa: ANN401 - an event
        yaml = self._yaml
        if depth > DEEPEST:
            raise self._refused(f"it is nested more than {DEEPEST} deep", event)
        if isinstance(event, yaml.AliasEvent):
            known = self._anchors.get(event.anchor)
            if known is None:
                raise self._refused(
                    f"the alias *{event.anchor} stands for nothing before it", event
                )
            return self._counted(known, event)
        line = event.start_mark.line + 1
        if isinstance(event, yaml.ScalarEvent):
            node = Node(self._scalar(event), line)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._refuse_tag(event, ("seq",))
            node = self._sequence(events, line, depth)
        else:
            self._refuse_tag(event, ("map",))
            node = self._mapping(events, line, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        self._made += 1
        if self._made > MOST_NODES:
            raise self._refused(f"it holds more than {MOST_NODES} values", event)
        return node

    def _sequence(self, events: _Events, line: int, depth: int) -> Node:
        found, size = [], 1
        for event in events:
            if isinstance(event, self._yaml.SequenceEndEvent):
                break
            found.append(self._node(event, events, depth + 1))
            size += found[-1].size
        return Node(found, line, size)

    def _mapping(self, events: _Events, line: int, depth: int) -> Node:
        found: dict[str, Node] = {}
        size = 1
        for event in events:
            if isinstance(event, self._yaml.MappingEndEvent):
                break
            key = self._node(event, events, depth + 1)
            if isinstance(key.value, dict | list):
                raise self._refused("a key is a list or a mapping", event)
            text = key.value.decode("utf-8", "replace") if isinstance(key.value, bytes) else None
            item = self._node(next(events), events, depth + 1)
            found[str(key.value) if text is None else text] = item
            size += 1 + item.size
        return Node(found, line, size)

    def _counted(self, node: Node, event: Any) -> Node:  # noqa: ANN401 - an event
        """Count what an alias stands for each time, as whoever reads the value will meet it."""
        self._made += node.size
        if self._made > MOST_NODES:
            raise self._refused(f"its aliases stand for more than {MOST_NODES} values", event)
        return node

    def _scalar(self, event: Any) -> object:  # noqa: ANN401 - an event
        self._refuse_tag(event, ("str", "int", "float", "bool", "null", "binary", "timestamp"))
        tag = (event.tag or "").removeprefix(_PREFIX)
        if tag == "binary":
            try:
                return base64.b64decode("".join(event.value.split()), validate=True)
            except (binascii.Error, ValueError):
                raise self._refused("a !!binary value is not base64", event) from None
        if tag in ("str", "timestamp") or (not tag and not event.implicit[0]) or tag == "!":
            return str(event.value)
        return _resolved(event.value)

    def _refuse_tag(self, event: Any, allowed: tuple[str, ...]) -> None:  # noqa: ANN401 - an event
        tag = event.tag
        if tag in (None, "!") or tag.removeprefix(_PREFIX) in allowed:
            return
        shown = "!!" + tag.removeprefix(_PREFIX) if tag.startswith(_PREFIX) else tag
        raise self._refused(
            f"the tag {shown[:80]} would make an object, and nothing in a file is executed",
            event,
            "Record the cassette again with plain headers, or take the tags out by hand.",
        )

    def _refused(self, why: str, event: Any, way_on: str = "") -> CassetteUnreadable:  # noqa: ANN401 - an event
        return refused(self._name, why, event.start_mark.line + 1, way_on)


def _resolved(text: str) -> object:
    """Read a plain scalar by the rules of YAML 1.1, but for dates, which stay text."""
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
        return _TRUE.fullmatch(text) is not None
    if len(text) <= _LONGEST_NUMBER:
        digits = text.replace("_", "")
        if _INT.fullmatch(text):
            return int(digits)
        if _OTHER_INT.fullmatch(text):
            return _other_int(digits)
        if _FLOAT.fullmatch(text):
            return float(digits)
    return text


def _other_int(digits: str) -> int:
    sign, digits = (-1 if digits[0] == "-" else 1), digits.lstrip("+-")
    return sign * (int(digits, 0) if digits[1:2] in ("x", "b") else int(digits, 8))


def _library(name: str) -> Any:  # noqa: ANN401 - the library ships no types
    try:
        import yaml
    except ImportError:
        raise refused(
            name,
            "reading YAML needs PyYAML, which is not installed",
            0,
            "Install it:\n    pip install 'pytest-agenttrace[vcr]'",
        ) from None
    return yaml
