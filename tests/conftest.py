"""For all tests: what they start is spared seconds that no claim needs."""

from __future__ import annotations

import os
import sys

import pytest

from tests.fakes import authorities

LEFT_OUT = "-p no:langsmith_plugin -p no:inline_snapshot -p no:randomly"
"""Plugins of the development environment, each slower to load than what most sessions do."""

os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # a file may be edited twice in a second, to one size

authorities.leave_out()


@pytest.fixture(scope="session", autouse=True)
def _spared() -> None:
    """Leave them out of what tests start, and not of the workers, which inherit what is said."""
    os.environ.setdefault("PYTEST_ADDOPTS", LEFT_OUT)


@pytest.fixture
def pytester(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Keep no compiled file of a project: it may be edited twice in a second, to one size."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("PYTEST_ADDOPTS", LEFT_OUT)
    return pytester
