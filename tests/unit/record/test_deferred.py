"""Deferred: what the agent's thread puts down, and what the writing thread makes of it."""

from __future__ import annotations

from pathlib import Path

import agenttrace
from agenttrace.formats import journal
from agenttrace.formats.records import Noted
from agenttrace.model.span import Span
from agenttrace.model.trace import Trace

TOKEN = "s3cr3t-of-the-d3sk"


def whole(folder: Path) -> tuple[bytes, Trace]:
    """The only journal of a folder."""
    (path,) = folder.glob("*.journal")
    data = path.read_bytes()
    return data, journal.read(data)


def test_what_the_agent_changes_afterwards_is_written_as_it_was(tmp_path: Path) -> None:
    """The writing thread comes later; a list that has grown by then is not what was said."""
    basket = ["lamp"]
    with (
        agenttrace.install(tmp_path / "journals"),
        agenttrace.run("shop"),
        agenttrace.span("offer", basket=basket, of={"lamp": basket}, count=1),
    ):
        basket.append("chair")
        basket += ["table"] * 9
    _, trace = whole(tmp_path / "journals")

    (offer,) = (span for span in trace.spans if span.name == "offer")
    assert offer.attributes == {"basket": ["lamp"], "of": {"lamp": ["lamp"]}, "count": 1}


def test_a_secret_that_is_learned_while_a_span_is_open_is_not_written_at_its_end(
    tmp_path: Path,
) -> None:
    """It is looked through but once, and again where more is known to be a secret by then."""
    with agenttrace.install(tmp_path / "journals") as recorder, agenttrace.run("shop"):
        with agenttrace.span("offer", note=f"said {TOKEN} twice"):
            agenttrace.event("reflection", api_key=TOKEN)
        recorder.flush()
    data, trace = whole(tmp_path / "journals")

    (offer,) = (span for span in trace.spans if span.name == "offer")
    assert offer.attributes["note"] == "said <api-key> twice"
    told = [it.what for it in journal.records(data) if isinstance(it, Noted)]
    notes = [it.attributes["note"] for it in told if isinstance(it, Span) and it.name == "offer"]
    assert notes == [f"said {TOKEN} twice", "said <api-key> twice"]


def test_no_secret_of_a_span_reaches_the_journal(tmp_path: Path) -> None:
    """Its name, its attributes and the task around it are looked through by the writing thread."""
    key = "sk-" + "A1b2" * 8
    with (
        agenttrace.install(tmp_path / "journals"),
        agenttrace.agent(f"desk {key}", task=f"use {key}"),
        agenttrace.span(f"with {key}", said=key, deep={"in": [key], key: 1}),
    ):
        pass
    data, trace = whole(tmp_path / "journals")

    assert key.encode() not in data
    (inner,) = (span for span in trace.spans if span.name.startswith("with"))
    assert inner.name == "with <openai-key>"
    assert inner.task == "use <openai-key>"
    assert inner.attributes == {
        "said": "<openai-key>",
        "deep": {"in": ["<openai-key>"], "<openai-key>": 1},
    }
