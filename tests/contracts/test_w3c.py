"""W3C Trace Context, level 2, over real HTTP: what a service sends on because of what came.

The cases are those of the specification's public suite, in our own words; `make w3c` runs the suite
itself. Those on which OpenTelemetry's own propagator falls are marked.
"""

from __future__ import annotations

import http.client
import string
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest

from agenttrace.causal.propagation import RANDOM, TraceParent, parse_traceparent
from tools import w3c

TRACE, SPAN = "12345678901234567890123456789012", "1234567890123456"
GOOD = f"00-{TRACE}-{SPAN}-01"
FUTURE = "what-the-future-will-be-like"
VALUE = "".join(sorted(set(string.printable[:95]) - {",", "="}))
KEY = string.ascii_lowercase + string.digits + "_-*/"
MANY = [",".join(f"k{row}{n}=1" for n in range(8)) for row in range(4)]
Sent = list[tuple[str, str]]


class Peer(BaseHTTPRequestHandler):
    """The next service: keeps the headers of each request."""

    came: list[Any]

    def do_POST(self) -> None:
        """Keep what came."""
        self.rfile.read(int(self.headers["content-length"]))
        self.came.append(self.headers)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@pytest.fixture(scope="module")
def ways() -> Iterator[tuple[str, str, list[Any]]]:
    """The service, the one after it, and what came to that."""
    came: list[Any] = []
    peer = ThreadingHTTPServer(("127.0.0.1", 0), type("Kept", (Peer,), {"came": came}))
    thread = threading.Thread(target=peer.serve_forever)
    thread.start()
    with w3c.service() as url:
        yield url, f"http://127.0.0.1:{peer.server_port}/", came
    peer.shutdown()
    thread.join()
    peer.server_close()


def onward(
    ways: tuple[str, str, list[Any]], headers: Sent, times: int = 1
) -> list[tuple[TraceParent, str]]:
    """Ask the service, with these headers as they stand; give what it sent on."""
    url, peer, came = ways
    came.clear()
    body = "[" + ",".join([f'{{"url": "{peer}", "arguments": []}}'] * times) + "]"
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc, timeout=30)
    connection.putrequest("POST", place.path)
    for name, value in (*headers, ("content-length", str(len(body)))):
        connection.putheader(name, value)
    connection.endheaders(body.encode())
    assert connection.getresponse().status == 200
    connection.close()
    found = []
    for sent in came:
        (text,) = sent.get_all("traceparent")
        parent = parse_traceparent(text)
        assert parent is not None
        assert len(sent.get_all("tracestate") or ()) <= 1
        found.append((parent, sent["tracestate"] or ""))
    assert len(found) == times
    return found


@pytest.mark.parametrize(
    "header",
    [
        ("traceparent", GOOD),
        ("TraceParent", GOOD),
        ("TrAcEpArEnT", GOOD),
        ("TRACEPARENT", GOOD),
        ("traceparent", f"\t {GOOD} \t"),
        ("traceparent", f"cc-{TRACE}-{SPAN}-01"),
        ("traceparent", f"cc-{TRACE}-{SPAN}-01-{FUTURE}"),
    ],
)
def test_a_trace_goes_on_with_a_span_of_the_service(header: tuple[str, str], ways: Any) -> None:
    """Whatever the case of the name, the space around it, or the version that is to come."""
    [(parent, _)] = onward(ways, [header])

    assert parent.trace == TRACE
    assert parent.span != SPAN


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("trace-parent", GOOD)],
        [("trace.parent", GOOD)],
        [("traceparent", GOOD), ("traceparent", f"00-{TRACE[:-1]}1-{SPAN}-01")],  # otel: 37 of 41
        *(
            [("traceparent", text)]
            for text in (
                f"{GOOD}.",
                f"{GOOD}-{FUTURE}",
                f"cc-{TRACE}-{SPAN}-01.{FUTURE}",
                f"ff-{TRACE}-{SPAN}-01",
                f".0-{TRACE}-{SPAN}-01",
                f"0.-{TRACE}-{SPAN}-01",
                f"000-{TRACE}-{SPAN}-01",
                f"0000-{TRACE}-{SPAN}-01",
                f"0-{TRACE}-{SPAN}-01",
                f"00-{'0' * 32}-{SPAN}-01",
                f"00-.{TRACE[1:]}-{SPAN}-01",
                f"00-{TRACE[:-1]}.-{SPAN}-01",
                f"00-{TRACE}3-{SPAN}-01",
                f"00-{TRACE[:-1]}-{SPAN}-01",
                f"00-{TRACE}-{'0' * 16}-01",
                f"00-{TRACE}-.{SPAN[1:]}-01",
                f"00-{TRACE}-{SPAN[:-1]}.-01",
                f"00-{TRACE}-{SPAN}7-01",
                f"00-{TRACE}-{SPAN[:-1]}-01",
                f"00-{TRACE}-{SPAN}-.0",
                f"00-{TRACE}-{SPAN}-0.",
                f"00-{TRACE}-{SPAN}-001",
                f"00-{TRACE}-{SPAN}-1",
            )
        ),
    ],
)
def test_a_trace_begins_where_no_cause_can_be_read(headers: Sent, ways: Any) -> None:
    """With a random id, and without the tracestate of a trace that it does not go on with."""
    [(parent, state)] = onward(ways, [*headers, ("tracestate", "foo=1,bar=2")])

    assert parent.trace[:31] not in (TRACE[:31], "0" * 31)
    assert parent.trace != f"{TRACE}3"[1:]
    assert parent.random
    assert state == ""


