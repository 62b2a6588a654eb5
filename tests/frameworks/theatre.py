"""Theatre: records what a framework plays against the model, and plays it again without one."""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import os
import pkgutil
import random
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agenttrace.formats import native
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, total
from agenttrace.verdict import Verdict
from tests.fakes.sessions import Desk
from tests.frameworks import programs
from tests.frameworks.scenes import Model, Stage, Troupe

WANTED = "AGENTTRACE_FRAMEWORKS"
"""Which frameworks must be there, by the names of their files, parted by commas; unset: any."""


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Load libraries here: they may warn of one another, and of themselves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def files() -> tuple[str, ...]:
    """The frameworks that there is a file for, by its name."""
    return tuple(found.name for found in pkgutil.iter_modules(programs.__path__))


def troupe_of(file: str) -> Troupe:
    """The programs of one framework; its packages are loaded."""
    with loading():
        found = importlib.import_module(f"{programs.__name__}.{file}").TROUPE
    assert isinstance(found, Troupe)
    return found


@functools.cache
def troupes() -> dict[str, Troupe]:
    """The frameworks of this environment, by their files' names.

    Raises:
        ImportError: One that must be there is not.
    """
    wanted = os.environ.get(WANTED)
    if wanted:
        return {file: troupe_of(file) for file in wanted.split(",")}
    found = {}
    for file in files():
        try:
            found[file] = troupe_of(file)
        except ImportError:
            continue
    if not found:
        raise ImportError(
            "no framework is installed here: make test-frameworks builds what it needs"
        )
    return found


@contextlib.contextmanager
def its_own_warnings(troupe: Troupe) -> Iterator[None]:
    """Let a framework warn of itself here."""
    with warnings.catch_warnings():
        for kind in troupe.warns:
            warnings.simplefilter("ignore", kind)
        yield


def played(troupe: Troupe, scene: str, stage: Stage) -> Any:
    """Play a scene; give what was said, or the name of the limit that ended it."""
    try:
        with its_own_warnings(troupe):
            return troupe.program(scene)(stage)
    except Exception as error:
        if troupe.limit is None or not isinstance(error, troupe.limit):
            raise
        return type(error).__name__


@dataclass(frozen=True, kw_only=True)
class Played:
    """What came of one recording or replay.

    Attributes:
        said: What the program gave.
        stage: What it was given, and whom its tools visited.
        verdict: What the run has to say.
        model: What the model was asked and what it sent; None in a replay.
    """

    said: Any
    stage: Stage
    verdict: Verdict
    model: Model | None = None

    @property
    def trace(self) -> Trace:
        """What happened."""
        assert self.verdict.trace is not None
        return self.verdict.trace

    @property
    def tokens(self) -> Tokens:
        """What the trace says was used."""
        return total(span.usage for span in self.trace.spans if span.usage is not None).tokens

    @property
    def content(self) -> bytes:
        """All that is compared of the trace."""
        return native.content_bytes(self.trace)


class Theatre:
    """A place for the golden of one scene of one framework."""

    def __init__(self, troupe: Troupe, scene: str, folder: Path) -> None:
        """Keep the golden in a folder."""
        self.troupe, self.scene = troupe, scene
        self.desk = Desk(folder, scene, diff="full")

    def record(
        self,
        model: Model | None = None,
        *,
        chance: random.Random | None = None,
        numbered: bool = False,
        **given: Any,
    ) -> Played:
        """Play against a model, in any case, and keep the golden; the model is gone afterwards.

        `given` is more of what the program's `Stage` has.
        """
        return self._against(self.desk.rewrite, model or Model(), chance, numbered, **given)

    def verify(self, model: Model) -> Played:
        """Play against a model, and compare with the golden; problems are raised."""
        return self._against(self.desk.verify, model)

    def _against(
        self,
        run: Callable[[Callable[[], Any]], Any],
        model: Model,
        chance: random.Random | None = None,
        numbered: bool = False,
        **given: Any,
    ) -> Played:
        with model.served(chance=chance, numbered=numbered) as url:
            stage = Stage(url=url, chance=chance, **given)
            return replace(self._played(run, stage), model=model)

    def replay(self, **given: Any) -> Played:
        """Play it again with nobody there; problems are raised."""
        return self._played(self.desk.replay, Stage(**given))

    def _played(self, run: Callable[[Callable[[], Any]], Any], stage: Stage) -> Played:
        said = run(lambda: played(self.troupe, self.scene, stage))
        assert self.desk.verdict is not None
        return Played(said=said, stage=stage, verdict=self.desk.verdict)
