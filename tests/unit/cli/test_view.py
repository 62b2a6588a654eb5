"""`agenttrace view`: a page in a file, or served to one person on this machine."""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import click
import pytest
from click.testing import CliRunner

from agenttrace.cli import main
from agenttrace.cli.page_server import server
from agenttrace.formats.native import write
from tests.fakes.html_pages import with_span
from tests.fakes.refund_trace import refund_trace

PAGE = "<!doctype html><title>a page</title>"


@pytest.fixture
def traces(tmp_path: Path) -> tuple[str, str]:
    """Two goldens that differ."""
    golden = refund_trace()
    run = with_span(golden, "look_up_order", question={"order": "A-18"}, digest=b"e" * 16)
    paths = tmp_path / "old.trace", tmp_path / "new.trace"
    for path, trace in zip(paths, (golden, run), strict=True):
        path.write_bytes(write(trace))
    return str(paths[0]), str(paths[1])


@pytest.fixture
def served() -> Iterator[str]:
    """The address of a page that is being served."""
    made, address = server(PAGE)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield address
    made.shutdown()
    made.server_close()
    thread.join()


def asked(address: str, *, path: str | None = None, host: str | None = None) -> tuple[int, str]:
    """What the server says to one request."""
    parts = urlsplit(address)
    link = http.client.HTTPConnection(parts.hostname or "", parts.port)
    link.request(
        "GET", parts.path if path is None else path, headers={"Host": host or parts.netloc}
    )
    answer = link.getresponse()
    told = answer.status, answer.read().decode()
    link.close()
    return told


def test_a_trace_is_written_as_one_page_that_needs_nothing(
    traces: tuple[str, str], tmp_path: Path
) -> None:
    """Nothing on it is fetched: no address, and a policy that would refuse one."""
    out = tmp_path / "page.html"
    done = CliRunner().invoke(main, ["view", traces[0], "-o", str(out)])
    assert (done.exit_code, done.output) == (0, f"wrote  {out}\n")
    html = out.read_text("utf-8")
    assert "default-src &#39;none&#39;" in html
    assert not re.search(r"""(?:src|href)\s*=\s*["']""", html.split("<script>", 1)[0])


def test_a_page_goes_to_stdout(traces: tuple[str, str]) -> None:
    """-o - writes the page, and nothing beside it."""
    done = CliRunner().invoke(main, ["view", *traces, "-o", "-"])
    assert done.exit_code == 0
    assert done.output.startswith("<!doctype html>")
    assert done.output.rstrip().endswith("</html>")


def test_two_traces_cannot_both_come_from_stdin() -> None:
    """Which is which would be chance."""
    done = CliRunner().invoke(main, ["view", "-", "-", "-o", "-"])
    assert done.exit_code == 2


def test_what_is_no_trace_is_an_input_error(tmp_path: Path) -> None:
    """No page is written of it."""
    file = tmp_path / "a.trace"
    file.write_text("no trace")
    done = CliRunner().invoke(main, ["view", str(file), "-o", str(tmp_path / "p.html")])
    assert done.exit_code == 4
    assert not (tmp_path / "p.html").exists()


def test_the_page_is_served_under_its_secret_address(served: str) -> None:
    """On loopback, behind 128 bits that nobody can guess."""
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[0-9a-f]{32}/", served)
    assert asked(served) == (200, PAGE)
    port = urlsplit(served).port
    assert asked(served, host=f"localhost:{port}") == (200, PAGE)


@pytest.mark.parametrize("path", ["/", "/favicon.ico", "/" + "0" * 32 + "/", "//"])
def test_whoever_does_not_know_the_address_gets_nothing(served: str, path: str) -> None:
    """Every other path is a 404 that says no word of the trace."""
    status, told = asked(served, path=path)
    assert status == 404
    assert "a page" not in told


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1:1"])
def test_a_request_that_means_another_host_is_refused(served: str, host: str) -> None:
    """A name that was bent to lead here (DNS rebinding) does not get the page."""
    assert asked(served, host=host)[0] == 403


def test_a_port_that_is_taken_is_a_usage_error(served: str) -> None:
    """It says which, and does not choose another one silently."""
    port = urlsplit(served).port
    assert port is not None
    with pytest.raises(click.UsageError, match=f"port {port}"):
        server(PAGE, port=port)
