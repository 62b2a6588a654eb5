"""What the page of frameworks says is what was played in an environment of the contract."""

from __future__ import annotations

import json
import os
from importlib.metadata import version
from pathlib import Path

import pytest

from agenttrace.adapters.frameworks.catalog import all_frameworks
from tests.frameworks.theatre import troupes

ENVIRONMENTS = Path(__file__).parent / "environments"


def _played() -> dict[str, object]:
    return {
        troupe.framework: {
            "file": file,
            "release": version(troupe.framework),
            "scenes": [*troupe.played],
        }
        for file, troupe in troupes().items()
    }


def test_the_page_says_what_is_played_here() -> None:
    """The page is made from what every environment has written down: it must be what it plays."""
    name = os.environ.get("AGENTTRACE_ENVIRONMENT")
    if name is None:
        pytest.skip("this is no environment of the contract")
    kept = ENVIRONMENTS / f"{name}.json"
    if os.environ.get("AGENTTRACE_WRITE"):
        kept.write_text(json.dumps(_played(), indent=2) + "\n", "utf-8")

    assert json.loads(kept.read_text("utf-8")) == _played(), (
        "make test-frameworks ARGS=--write, then make generate"
    )


def test_the_releases_that_are_played_are_those_that_are_named(file: str) -> None:
    """A person is warned of any other release."""
    troupe = troupes()[file]
    (known,) = (one for one in all_frameworks() if one.name == troupe.framework)

    assert version(troupe.framework) in (known.oldest, known.newest)
