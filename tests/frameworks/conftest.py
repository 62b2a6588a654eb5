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
    # openai-agents before 0.24 says it of itself
    config.addinivalue_line("filterwarnings", "ignore:Use .streamable_http_client. instead")


def pytest_unconfigure() -> None:
    """Collect what they have kept, before pytest looks for it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test the frameworks of this environment, and the scenes that they play.

    What is of one framework stays in one worker, which records its scenes once.
    """
    if "scene" in metafunc.fixturenames:
        both = [
            pytest.param(file, scene, id=f"{file}-{scene}", marks=_together(metafunc, file))
            for file, troupe in troupes().items()
            for scene in troupe.programs
        ]
        metafunc.parametrize(("file", "scene"), both)
    elif "file" in metafunc.fixturenames:
        files = [pytest.param(file, marks=_together(metafunc, file)) for file in troupes()]
        metafunc.parametrize("file", files)


def _together(metafunc: pytest.Metafunc, file: str) -> tuple[pytest.MarkDecorator, ...]:
    grouped = metafunc.definition.get_closest_marker("xdist_group")
    return () if grouped is not None else (pytest.mark.xdist_group(file),)
