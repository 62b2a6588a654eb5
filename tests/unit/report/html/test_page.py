"""The page as a file: its policy, its data block, what a notebook gets."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import zlib
from html.parser import HTMLParser
from pathlib import Path

import msgpack
import pytest

from agenttrace.formats import native
from agenttrace.report.html import page as module
from agenttrace.report.html.notebook import MOST_SPANS
from agenttrace.report.html.page import SCRIPTS, STYLES, page
from tests.fakes.html_pages import alone, wide
from tests.fakes.refund_trace import refund_trace

FILES = Path(module.__file__).parent / "files"


class Inline(HTMLParser):
    """Collects what stands inside scripts and styles, and the policy."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], str]] = []
        self.policy = ""
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a script's or a style's beginning."""
        if tag in ("script", "style"):
            self.found.append((tag, dict(attrs), ""))
            self._open = True
        if tag == "meta" and ("http-equiv", "Content-Security-Policy") in attrs:
            self.policy = dict(attrs)["content"] or ""

    def handle_endtag(self, tag: str) -> None:
        """End it."""
        self._open = False

    def handle_data(self, data: str) -> None:
        """Take its text."""
        if self._open:
            tag, attributes, text = self.found[-1]
            self.found[-1] = tag, attributes, text + data


def read(text: str) -> Inline:
    """What stands inside the scripts and styles of a page."""
    reader = Inline()
    reader.feed(text)
    return reader


def test_the_policy_lets_run_what_stands_there_and_nothing_else() -> None:
    """One script and one style, known by their hashes; the rest of the world is `none`."""
    reader = read(alone(refund_trace()))
    (style,) = [it for it in reader.found if it[0] == "style"]
    data, script = [it for it in reader.found if it[0] == "script"]
    hashes = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for *_, text in (script, style)
    ]
    assert reader.policy == (
        f"default-src 'none'; script-src 'sha256-{hashes[0]}'; style-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert data[1] == {"type": "text/plain", "id": "data"}


def test_the_data_block_holds_the_golden_itself() -> None:
    """Deflated and in base64; the golden in it is, byte for byte, the one that goes to disk."""
    trace = refund_trace()
    block = next(text for _, attributes, text in read(alone(trace)).found if "id" in attributes)
    document = msgpack.unpackb(zlib.decompress(base64.b64decode(block)))
    ((_, _, run),) = document["runs"]
    (told,) = msgpack.unpackb(run)["traces"]
    assert told["golden"] == native.write(trace)


def test_no_script_makes_markup_of_text() -> None:
    """Elements are made one by one, and text gets in as text: no script parses HTML."""
    scripts = "\n".join((FILES / f"{name}.js").read_text("utf-8") for name in SCRIPTS)
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
                "new Function", "DOMParser", "createContextualFragment", "import(", "fetch(",
                "XMLHttpRequest", "setHTML"):  # fmt: skip
        assert way not in scripts


def test_every_file_of_the_page_is_on_it() -> None:
    """None lies there unused, and none is put in twice."""
    there = {file.name for file in FILES.iterdir()}
    used = [f"{name}.js" for name in SCRIPTS] + [f"{name}.css" for name in STYLES]
    assert there == {*used, "page.html.j2"}
    assert len(set(used)) == len(used)


def test_a_page_is_the_same_each_time() -> None:
    """No time and no chance is in it, so that a build that changes nothing changes no page."""
    assert alone(refund_trace()) == alone(refund_trace())


def test_a_notebook_shows_a_trace_in_a_frame_that_reaches_nothing() -> None:
    """The cell's output is one frame without an origin, whose text is the page."""
    trace = refund_trace()
    shown = trace._repr_html_()
    assert shown.startswith('<iframe sandbox="allow-scripts" ')
    inside = re.search(r'srcdoc="([^"]*)"', shown)
    assert inside is not None
    assert html.unescape(inside[1]).startswith("<!doctype html>")


@pytest.mark.parametrize("spans", [MOST_SPANS + 1])
def test_a_notebook_does_not_keep_what_is_too_long_for_it(spans: int) -> None:
    """A long trace is named in the cell, with the command that shows it."""
    shown = wide(spans)._repr_html_()
    assert len(shown) < 1_000
    assert f"{spans + 1} spans" in shown
    assert "agenttrace view" in shown


def test_a_page_of_no_run_is_a_page() -> None:
    """A session in which nothing failed has one as well."""
    assert page([], said="3 runs, nothing fails.").startswith("<!doctype html>")


def test_no_two_scripts_have_a_name_in_common() -> None:
    """They share one scope, in which the later of two functions would replace the other."""
    pattern = re.compile(r"^(?:async )?(?:function\*?|class|const|let) (\w+)", re.MULTILINE)
    names = [name for one in SCRIPTS for name in pattern.findall((FILES / f"{one}.js").read_text())]

    assert len(names) > 100
    assert sorted({name for name in names if names.count(name) > 1}) == []
