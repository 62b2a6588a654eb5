"""Structure-aware fuzzing of everything that reads a golden or a journal: `make fuzz` for 10^5."""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Callable

import pytest

from agenttrace.errors import GoldenTooNew, GoldenUnreadable, JournalUnreadable
from agenttrace.formats import journal, native
from agenttrace.golden.outline import outline
from tests.fakes import spoiled
from tests.fakes.campaign import times
from tests.fakes.refund_trace import refund_trace

INPUTS = times(1_000, 50_000)
"""For each of the two readers."""

MOST_S, MOST_MB = 2, 256


def read_golden(data: bytes) -> None:
    """Read a golden, and do with it what is done with any."""
    trace = native.read(data)
    outline(trace)
    again = native.write(trace)
    assert native.write(native.read(again)) == again


def read_journal(data: bytes) -> None:
    """Read a journal, and make a golden of it."""
    trace = journal.read(data)
    outline(trace)
    native.write(trace)


@pytest.mark.timeout(0)
@pytest.mark.parametrize(
    ("spoil", "whole", "read"),
    [
        pytest.param(spoiled.golden, native.write(refund_trace()), read_golden, id="golden"),
        pytest.param(spoiled.journal_of, journal.write(refund_trace()), read_journal, id="journal"),
    ],
)
def test_whatever_a_stranger_writes_is_a_trace_or_a_typed_error(
    spoil: Callable[[bytes, random.Random], bytes], whole: bytes, read: Callable[[bytes], None]
) -> None:
    """No crash of another kind, no more than 256 MB, no more than two seconds for any of them."""
    refused, before = 0, _most_mb()
    for seed in range(INPUTS):
        data = spoil(whole, random.Random(seed))
        began = time.thread_time()
        try:
            read(data)
        except (GoldenUnreadable, GoldenTooNew, JournalUnreadable):
            refused += 1
        except Exception as error:
            raise AssertionError(f"input {seed}: {type(error).__name__}: {error}") from error
        assert time.thread_time() - began < MOST_S, f"input {seed} took too long"
    assert _most_mb() - before < MOST_MB
    assert INPUTS / 20 < refused < INPUTS, "what is spoiled is neither all noise nor all harmless"


def _most_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
