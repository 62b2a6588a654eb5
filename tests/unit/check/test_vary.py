"""Vary: what may differ is named by operation and path, and nothing else is let through."""

import pytest
from dirty_equals import IsPositive

from agenttrace.check.vary import Vary
from agenttrace.errors import UsageError
from agenttrace.model.values import pack

ORDER = {"order": "A-17", "items": [{"id": 1, "n": 2}, {"id": 3, "n": 4}]}
REQUEST = {"method": "POST", "path": "/v1/chat", "body": {"messages": [{"content": "hello"}]}}


@pytest.mark.parametrize(
    ("pattern", "golden", "run"),
    [
        ("pay.order", ORDER, {**ORDER, "order": "A-18"}),
        ("*.order", ORDER, {**ORDER, "order": "A-18"}),
        ("pay.items[1].id", ORDER, {**ORDER, "items": [{"id": 1, "n": 2}, {"id": 9, "n": 4}]}),
        ("pay.items[*].id", ORDER, {**ORDER, "items": [{"id": 8, "n": 2}, {"id": 9, "n": 4}]}),
        ("pay.items", ORDER, {**ORDER, "items": []}),
        (
            "pay.messages[0].content",
            REQUEST,
            {**REQUEST, "body": {"messages": [{"content": "bye"}]}},
        ),
        ("pay.path", REQUEST, {**REQUEST, "path": "/v2/chat"}),
        ("pay.json.order", {"json": '{"order": 1}'}, {"json": '{"order": 2}'}),
    ],
)
def test_what_a_pattern_names_may_differ(pattern: str, golden: object, run: object) -> None:
    """A date, an id, a path of a request: named once, it is equal in every run."""
    assert Vary.of([pattern]).agree("pay", golden, run)  # type: ignore[arg-type]
    assert not Vary.of([pattern.replace("pay.", "refund.")]).agree("pay", golden, run) or (  # type: ignore[arg-type]
        pattern.startswith("*")
    )


@pytest.mark.parametrize(
    "run",
    [{**ORDER, "items": []}, {"items": ORDER["items"]}, {**ORDER, "extra": 1}, {"order": ["A-17"]}],
)
def test_all_else_is_compared(run: object) -> None:
    """Whether a part is there at all is not a thing that may vary."""
    assert not Vary.of(["pay.order"]).agree("pay", ORDER, run)  # type: ignore[arg-type]


def test_a_truth_value_is_no_number() -> None:
    """What a digest tells apart, `vary` of something else does not hide."""
    assert not Vary.of(["pay.id"]).agree("pay", {"id": 1, "a": True}, {"id": 2, "a": 1})


@pytest.mark.parametrize(
    "pattern", ["", "pay", "pay.", ".order", "pay.a[", "pay.a[x]", "pay.a..b", "pay.a]b", "pay.a."]
)
def test_a_pattern_that_names_no_place_is_refused(pattern: str) -> None:
    """A typing error would otherwise let nothing, or something else, vary."""
    with pytest.raises(UsageError, match="names no place"):
        Vary.of([pattern])


@pytest.mark.parametrize(
    "chunk", [pack({"receipt": {"id": 7}, "paid": 1}), b'{"receipt":{"id":7}}']
)
def test_a_part_of_a_result_may_differ(chunk: bytes) -> None:
    """A packed value or JSON off a wire; what was asked is another matter."""
    vary = Vary.of(["pay->receipt.id"])
    other = chunk.replace(pack(7), pack(8)) if chunk[:1] != b"{" else chunk.replace(b"7", b"8")

    assert vary.answers_agree("pay", {"chunks": [chunk]}, {"chunks": [other]})
    assert not vary.answers_agree("refund", {"chunks": [chunk]}, {"chunks": [other]})
    assert not vary.answers_agree("pay", {"chunks": [chunk]}, {"chunks": [b"null"]})
    assert not vary.names("pay")
    assert vary.strangers(frozenset()) == ("pay",)


def test_a_matcher_says_what_a_part_may_be() -> None:
    """Anything that equals it: a value of dirty-equals, or a class of the user's own."""
    vary = Vary.of({"pay.amount": IsPositive(), "pay.note": ...})
    golden = {"amount": 1, "note": "a"}

    assert vary.agree("pay", golden, {"amount": 2, "note": "b"})
    assert not vary.agree("pay", golden, {"amount": -2, "note": "b"})
    assert not vary.agree("pay", golden, {"amount": "much", "note": "b"})
