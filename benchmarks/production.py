"""What recording in production costs: the thread that waits for it, and the processor in all.

python benchmarks/production.py
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paired
from opentelemetry.sdk.trace import SpanProcessor as Processor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import agenttrace
from agenttrace.session.journals import MEGABYTE

SPANS = 2_000
AGENT, ALL = 0, 1
"""Of two times: of the thread that makes the spans, and of the whole process."""
ATTRIBUTES: dict[str, Any] = {
    "order": "A-17",
    "amount": 12.5,
    "currency": "EUR",
    "tries": 3,
    "urgent": False,
    "customer": "c-204",
    "region": "eu-west",
    "score": 0.75,
}


def seconds(work: Callable[[], object], done: Callable[[], object]) -> tuple[float, float]:
    """Processor seconds of a piece of work: of the thread that did it, and of the process."""
    gc.collect()
    gc.disable()
    try:
        process, thread = time.process_time(), time.thread_time()
        work()
        own = time.thread_time() - thread
        done()
        return own, time.process_time() - process
    finally:
        gc.enable()


def of_opentelemetry(processor: Processor | None) -> tuple[float, float]:
    """Make spans with OpenTelemetry's SDK, for a processor or for nobody."""
    provider = TracerProvider(shutdown_on_exit=False)
    if processor is not None:
        provider.add_span_processor(processor)
    tracer = provider.get_tracer("bench")

    def many() -> None:
        with tracer.start_as_current_span("bench"):
            for _ in range(SPANS):
                with tracer.start_as_current_span("look up", attributes=ATTRIBUTES):
                    pass

    return seconds(many, lambda: processor is None or processor.force_flush())


@contextmanager
def folder() -> Iterator[Path]:
    """A place for journals."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name) / "journals"


def of_simple() -> tuple[float, float]:
    """OpenTelemetry's own processor, which keeps the spans in memory."""
    return of_opentelemetry(SimpleSpanProcessor(InMemorySpanExporter()))


def of_our_processor() -> tuple[float, float]:
    """Ours, which writes them to journals; nothing is dropped."""
    with folder() as place:
        ours: Any = agenttrace.SpanProcessor(
            place, limits=agenttrace.Limits(waiting_bytes=1024 * MEGABYTE)
        )
        found = of_opentelemetry(ours)
        ours.shutdown()
        assert not ours.tally.dropped
    return found


def processors() -> tuple[float, ...]:
    """What each processor takes of the thread in which spans end, on the same spans."""
    exporter = InMemorySpanExporter()
    of_opentelemetry(SimpleSpanProcessor(exporter))
    spans = exporter.get_finished_spans()

    def ending(processor: Any) -> float:  # noqa: ANN401 - theirs, or ours
        def all_of_them() -> None:
            for span in spans:
                processor.on_end(span)

        found, _ = seconds(all_of_them, processor.force_flush)
        return found

    with folder() as place:
        ours = agenttrace.SpanProcessor(place)
        simple = SimpleSpanProcessor(InMemorySpanExporter())
        ratios = tuple(ending(ours) / ending(simple) for _ in range(8))[1:]
        ours.shutdown()
    return ratios


def of_install() -> tuple[float, float]:
    """The same spans by our own verb, recorded by `install`; nothing is dropped."""

    def many() -> None:
        for _ in range(SPANS):
            with agenttrace.span("look up", **ATTRIBUTES):
                pass

    limits = agenttrace.Limits(waiting_bytes=1024 * MEGABYTE)
    with folder() as place, agenttrace.install(place, limits=limits) as recorder:
        with agenttrace.run("bench"):
            found = seconds(many, recorder.flush)
        assert not recorder.tally.dropped
    return found


def main() -> None:
    """Print the rows, each of one run of all."""
    rounds = []
    for number in range(8):
        measured = of_opentelemetry(None), of_simple(), of_our_processor(), of_install()
        if number:  # the first is for nothing
            rounds.append(measured)

    def whole(which: int, of: int) -> tuple[float, ...]:
        return tuple(one[which][of] / one[1][of] for one in rounds)

    simple = "OpenTelemetry, simple, in memory"
    paired.told(
        "production",
        paired.Row(
            name="SpanProcessor: on_end of a span, the agent's thread / SimpleSpanProcessor's",
            target=0.25,
            ratios=processors(),
        ),
        paired.Row(
            name=f"SpanProcessor, a span, all threads: what it adds / {simple}: the whole span",
            target=0.25,
            ratios=tuple(max(one[2][ALL] - one[0][ALL], 1e-9) / one[1][ALL] for one in rounds),
        ),
        paired.Row(
            name=f"install(), a span of 8 attributes: the agent's thread / {simple}",
            target=0.25,
            ratios=whole(3, AGENT),
        ),
        paired.Row(
            name=f"install(), a span of 8 attributes: all threads / {simple}",
            target=0.25,
            ratios=whole(3, ALL),
        ),
    )


if __name__ == "__main__":
    main()
