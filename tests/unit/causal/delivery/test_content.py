"""What of a message is compared: plain values; of anything more, only its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from agenttrace.adapters.plain.messages import Envelope
from agenttrace.causal.delivery.content import BY_PLACE, content_of


@dataclass
class Order:
    """A message as people write one."""

    id: int
    parts: Any


@pytest.mark.parametrize(
    "message", [None, 1, "text", b"bytes", [1, {"a": (2, {3})}], Order(1, ["a"])], ids=repr
)
def test_plain_values_have_a_digest(message: object) -> None:
    """A message that says something else than when it was recorded is found out."""
    assert content_of(message) != b""


@pytest.mark.parametrize(
    "message",
    [object(), [object()], Order(1, object()), {"f": print}, Order],
    ids=["object", "in a list", "in a dataclass", "function", "class"],
)
def test_live_objects_have_none(message: object) -> None:
    """Frameworks send futures and clients; these are handed over by their place."""
    assert content_of(message) == b""


def test_a_class_that_is_known_by_its_place_has_none() -> None:
    """An event that says how long a model took is another one in every run."""
    event = type("Event", (dict,), {BY_PLACE: True})

    assert content_of((1, event(latency_ms=12))) == b""


def test_an_envelope_says_its_content() -> None:
    """Where it was sent is no part of what it says."""
    one = Envelope(content={"a": 1}, channel="c", id="aa")
    assert content_of(one) == content_of({"a": 1})


def test_a_message_that_holds_itself_has_none() -> None:
    """It is not followed for ever."""
    endless: list[Any] = []
    endless.append(endless)
    assert content_of(endless) == b""
