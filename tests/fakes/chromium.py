"""Chromium: the real browser, driven from a thread of its own.

Playwright keeps an event loop running in the thread that uses it, and a test of another file may
want to start one there; so whatever drives the browser happens in a thread that does nothing else.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HOW = (
    "No Chromium was found. The page is tested in a real one: install it (Debian: apt-get install "
    "chromium), or leave these tests out with BROWSER=none."
)


def path() -> str | None:
    """Where the browser is; None: there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def unwanted() -> bool:
    """Whether somebody said that there is no browser here."""
    return os.environ.get("BROWSER") == "none"


def until(page: Any, expression: str) -> None:
    """Wait until something holds on a page; its policy lets no waiting be done inside it.

    Raises:
        AssertionError: It did not within a minute.
    """
    for _ in range(3_000):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(20)
    raise AssertionError(expression)


def drawn(page: Any) -> None:
    """Wait until what was asked to be drawn has been: rows are, with the next frame."""
    page.evaluate("() => new Promise((go) => { requestAnimationFrame(go); })")


class Driver:
    """Starts the browser, and does what it is told in the browser's own thread."""

    def __init__(self, executable: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="browser")
        self._executable = executable
        self.run(self._start)

    def run(self, work: Callable[[], T]) -> T:
        """Do something in the browser's thread, and wait for it."""
        return self._thread.submit(work).result()

    def close(self) -> None:
        """End the browser."""
        self.run(self.browser.close)
        self.run(self._playwright.stop)
        self._thread.shutdown()

    def _start(self) -> None:
        from playwright.sync_api import sync_playwright

        self._playwright: Any = sync_playwright().start()
        self.browser: Any = self._playwright.chromium.launch(
            executable_path=self._executable, args=list(FLAGS)
        )


@dataclass
class Screen:
    """Opens pages, and hears of every request that one makes and of every complaint.

    Attributes:
        driver: The browser.
        folder: Where pages are written.
        requests: What was asked for, besides the page itself.
        complaints: Errors, and what the page's policy refused.
    """

    driver: Driver
    folder: Path
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    _contexts: list[Any] = field(default_factory=list)

    def open(
        self, html: str, *, at: str = "", width: int = 1600, height: int = 900, dark: bool = False
    ) -> Any:
        """Open a page from disk, and wait until it has shown itself.

        Args:
            html: The page.
            at: What stands behind the `#` of its address.
            width: Of the window, in CSS pixels.
            height: Likewise.
            dark: Whether the system is in dark mode.
        """
        file = self.folder / f"page-{len(self._contexts)}.html"
        file.write_text(html, "utf-8")
        page = self.window(width=width, height=height, dark=dark)
        page.goto(f"{file.as_uri()}{at and '#'}{at}")
        page.wait_for_selector("html[data-state]")
        drawn(page)
        return page

    def window(self, *, width: int = 1600, height: int = 900, dark: bool = False) -> Any:
        """Open an empty window."""
        context = self.driver.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        context.set_default_timeout(120_000)
        self._contexts.append(context)
        page = context.new_page()
        page.on("request", self._heard)
        page.on("console", lambda said: self.complaints.append(said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda box: (self.complaints.append(box.message), box.dismiss()))
        page.on("popup", lambda other: self.requests.append(other.url))
        return page

    def _heard(self, request: Any) -> None:
        if not request.is_navigation_request() or not request.url.startswith("file:"):
            self.requests.append(request.url)

    def close(self) -> None:
        """Close every page."""
        for context in self._contexts:
            context.close()
