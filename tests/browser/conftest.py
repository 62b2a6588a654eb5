"""What the tests of the page share: one browser a process, and silence on every page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import chromium


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave these tests out where somebody said that there is no browser."""
    if chromium.unwanted():
        here = Path(__file__).parent
        for item in items:
            if here in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="BROWSER=none"))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that looks at a screen in the thread of the browser."""
    screen = pyfuncitem.funcargs.get("screen")
    if not isinstance(screen, chromium.Screen):
        return None
    wanted = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    screen.driver.run(lambda: pyfuncitem.obj(**wanted))
    return True


@pytest.fixture(scope="session")
def driver() -> Iterator[chromium.Driver]:
    """The browser of this process."""
    executable = chromium.path()
    if executable is None:
        pytest.fail(chromium.HOW, pytrace=False)
    driver = chromium.Driver(executable)
    yield driver
    driver.close()


@pytest.fixture
def screen(driver: chromium.Driver, tmp_path: Path) -> Iterator[chromium.Screen]:
    """Somewhere to open pages; whatever a test does, none asks the network, and none complains."""
    screen = chromium.Screen(driver, tmp_path)
    yield screen
    driver.run(screen.close)
    assert (screen.requests, screen.complaints) == ([], [])
