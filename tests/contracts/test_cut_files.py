"""What every format of spans keeps to when a file of it was cut: whole spans, and a count."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from agenttrace.errors import TraceUnreadable
from agenttrace.formats import catalog
from agenttrace.formats.foreign import TellingReader
from agenttrace.model.span import Fidelity
from tests.fakes.campaign import times
from tests.fakes.foreign_files import DATA, example

if TYPE_CHECKING:
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace

CUTS = times(25, 2_000)
"""How often each file is cut."""

FILES = {
    "otlp": DATA / "otlp/agentprism-rag-earnings.json",
    "otlp of a backend": None,
    "jaeger": DATA / "jaeger/ui_01.json",
    "zipkin": None,
    "langfuse": DATA / "langfuse/langfuse-1.json",
    "inspect": DATA / "inspect/browser.json",
    "openai-agents": None,
    "readable-span": None,
    "readable-span, nested": DATA / "trail-swebench/72822db6e120878d916b515c2501246b.json",
}
"""Real files; None: the small example of the format."""


def test_no_format_of_spans_is_left_out() -> None:
    """A new reader of JSON that tells spans is cut here, too."""
    telling = {one.name for one in catalog.all_readers() if isinstance(one, TellingReader)}

    assert telling | {"inspect"} == {reader_of(form).name for form in FILES}


def reader_of(form: str) -> Any:
    """The reader of a form of a format."""
    return catalog.codec_for(form.partition(" ")[0].rstrip(","))


def whole_spans(form: str, data: bytes) -> tuple[Trace, ...]:
    """The traces of a file that was cut, whose every span says what it lacks; none: refused."""
    try:
        traces: tuple[Trace, ...] = reader_of(form).read_all(data)
    except TraceUnreadable:
        return ()
    assert all("unread" in trace.environment for trace in traces)
    return traces


def said(traces: tuple[Trace, ...]) -> Counter[str]:
    """What the spans say of themselves; an id and a place may be of the file's making."""
    return Counter(repr(_said(span)) for trace in traces for span in trace.spans)


def _said(span: Span) -> tuple[Any, ...]:
    # which half of a call it was is known by the other half
    known = {key: it for key, it in span.attributes.items() if key != "zipkin.shared"}
    attributes = json.dumps(known, sort_keys=True, default=str)
    answers = [one.body for one in span.answers]
    return span.name, repr(span.question), repr(answers), attributes, span.status, len(span.events)


@pytest.mark.parametrize("form", FILES)
def test_of_a_file_that_was_cut_each_whole_span_is_read_and_the_rest_is_counted(form: str) -> None:
    """Nothing of the half one is there; the more of the file there is, the more is read."""
    path = FILES[form]
    data = (example(form) if path is None else path.read_bytes()).rstrip()
    whole = said(reader_of(form).read_all(data))
    chance = random.Random(form)
    read = []
    for at in sorted(chance.randrange(len(data)) for _ in range(CUTS)):
        traces = whole_spans(form, data[:at])
        if form == "inspect":  # its texts stand at its end: those that are not there are marked
            assert all(_is_marked(span) for trace in traces for span in trace.spans)
        else:
            assert not said(traces) - whole
        read.append(sum(len(trace.spans) for trace in traces))
    assert read == sorted(read)
    assert 0 < read[-1] <= whole.total()


def _is_marked(span: Span) -> bool:
    """Whether what a span lacks is told: a text that is elsewhere, its own last attributes."""
    lacks = [
        name
        for name, said in (("question", span.question), ("answer", [a.body for a in span.answers]))
        if "attachment://" in repr(said)
    ]
    return all(span.fidelity.get(name) is Fidelity.TRUNCATED for name in lacks)
