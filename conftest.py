"""What every test of the project shares: pytest's own test kit, and the code in the pages.

Each Python block of README.md and of `docs/` is a test. The blocks of one page share their names,
so they run in the order of the page, in one process, inside a folder of the page's own.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sybil import Sybil
from sybil.integration.pytest import SybilItem
from sybil.parsers.markdown import PythonCodeBlockParser

pytest_plugins = ["pytester"]

# A busy machine is no defect. All else stays as Hypothesis chose: with CI=true, the same examples
# in every run.
settings.register_profile("patient", parent=settings(), deadline=None)
settings.load_profile("patient")

_readme = Sybil(
    [PythonCodeBlockParser()],
    pattern="README.md",
    excludes=["*/README.md"],
    fixtures=["folder_of_page"],
)
_pages = Sybil([PythonCodeBlockParser()], path="docs", pattern="*.md", fixtures=["folder_of_page"])
pytest_collect_file = (_readme + _pages).pytest()


@pytest.fixture(scope="module")
def folder_of_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty folder, the working directory for all blocks of one page."""
    home, folder = Path.cwd(), tmp_path_factory.mktemp("page")
    os.chdir(folder)
    yield folder
    os.chdir(home)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the blocks of each page back into the page's order, wherever chance has dealt them."""
    blocks = [item for item in items if isinstance(item, SybilItem)]
    blocks.sort(key=lambda block: (str(block.path), block.example.line))
    in_order = iter(blocks)
    items[:] = [next(in_order) if isinstance(item, SybilItem) else item for item in items]
