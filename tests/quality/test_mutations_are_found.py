"""One change to a trace is found as what it is, where it is; and no change is found where none is.

In a campaign, every sort of change is tried on each of 200 made traces and on all real ones, and
10,000 recordings of other days are compared.
"""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from agenttrace.check.diff import diff
from agenttrace.errors import AgentTraceError
from agenttrace.explore.equivalents import equivalent
from agenttrace.explore.mutations import MUTATIONS, mutated
from agenttrace.formats import catalog
from agenttrace.model.trace import Trace
from tests.fakes.campaign import times
from tests.fakes.made_traces import a_trace

TRACES = times(25, 200)
"""On how many traces each sort of change is tried."""
EQUIVALENTS = times(100, 10_000)
"""How many equal runs are compared."""
OF_A_CLASS = 2
"""How often a trace is changed in each way."""


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_every_single_change_is_found_with_its_class_and_place(name: str) -> None:
    """It is the one cause, whatever else follows from it; no option is needed to see it."""
    missed: list[object] = []
    tried = 0
    for seed in range(TRACES):
        chance = random.Random(seed)
        trace = a_trace(chance)
        for _ in range(OF_A_CLASS):
            mutation = mutated(trace, name, chance.randrange)
            if mutation is None:
                continue
            tried += 1
            causes = [it for it in diff(trace, mutation.trace) if not it.cause]
            if [it.kind for it in causes] != [mutation.kind] or (
                causes[0].place not in mutation.places
            ):
                missed.append((seed, [(it.kind, it.place) for it in causes], mutation.places))

    assert missed == []
    assert tried >= min(100, TRACES // 2)


REAL = sorted(
    path
    for folder in ("jaeger", "otlp", "genai-otel", "trail-swebench", "tau-bench")
    for path in (Path(__file__).parents[1] / "data" / folder).rglob("*.json")
)


def real_traces() -> Iterator[tuple[str, Trace]]:
    """The real traces that hold one run, as what reads them reads them."""
    for path in REAL:
        with contextlib.suppress(AgentTraceError):  # logs, or several runs
            data = path.read_bytes()
            reader = catalog.codec_for(path=path, head=data[:65_536])
            yield path.name, reader.read(data)


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_every_single_change_of_a_real_trace_is_found(name: str) -> None:
    """Traces of Jaeger, OpenTelemetry, SDKs and benchmarks, as their own programs wrote them."""
    missed: list[object] = []
    chance, tried = random.Random(name), 0
    for file, trace in real_traces():
        for _ in range(times(4, 20)):
            mutation = mutated(trace, name, chance.randrange)
            if mutation is None:
                continue
            tried += 1
            causes = [it for it in diff(trace, mutation.trace) if not it.cause]
            if [it.kind for it in causes] != [mutation.kind] or (
                causes[0].place not in mutation.places
            ):
                missed.append((file, [(it.kind, it.place) for it in causes], mutation.places))

    assert missed == []
    assert tried or name == "state", "no dialect of these tells what agents know"


def test_equal_runs_have_no_difference() -> None:
    """Other ids, times, steps, sites, orders of spawning: nothing that a reviewer should see."""
    found: Counter[str] = Counter()
    for seed in range(EQUIVALENTS):
        chance = random.Random(seed)
        trace = a_trace(chance)
        other = equivalent(trace, chance.randrange)
        found.update(it.kind for it in diff(trace, other))

    assert found == Counter()
