"""Frameworks: what is patched in a module, and what is said of a release that was not tried."""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest

from agenttrace.adapters.frameworks.catalog import all_frameworks
from agenttrace.adapters.frameworks.framework import Framework, Frameworks, release_of
from agenttrace.causal.spawn.patching import Seam

MODULE = "framework_of_this_test"


@pytest.fixture
def module() -> Iterator[types.ModuleType]:
    """A framework's module, loaded by the program before anything is patched."""
    made: Any = types.ModuleType(MODULE)
    made.run = lambda: "it ran"
    sys.modules[MODULE] = made
    yield made
    del sys.modules[MODULE]


def a_framework(oldest: str, newest: str, *names: str) -> Framework:
    """A framework of which these functions are patched; it is installed as pytest is."""

    def loudly(real: Any) -> Any:
        @functools.wraps(real)
        def louder() -> str:
            return f"{real()}!"

        return louder

    def seams(found: types.ModuleType) -> list[Seam]:
        return [Seam(owner=found, name=name, around=loudly) for name in names]

    return Framework(name="pytest", oldest=oldest, newest=newest, late={MODULE: seams})


def test_a_module_is_patched_while_a_run_needs_it(module: Any) -> None:
    """And is as it was afterwards; nobody is warned of a release that was tried."""
    release = release_of("pytest")
    frameworks = Frameworks([a_framework(release, release, "run")])
    with frameworks.installed():
        inside = module.run()

    assert (inside, module.run()) == ("it ran!", "it ran")
    assert frameworks.warnings == ()


def test_another_release_than_those_that_were_tried_is_named(module: Any) -> None:
    """It is used all the same: most releases change nothing that matters here."""
    frameworks = Frameworks([a_framework("0.1", "0.9.3", "run")])
    with frameworks.installed():
        inside = module.run()
    release = release_of("pytest")

    assert inside == "it ran!"
    assert frameworks.warnings == (
        f"pytest {release} is none of the releases that were tested, 0.1 to 0.9.3",
    )


def test_a_release_that_lacks_a_function_says_what_is_not_seen(module: Any) -> None:
    """The rest of it is seen; the program is not stopped by what we expect of a library."""
    release = release_of("pytest")
    frameworks = Frameworks([a_framework(release, release, "run", "run_streamed")])
    with frameworks.installed():
        inside = module.run()

    (said,) = frameworks.warnings

    assert inside == "it ran!"
    assert said == (
        f"pytest {release} is none of the releases that were tested, {release} to {release}; "
        f"it has no {MODULE}.run_streamed, so what is made there is not seen"
    )


def test_every_file_about_a_framework_is_found() -> None:
    """A new framework is one file; nobody has to name it elsewhere."""
    names = [one.name for one in all_frameworks()]

    assert names == [
        "agent-framework-core",
        "autogen-agentchat",
        "crewai",
        "google-adk",
        "langchain-core",
        "langgraph",
        "litellm",
        "openai-agents",
        "pydantic-ai-slim",
        "smolagents",
        "strands-agents",
    ]
