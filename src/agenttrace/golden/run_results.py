"""Run results: what a run said of itself, beside the copy of its trace, for a gate to read later.

`--agenttrace-run-dir=DIR` leaves two files a run: `DIR/GOLDEN`, its trace, and
`DIR/NAME.verdict.json`. The second says which golden the run was held against, by its content, and
what became of it: so a gate knows whether a golden is what its test does without running anything.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agenttrace.errors import GoldenUnreadable
from agenttrace.golden import store
from agenttrace.golden.place import SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = "agenttrace.verdict/1"
VERDICT_SUFFIX = ".verdict.json"

MOST_BYTES = 1 << 22
"""A longer file is none of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a run said of itself.

    Attributes:
        run: The test's id.
        outcome: What became of it, in the words of `verdict.Outcome`.
        golden: The golden, as a person types it in the root of the tests.
        held: 64 hex digits over the content of the golden that lies there now; empty: there is
            none.
        trace: The same over the run's own trace.
        problems: The slugs of what failed the test, the first one first.
        headline: What the first one says in a line.
        unused: How many recorded answers nobody asked for.
        counts: Who answered how many calls.
        vary: What the test lets vary, by operation: pairs of a name and a path.
    """

    run: str
    outcome: str
    golden: str
    held: str = ""
    trace: str = ""
    problems: tuple[str, ...] = ()
    headline: str = ""
    unused: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    vary: tuple[tuple[str, tuple[str, ...]], ...] = ()


def write(folder: Path, result: RunResult) -> Path:
    """Leave a run's result in a folder, beside the copy of its trace.

    Raises:
        GoldenNotWritten: The disk or the folder refuses.
    """
    path = folder / (result.golden.removesuffix(SUFFIX) + VERDICT_SUFFIX)
    text = json.dumps({"schema": SCHEMA, **asdict(result)}, indent=1, ensure_ascii=True)
    store.replace_all({path: text.encode() + b"\n"})
    return path


def read_all(folder: Path) -> Iterator[tuple[RunResult, Path]]:
    """Read every result below a folder, by path, each with where its trace is.

    Raises:
        GoldenUnreadable: A file is no result.
    """
    found = (
        Path(root, name)
        for root, _, names in os.walk(folder)
        for name in names
        if name.endswith(VERDICT_SUFFIX)
    )
    for path in sorted(found):
        yield _read(path), path.with_name(path.name.removesuffix(VERDICT_SUFFIX) + SUFFIX)


def _read(path: Path) -> RunResult:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError("it is too long")  # noqa: TRY301 - one way out for all
        said: dict[str, Any] = json.loads(path.read_bytes())
        if said.pop("schema") != SCHEMA:
            raise ValueError("it has another schema")  # noqa: TRY301 - likewise
        if not {*said} <= {one.name for one in fields(RunResult)}:
            raise ValueError("it holds other keys")  # noqa: TRY301 - likewise
        said["problems"] = tuple(map(str, said["problems"]))
        said["vary"] = tuple((str(name), tuple(map(str, steps))) for name, steps in said["vary"])
        result = RunResult(**said)
        if not all(
            isinstance(getattr(result, name), str)
            for name in ("run", "outcome", "golden", "held", "trace", "headline")
        ):
            raise TypeError("a text is none")  # noqa: TRY301 - likewise
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
        raise GoldenUnreadable(
            f"{path} cannot be read: it is no result of a run ({problem})"[:400],
            detail="  It is written by:\n      pytest --agenttrace-run-dir=DIR\n"
            "  More: agenttrace explain golden-unreadable",
            file=str(path),
            offset=0,
        ) from None
    return result
