"""Promoted: a replay of an incident, as a golden and the test that replays it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from agenttrace.formats import native
from agenttrace.golden import place, store
from agenttrace.golden.outline import outline

if TYPE_CHECKING:
    from agenttrace.model.trace import Trace

_SEVERAL = re.compile(r"_+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """Where the test of an incident goes, and what it runs.

    Attributes:
        folder: The folder of the test, relative to the root of the tests.
        name: The incident's name; `test_NAME` is the test's.
        entry: `module:function`, the code that it runs.
        inputs: Its arguments.
        named: Its arguments by name.
        is_async: Whether it gives a coroutine.
        source: What the incident was read from, for the test's own text.
    """

    folder: PurePosixPath
    name: str
    entry: str
    inputs: Sequence[Any] = ()
    named: Mapping[str, Any]
    is_async: bool = False
    source: str = ""

    @property
    def test_file(self) -> PurePosixPath:
        """The file of the test."""
        return self.folder / f"test_{self.name}.py"

    @property
    def test_id(self) -> str:
        """The test as pytest names it."""
        return f"{self.test_file.as_posix()}::test_{self.name}"

    @property
    def golden(self) -> PurePosixPath:
        """The golden of the test."""
        return PurePosixPath(place.FOLDER) / place.golden_path(self.test_id)

    @property
    def test(self) -> str:
        """The text of the test."""
        module, _, path = self.entry.partition(":")
        top = path.partition(".")[0]
        arguments = ", ".join(
            [*map(repr, self.inputs), *(f"{key}={item!r}" for key, item in self.named.items())]
        )
        called = f"{path}({arguments})"
        lines = [
            f'"""An incident, kept as a test: {self.source}."""',
            "",
            *(["import asyncio", ""] if self.is_async else []),
            f"from {module} import {top}",
            "",
            "",
            f"def test_{self.name}(agent_trace):",
            '    """Today\'s agents handle what the world said then as when this was written."""',
            "    with agent_trace.run():",
            f"        asyncio.run({called})" if self.is_async else f"        {called}",
            "    agent_trace.assert_matches_golden()",
            "",
        ]
        return "\n".join(lines)


def name_for(text: str) -> str:
    """Make a name that a test can have: lower-case letters, digits and underscores."""
    plain = "".join(char if char.isascii() and char.isalnum() else "_" for char in text.lower())
    return _SEVERAL.sub("_", plain).strip("_")[: place.LONGEST_NAME // 2] or "incident"


def kept(trace: Trace) -> Trace:
    """A replay's trace as a golden: what a person said stays marked as said by a person."""
    return replace(
        trace,
        spans=tuple(
            replace(span, mark="override") if span.mark == "stub" else span for span in trace.spans
        ),
    )


def write(promotion: Promotion, trace: Trace, root: Path) -> tuple[Path, ...]:
    """Put the golden, its outline and the test in place, all of them or none.

    Raises:
        GoldenNotWritten: The disk or a folder refuses; nothing was written.
    """
    golden = root / promotion.golden
    files = {
        store.outline_path(golden): outline(trace).encode("utf-8", "backslashreplace"),
        golden: native.write(trace),
        root / promotion.test_file: promotion.test.encode(),
    }
    store.replace_all(files)
    return golden, root / promotion.test_file
