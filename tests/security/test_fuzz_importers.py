"""Structure-aware fuzzing of what reads other systems' files: `make fuzz` for 10^5 each."""

from __future__ import annotations

import io
import random
import resource
import time
import zipfile
from pathlib import Path

import pytest

from agenttrace.errors import AgentTraceError
from agenttrace.formats import catalog, native
from agenttrace.formats.codec import ReaderOfSeveral
from tests.fakes.campaign import times
from tests.fakes.foreign_files import example
from tests.fakes.spoiled_files import spoiled

INPUTS = times(200, 100_000)
"""For each importer."""

MOST_S, MOST_MB = 2, 256
DATA = Path(__file__).parents[1] / "data"
FORMATS = [name for name in catalog.MODULES if name not in catalog.OURS]


@pytest.mark.timeout(0)
@pytest.mark.parametrize("form", [*FORMATS, "otlp of a backend", "inspect archive"])
def test_whatever_a_stranger_writes_is_a_trace_or_a_typed_error(form: str) -> None:
    """No crash of another kind, and neither much memory nor much time for any of them."""
    codec = catalog.codec_for(form.partition(" ")[0])
    is_archive = form.endswith("archive")
    whole = (DATA / "inspect/log_streaming.eval").read_bytes() if is_archive else example(form)
    read, before = 0, _most_mb()
    for seed in range(INPUTS):
        data = spoiled(whole, random.Random(seed))
        began = time.thread_time()
        try:
            several = isinstance(codec, ReaderOfSeveral)
            found = codec.read_all(data) if several else (codec.read(data),)  # type: ignore[attr-defined]
        except AgentTraceError:
            continue
        except Exception as error:
            raise AssertionError(f"input {seed}: {type(error).__name__}: {error}") from error
        assert time.thread_time() - began < MOST_S, f"input {seed} took too long"
        read += 1
        if seed % 10 == 0:
            for trace in found:
                assert native.read(native.write(trace)) == trace
    assert _most_mb() - before < MOST_MB
    assert 0 < read < INPUTS, "what is spoiled is neither all noise nor all harmless"


def test_an_archive_that_unpacks_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an archive says of its sizes is not believed; it is read up to the bound."""
    monkeypatch.setattr("agenttrace.formats.inspect.LONGEST", 1 << 20)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", "{}")
        archive.writestr("samples/1.json", b" " * (1 << 24))
    before = _most_mb()

    with pytest.raises(AgentTraceError, match="unpacks to more than"):
        catalog.codec_for("inspect").read(written.getvalue())
    assert _most_mb() - before < 64


def _most_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
