"""What recording costs the program that is recorded: a span, a model call, an idle verb.

python benchmarks/recording.py
"""

from __future__ import annotations

import contextlib
import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paired
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import agenttrace
from agenttrace import boundary
from agenttrace.adapters.http import question_of
from agenttrace.model.call import Answer, Chunk
from agenttrace.session import REWRITE, Plan, Session, World

SPANS, MESSAGES, LAST = 2_000, 60, 10
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


@contextlib.contextmanager
def recording() -> Iterator[Session]:
    """A run that is recorded into a journal, every record written at once."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        plan = Plan(
            name="a run",
            golden=place / "a.trace",
            shown="a.trace",
            journal=place / "a.journal",
            mode=REWRITE,
        )
        with World(live=True) as world, Session(plan, world) as session:
            yield session


def spans_of_ours() -> float:
    """Record and persist spans; the set-up of the run is left out."""

    def many() -> None:
        for _ in range(SPANS):
            with agenttrace.span("look up", **ATTRIBUTES):
                pass

    with recording():
        return paired.cpu_s(many)


def spans_of_opentelemetry() -> float:
    """Make the same spans with OpenTelemetry's SDK, which keeps them in memory."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("bench")

    def many() -> None:
        for _ in range(SPANS):
            with tracer.start_as_current_span("look up", attributes=ATTRIBUTES):
                pass

    return paired.cpu_s(many)


def conversations() -> list[bytes]:
    """The bodies of one agent's calls, each a message longer: the last has 60, and 50 kB."""
    chance = random.Random(5)
    talk: list[Any] = []
    bodies = []
    for number in range(MESSAGES):
        words = " ".join(f"w{chance.randrange(5_000):x}" for _ in range(160))
        talk.append({"role": ("user", "assistant")[number % 2], "content": words})
        bodies.append(json.dumps({"model": "gpt-5", "messages": talk}).encode())
    return bodies


def calls_of_ours() -> float:
    """Record the last ten calls of a conversation: their beginnings have been seen."""
    bodies = conversations()
    answer = Answer(head={"status": 200}, chunks=(Chunk(data=b'{"choices": []}'),))

    def record(bodies: list[bytes]) -> None:
        for body in bodies:
            question, _ = question_of("POST", "/v1/chat/completions", body, "application/json")
            door.ask(question).close(answer)

    with recording():
        door = boundary.here()
        assert door is not None
        record(bodies[:-LAST])
        return paired.cpu_s(lambda: record(bodies[-LAST:]))


def calls_of_json() -> float:
    """Write the bodies of the same calls with sorted keys."""
    bodies = [json.loads(body) for body in conversations()[-LAST:]]
    return paired.cpu_s(lambda: [json.dumps(body, sort_keys=True) for body in bodies])


def verbs() -> tuple[paired.Row, ...]:
    """A verb outside of any run, against a call of an empty function."""

    def nothing(*_words: object, **_more: object) -> None:
        """Do nothing."""

    times = range(100_000)

    def empty() -> None:
        for _ in times:
            nothing("reflection", order=17)

    def event() -> None:
        for _ in times:
            agenttrace.event("reflection", order=17)

    def entered() -> None:
        for _ in times:
            nothing("look up", order=17)

    def span() -> None:
        for _ in times:
            agenttrace.span("look up", order=17)

    return (
        paired.Row(
            name="event(), nothing records / an empty function",
            target=2,
            ratios=paired.ratios(event, empty),
        ),
        paired.Row(
            name="span(), nothing records / an empty function",
            target=2,
            ratios=paired.ratios(span, entered),
        ),
    )


def main() -> None:
    """Print the rows; those of an idle verb first: a process that has recorded knows more."""
    idle = verbs()
    paired.told(
        "recording",
        paired.Row(
            name="record and persist a span of 8 attributes / OpenTelemetry, simple, in memory",
            target=0.25,
            ratios=paired.of_times(spans_of_ours, spans_of_opentelemetry),
        ),
        paired.Row(
            name="record a model call of 60 messages, 50 kB, all but one seen / json.dumps, sorted",
            target=1,
            ratios=paired.of_times(calls_of_ours, calls_of_json, rounds=15),
        ),
        *idle,
    )


if __name__ == "__main__":
    main()
