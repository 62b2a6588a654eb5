"""For all tests: what they start is spared seconds that no claim needs."""

from __future__ import annotations

import os
import sys

import pytest

from tests.fakes import authorities

os.environ.setdefault("PYTEST_ADDOPTS", "-p no:langsmith_plugin")  # it comes with langchain-core
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # a file may be edited twice in a second, to one size

authorities.leave_out()


@pytest.fixture
def pytester(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Keep no compiled file of a project: it may be edited twice in a second, to one size."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return pytester
