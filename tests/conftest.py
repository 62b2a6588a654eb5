"""For all tests: what they start runs pytest without a plugin that takes seconds to load."""

from __future__ import annotations

import os

os.environ.setdefault("PYTEST_ADDOPTS", "-p no:langsmith_plugin")  # it comes with langchain-core