@pytest.mark.parametrize("flags", ["00", "01", "02", "03"])
def test_the_flags_of_a_trace_go_on(flags: str, ways: Any) -> None:
    """Level 2: whether its id is random, too; others are of no meaning yet, and stay here."""
    [(parent, _)] = onward(ways, [("traceparent", f"00-{TRACE}-{SPAN}-{flags}")])
    [(other, _)] = onward(ways, [("traceparent", f"00-{TRACE}-{SPAN}-f{flags[1]}")])

    assert (parent.flags, other.flags) == (int(flags), int(flags))
    assert parent.random == bool(int(flags) & RANDOM)


@pytest.mark.parametrize(
    ("lines", "goes"),
    [
        (["foo=1,bar=2"], "foo=1,bar=2"),
        ([""], ""),
        (["foo=1", ""], "foo=1"),
        (["", "foo=1"], "foo=1"),
        (["foo=1,bar=2", "rojo=1,congo=2", "baz=3"], "foo=1,bar=2,rojo=1,congo=2,baz=3"),
        (["foo=1,foo=1"], "foo=1"),  # otel drops it
        (["foo=1,foo=2"], "foo=1"),  # otel drops it
        (["foo=1", "foo=1"], "foo=1"),  # otel drops it
        (["foo=1", "foo=2"], "foo=1"),  # otel drops it
        ([f"{KEY}={VALUE}~"], f"{KEY}={VALUE}~"),
        ([f"{KEY}@a-z0-9_-*/={VALUE}~"], f"{KEY}@a-z0-9_-*/={VALUE}~"),
        (["foo=1 \t , \t bar=2, \t baz=3"], "foo=1,bar=2,baz=3"),
        (["foo=1\t \t,\t \tbar=2,\t \tbaz=3"], "foo=1,bar=2,baz=3"),
        (["\t foo=1 \t"], "foo=1"),
        (["foo =1"], ""),
        (["FOO=1"], ""),
        (["foo.bar=1"], ""),
        (["foo@=1,bar=2"], "foo@=1,bar=2"),  # otel drops it
        (["@foo=1,bar=2"], ""),
        (["foo@@bar=1,bar=2"], "foo@@bar=1,bar=2"),  # otel drops it
        (["foo@bar@baz=1,bar=2"], "foo@bar@baz=1,bar=2"),  # otel drops it
        (MANY, ",".join(MANY)),
        ([*MANY, "one-more=1"], ""),
        (["foo=1", f"{'z' * 256}=1"], f"foo=1,{'z' * 256}=1"),  # otel drops it
        (["foo=1", f"{'z' * 257}=1"], ""),
        (["foo=1", f"{'t' * 241}@{'v' * 14}=1"], f"foo=1,{'t' * 241}@{'v' * 14}=1"),
        (["foo=1", f"{'t' * 242}@v=1"], f"foo=1,{'t' * 242}@v=1"),
        (["foo=bar=baz"], ""),
        (["foo=,bar=3"], ""),
    ],
)
@pytest.mark.parametrize("name", ["tracestate", "TraceState", "TRACESTATE"])
def test_a_tracestate_goes_on_whole_or_not_at_all(
    name: str, lines: list[str], goes: str, ways: Any
) -> None:
    """All its lines together; and a bad one never has a say in the trace itself."""
    headers = [("traceparent", GOOD), *((name, line) for line in lines)]
    [(parent, state)] = onward(ways, headers)

    assert parent.trace == TRACE
    assert state == goes


@pytest.mark.parametrize("name", ["trace-state", "trace.state"])
def test_another_header_is_no_tracestate(name: str, ways: Any) -> None:
    """However alike it looks."""
    [(_, state)] = onward(ways, [("traceparent", GOOD), (name, "foo=1")])

    assert state == ""


@pytest.mark.parametrize(
    ("headers", "trace"),
    [
        ([("traceparent", GOOD)], TRACE),
        ([], None),
        ([("traceparent", f"00-{'0' * 32}-1-01")], None),
    ],
)
def test_each_request_that_is_sent_on_has_a_span_of_its_own(
    headers: Sent, trace: str | None, ways: Any
) -> None:
    """Three because of one: in one trace, where it came with one."""
    sent = onward(ways, headers, times=3)

    assert len({parent.span for parent, _ in sent}) == 3
    assert trace is None or {parent.trace for parent, _ in sent} == {trace}


def test_a_folder_without_the_suite_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """The suite is nobody's to ship but its authors'."""
    assert w3c.main(["/nowhere"]) == 2
    assert "usage: make w3c DIR=FOLDER" in capsys.readouterr().err
