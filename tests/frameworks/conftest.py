"""For the contract of the frameworks: each scene is recorded once, for all tests."""

from __future__ import annotations

import functools
import gc
import warnings
from collections.abc import Callable

import pytest

from tests.frameworks.theatre import Played, Theatre, troupes

Recording = tuple[Theatre, Played]


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Recording]:
    """Give the golden of a scene, and how it was recorded."""

    @functools.cache
    def recorded(file: str, scene: str) -> Recording:
        folder = tmp_path_factory.getbasetemp() / file / scene
        theatre = Theatre(troupes()[file], scene, folder)
        return theatre, theatre.record()

    return recorded


def pytest_configure(config: pytest.Config) -> None:
    """Let frameworks keep clients and loops until the process ends, as they do for everybody."""
    config.addinivalue_line("filterwarnings", "ignore::pytest.PytestUnraisableExceptionWarning")


def pytest_unconfigure() -> None:
    """Collect what they have kept, before pytest looks for it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test the frameworks of this environment, and the scenes that they play."""
    if "scene" in metafunc.fixturenames:
        both = [(file, scene) for file, troupe in troupes().items() for scene in troupe.programs]
        names = [f"{file}-{scene}" for file, scene in both]
        metafunc.parametrize(("file", "scene"), both, ids=names)
    elif "file" in metafunc.fixturenames:
        metafunc.parametrize("file", list(troupes()))
