"""Free text becomes text of equal shape, and nothing else changes."""

from __future__ import annotations

import json

from hypothesis import assume, given
from hypothesis import strategies as st

from agenttrace.redact.synthesis import Synthesis, is_free

LETTERS = st.characters(categories=("Lu", "Ll"), include_characters="0123456789")
WORDS = st.lists(st.text(LETTERS, min_size=1), min_size=1)
KEY = b"a key of the run's own"


def shape(text: str) -> list[str]:
    """What of a text must stay: its letters' case, its digits' places, and all the rest."""
    return [
        "9" if char.isdecimal() else "A" if char.isupper() else "a" if char.isalpha() else char
        for char in text
    ]


@given(words=WORDS, between=st.sampled_from([" ", ", ", " - ", "\n "]))
def test_a_text_keeps_its_shape(words: list[str], between: str) -> None:
    """Length, capitals, digits, spaces and punctuation."""
    text = between.join(words)
    assume(text.isascii() or not any(char.isupper() and len(char.lower()) > 1 for char in text))

    assert shape(Synthesis(KEY).text(text)) == shape(text)


@given(words=WORDS)
def test_equal_texts_stay_equal_and_short_ones_stay_as_they_are(words: list[str]) -> None:
    """Code compares ids and words; a conversation says a text again each turn."""
    text, synthesis = " ".join(words), Synthesis(KEY)

    assert synthesis.text(text) == synthesis.text(text)
    if not is_free(text):
        assert synthesis.text(text) == text


def test_nothing_of_what_was_written_is_left() -> None:
    """Another key gives other words, so nobody can make a table of them."""
    text = "Jane Miller, 12 Elm Street, wants her 250 dollars back"

    one, other = Synthesis(KEY).text(text), Synthesis(b"another").text(text)

    assert not set(one.split()) & set(text.split())
    assert one != other


def test_json_keeps_its_keys_and_its_form() -> None:
    """Inside a text as well: what a model writes for a tool stays what the tool can read."""
    arguments = json.dumps({"order": "A-17", "note": "the customer was angry", "amount": 30})

    written = json.loads(Synthesis(KEY).text(arguments))

    assert list(written) == ["order", "note", "amount"]
    assert (written["order"], written["amount"]) == ("A-17", 30)
    assert written["note"] != "the customer was angry"
