"""A trace goes out: to a file that others open, and to an endpoint that comes and goes."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from agenttrace.cli import main
from agenttrace.errors import ExportRefused, UsageError
from agenttrace.formats import catalog, native
from agenttrace.formats.told import Told
from agenttrace.session import exporting
from tests.fakes.campaign import times
from tests.fakes.collector import Collector
from tests.fakes.refund_trace import refund_trace

SPANS = times(3_000, 10_000)
"""How many spans are on their way while the endpoint is killed."""


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    """A collector that listens on this machine."""
    made = Collector(tmp_path / "accepted.jsonl")
    made.file.touch()
    made.start()
    yield made
    made.close()


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    """A golden of a run."""
    path = tmp_path / "refund.trace"
    path.write_bytes(native.write(refund_trace()))
    return path


def many(count: int) -> list[Told]:
    """Spans of one trace."""
    return [
        Told(
            trace="a" * 32, id=f"{number + 1:016x}", name="step", start_ns=number, end_ns=number + 1
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("form", list(exporting.SENT))
def test_what_is_on_its_way_while_the_endpoint_is_killed_all_arrives(
    form: str, collector: Collector
) -> None:
    """Killed twice, started twice: every span is there; only an unanswered batch came again."""
    killed, missed, sent = threading.Event(), threading.Event(), threading.Event()

    def kill_and_start() -> None:
        for seen in (1, 3):
            while len(collector.batches()) < seen and not sent.is_set():
                time.sleep(0.01)
            missed.clear()
            collector.kill()
            killed.set()
            while not (missed.is_set() or sent.is_set()):
                time.sleep(0.01)
            collector.start()

    def progress(done: int, note: str) -> None:
        waits.append(note)
        if note:
            missed.set()
        elif done > SPANS / 2:
            assert killed.wait(60), "nobody killed it while there was something to send"

    enemy = threading.Thread(target=kill_and_start)
    enemy.start()
    spans = many(SPANS)
    waits: list[str] = []
    endpoint = exporting.Endpoint.of(collector.url)
    try:
        exporting.send(spans, catalog.exporters()[form], endpoint, wait_s=120, progress=progress)
    finally:
        sent.set()
        enemy.join()

    batches = collector.batches()
    ids = [span for batch in batches for span in batch]
    assert killed.is_set()
    assert any("was not there" in note for note in waits)
    assert set(ids) == {span.id for span in spans}
    again = {json.dumps(batch): count for batch, count in Counter(map(json.dumps, batches)).items()}
    assert sum(count - 1 for count in again.values()) <= 2


def test_a_batch_that_a_kill_tore_was_not_accepted_and_comes_again(collector: Collector) -> None:
    """What the endpoint was writing when it was killed it never answered: it is sent once more."""
    collector.kill()
    collector.file.write_text('["0000000000000001", "00000')
    collector.start()
    spans = many(3)
    sent = catalog.exporters()["otlp"]
    exporting.send(spans, sent, exporting.Endpoint.of(collector.url), wait_s=60)

    assert collector.batches() == [[span.id for span in spans]]


def test_an_export_has_ids_of_its_own_unless_they_are_to_be_stable(
    golden: Path, tmp_path: Path
) -> None:
    """A backend keeps two exports apart; `--stable-ids` makes them one and the same."""
    files = [tmp_path / f"{number}.json" for number in range(4)]
    for number, file in enumerate(files):
        stable = ["--stable-ids"] if number > 1 else []
        words = ["export", str(golden), "--to", "otlp", "-o", str(file), *stable]
        assert CliRunner().invoke(main, words).exit_code == 0
    read = [catalog.codec_for("otlp").read(file.read_bytes()) for file in files]

    assert len({trace.id for trace in read}) == 3
    assert files[2].read_bytes() == files[3].read_bytes()
    own = {span.id for span in refund_trace().spans}
    assert not any(span.id in own for trace in read for span in trace.spans)


def test_a_golden_is_sent_and_its_model_calls_are_told_in_everybodys_names(
    golden: Path, collector: Collector, tmp_path: Path
) -> None:
    """What OpenAI's wire format said becomes GenAI messages, tokens and cost."""
    words = ["export", str(golden), "--to", "otlp-protobuf", "--endpoint", collector.url]
    sent = CliRunner().invoke(main, words)
    assert (sent.exit_code, "sent  " in sent.output) == (0, True)
    assert len(collector.batches()[0]) == len(refund_trace().spans)

    file = tmp_path / "out.json"
    CliRunner().invoke(main, ["export", str(golden), "--to", "otlp", "-o", str(file)])
    (chat,) = [
        {one["key"]: next(iter(one["value"].values())) for one in span["attributes"]}
        for group in json.loads(file.read_bytes())["resourceSpans"]
        for scoped in group["scopeSpans"]
        for span in scoped["spans"]
        if span["name"] == "chat gpt-4o"
    ]
    said: list[Any] = json.loads(chat["gen_ai.output.messages"])
    assert said[0]["parts"] == [{"type": "text", "content": "I found a double payment."}]
    assert [chat["gen_ai.usage.input_tokens"], chat["llm.tokens.used"]] == ["812", "876"]
    assert chat["llm.cost.total"] == 0.00267


def test_an_endpoint_that_is_down_or_says_no_is_an_error_that_says_what_it_took() -> None:
    """After `--wait`, and never with a part that nobody knows of."""
    down = exporting.Endpoint.of("http://127.0.0.1:9")
    with pytest.raises(ExportRefused, match=r"took 0 of 3 spans, and then was not there"):
        exporting.send(many(3), catalog.exporters()["otlp"], down, wait_s=0)
    for wrong in ("127.0.0.1:4318", "ftp://x", "http://[", "http://x:port"):
        with pytest.raises(UsageError):
            exporting.Endpoint.of(wrong)
    with pytest.raises(UsageError, match="NAME=VALUE"):
        exporting.Endpoint.of("http://x", ["key"])


def partial(form: str) -> bytes:
    """What an endpoint answers that took all but two spans."""
    told = ExportTraceServiceResponse()
    told.partial_success.rejected_spans = 2
    told.partial_success.error_message = "too old"
    said = {"partialSuccess": {"rejectedSpans": "2", "errorMessage": "too old"}}
    return json.dumps(said).encode() if form == "otlp" else told.SerializeToString()


@pytest.mark.parametrize("form", list(exporting.SENT))
def test_an_endpoint_that_took_a_part_is_an_error_that_says_how_much(form: str) -> None:
    """It answers 200, and says in its answer that spans were rejected."""

    class Picky(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = partial(form)
            self.send_response(200)
            self.send_header("Content-Type", exporting.SENT[form])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Picky) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        endpoint = exporting.Endpoint.of(f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(ExportRefused, match="took no 2 of a batch") as refused:
            exporting.send(many(3), catalog.exporters()[form], endpoint, wait_s=0)
        server.shutdown()

    assert refused.value.detail == "  too old"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "say where to"),
        (["-o", "x", "--endpoint", "http://x"], "say where to"),
        (["--endpoint", "http://x"], "an endpoint takes otlp or otlp-protobuf"),
    ],
    ids=["nowhere", "twice", "no such endpoint"],
)
def test_where_to_is_said_once(golden: Path, words: list[str], says: str) -> None:
    """A file or an endpoint; and only OTLP is sent."""
    result = CliRunner().invoke(main, ["export", str(golden), "--to", "zipkin", *words])

    assert (result.exit_code, says in result.output) == (2, True)
