"""What every codec of traces keeps to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agenttrace.causal.sequence import in_causal_order
from agenttrace.errors import AgentTraceError
from agenttrace.formats import catalog
from agenttrace.formats.codec import Codec
from agenttrace.model.trace import Trace
from tests.fakes.strategies import shuffled, traces

CODECS = catalog.all_codecs()
OURS = [codec for codec in CODECS if codec.name in catalog.OURS]
every_codec = pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
every_own_codec = pytest.mark.parametrize("codec", OURS, ids=lambda codec: codec.name)
slow_to_draw = settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    deadline=None,
)


def without(trace: Trace, lost: frozenset[str]) -> Trace:
    """The trace in causal order, without the fields that a codec says it loses."""
    empty = Trace(id=trace.id, name=trace.name)
    fields = {name: getattr(empty, name) for name in lost if "." not in name}
    whole = in_causal_order(replace(trace, **fields))
    inner = {name.partition(".")[2] for name in lost if name.startswith("spans.")}
    plain = (
        {name: None if name == "parent" else getattr(whole.spans[0], name) for name in inner}
        if inner
        else {}
    )
    return replace(whole, spans=tuple(replace(span, **plain) for span in whole.spans))


@every_own_codec
@slow_to_draw
@given(trace=traces())
def test_what_a_codec_says_it_keeps_it_keeps(codec: Codec, trace: Trace) -> None:
    """Only what `loss` names may differ after a round trip."""
    lost = codec.loss(trace)

    assert without(codec.read(codec.write(trace)), lost) == without(trace, lost)


@every_codec
@settings(slow_to_draw, max_examples=10)
@given(data=st.data(), trace=traces())
def test_the_same_trace_gives_the_same_bytes_in_whatever_order_it_comes(
    codec: Codec, data: st.DataObject, trace: Trace
) -> None:
    """Two threads that finish in another order must not change a golden."""
    assert codec.write(data.draw(shuffled(trace))) == codec.write(trace)


@every_codec
@settings(slow_to_draw, max_examples=10)
@given(trace=traces(most_spans=1))
def test_a_codec_knows_its_own_files(codec: Codec, trace: Trace) -> None:
    """A file is known by its first bytes, whatever it is called."""
    written = codec.write(trace)

    assert catalog.codec_for(path="renamed.bin", head=written[:4096]) is codec


@every_codec
def test_a_codec_is_found_by_its_name_and_by_each_of_its_suffixes(codec: Codec) -> None:
    """What `--format` and a file's name say is enough."""
    found = [catalog.codec_for(path=f"golden/a{suffix}") for suffix in codec.suffixes]

    assert [catalog.codec_for(codec.name), *found] == [codec] * (1 + len(codec.suffixes))


@every_codec
@given(noise=st.binary(max_size=200))
def test_what_is_not_the_format_is_an_error_with_a_name(codec: Codec, noise: bytes) -> None:
    """A stranger's bytes never surface as a KeyError from the depths."""
    with pytest.raises(AgentTraceError):
        codec.read(noise)
