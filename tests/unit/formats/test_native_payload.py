"""Payloads, each distinct part stored once."""

from __future__ import annotations

import msgpack
from hypothesis import given, settings
from hypothesis import strategies as st

from agenttrace.formats.native_payload import PayloadReader, PayloadWriter
from agenttrace.model.values import Value
from tests.fakes.strategies import values

MESSAGES: list[Value] = [
    {"role": "user", "content": f"message number {n} of the conversation"} for n in range(9)
]


def stored(*payloads: Value) -> tuple[list[Value], list[Value]]:
    """What is stored for payloads, raw, and the payloads as they are read back."""
    writer = PayloadWriter()
    references = [writer.encode(it) for it in payloads]
    blob = writer.take()
    reader = PayloadReader()
    reader.extend(blob)
    unpacker = reader.unpacker(packed := msgpack.packb(references))
    assert packed
    raw = msgpack.Unpacker(max_buffer_size=max(len(blob), 1))
    raw.feed(blob)
    return list(raw), unpacker.unpack()


@settings(deadline=None)
@given(payloads=st.lists(values, max_size=5))
def test_what_is_stored_is_read_back(payloads: list[Value]) -> None:
    """Whatever shares whatever."""
    assert stored(*payloads)[1] == payloads


def test_a_longer_conversation_refers_to_the_shorter_one() -> None:
    """Two hundred turns would else be twenty thousand references."""
    raw, read = stored(MESSAGES[:6], MESSAGES[:7])

    assert read == [MESSAGES[:6], MESSAGES[:7]]
    prefix, last = raw[-1]
    assert (prefix.code, last.code) == (2, 1)


def test_equal_parts_are_stored_once_in_whatever_order_their_keys_come() -> None:
    """Dict order means nothing."""
    one: Value = {"role": "assistant", "content": "the answer to everything, at length"}
    other: Value = {"content": "the answer to everything, at length", "role": "assistant"}

    raw, _ = stored(one, other, [one], {"again": other})

    assert raw == [
        "the answer to everything, at length",
        {"content": msgpack.ExtType(1, b"\x00"), "role": "assistant"},
        [msgpack.ExtType(1, b"\x01")],
        {"again": msgpack.ExtType(1, b"\x01")},
    ]


def test_numbers_that_python_calls_equal_are_kept_apart() -> None:
    """1, 1.0 and True are one key of a dict, and three values of JSON."""
    payloads: list[Value] = [["a value long enough to be stored", it] for it in (1, 1.0, True)]

    assert [list(map(type, it)) for it in stored(*payloads)[1]] == [
        [str, int],
        [str, float],
        [str, bool],
    ]  # type: ignore[arg-type]
