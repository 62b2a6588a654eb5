"""Failures: an exception comes back as what it was, or as something that says what it was."""

import json
import sys
import types
from typing import Self

import pytest

from agenttrace.errors import RecordedError, ReplayDiverged
from agenttrace.model.call import Failure
from agenttrace.model.failure import exception_of, failure_of


class PaymentRefused(Exception):
    """An exception with fields and an `__init__` of its own."""

    def __init__(self, order: str, *, code: int) -> None:
        super().__init__(f"{order} was refused")
        self.order = order
        self.code = code
        self._client = object()


class Peculiar(Exception):
    """An exception whose `__new__` takes what `args` does not hold."""

    def __new__(cls, *, order: str) -> Self:
        """Keep the order as a field."""
        made = super().__new__(cls, order, "kept")
        made.order = order  # type: ignore[attr-defined]
        return made

    def __init__(self, *, order: str) -> None:
        super().__init__(order, "kept")


class Strict(Exception):
    """An exception that counts how often it is made."""

    made = 0

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        Strict.made += 1


def again(error: BaseException) -> BaseException:
    """Write an exception down and build it."""
    return exception_of(failure_of(error))


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no", 1),
        KeyError("order"),
        FileNotFoundError(2, "No such file", "order.txt"),
        OSError("plain"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        StopIteration(3),
        SyntaxError("bad"),
        PaymentRefused("A-17", code=402),
        Peculiar(order="A-17"),
        json.JSONDecodeError("Expecting value", "x", 0),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_exception_comes_back_as_its_own_class(error: Exception) -> None:
    """An agent's `except` and the words that it hands to a model see what they saw before."""
    back = again(error)

    assert type(back) is type(error)
    assert (str(back), back.args) == (str(error), error.args)
    public = {name: value for name, value in vars(error).items() if not name.startswith("_")}
    assert {name: getattr(back, name) for name in public} == public


def test_the_class_of_the_user_is_not_run() -> None:
    """Its `__init__` may do anything: count, log, phone."""
    error = Strict("once")

    assert type(again(error)) is Strict
    assert Strict.made == 1


def test_a_class_that_is_not_loaded_is_stood_in_for() -> None:
    """No module is imported because a golden names it."""
    assert "antigravity" not in sys.modules

    back = exception_of(Failure(type="antigravity.Fall", args=("down",), message="down"))

    assert isinstance(back, RecordedError)
    assert (back.type, str(back), back.recorded_args) == (
        "antigravity.Fall",
        "antigravity.Fall: down",
        ("down",),
    )
    assert "antigravity" not in sys.modules


def test_a_loaded_module_is_not_asked_to_find_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module with lazy names imports whatever it is asked for, so it is not asked."""
    asked: list[str] = []
    lazy = types.ModuleType("lazy_module")
    lazy.__getattr__ = asked.append  # type: ignore[method-assign]
    monkeypatch.setitem(sys.modules, "lazy_module", lazy)

    assert isinstance(exception_of(Failure(type="lazy_module.Error")), RecordedError)
    assert asked == []


@pytest.mark.parametrize(
    "name", ["KeyboardInterrupt", "asyncio.exceptions.CancelledError", "dict", "no such", ""]
)
def test_only_ordinary_exceptions_are_built(name: str) -> None:
    """A recording can stop nothing, and makes no object but an exception."""
    assert isinstance(exception_of(Failure(type=name, message="m")), RecordedError)


def test_a_run_stopped_is_never_built() -> None:
    """Only a run itself can diverge."""
    kind = f"{ReplayDiverged.__module__}.{ReplayDiverged.__qualname__}"

    assert isinstance(exception_of(Failure(type=kind)), RecordedError)


def test_private_names_of_a_recording_are_not_set() -> None:
    """A file cannot reach inside an exception."""
    back = exception_of(Failure(type="ValueError", fields={"__notes__": "x", "_x": 1, "y": 2}))

    assert vars(back) == {"y": 2}


def test_causes_are_told_nearest_first_and_end() -> None:
    """A chain says why; one that bites its own tail is cut."""
    root, middle, last = KeyError("a"), OSError("b"), ValueError("c")
    last.__cause__, middle.__context__ = middle, root
    root.__cause__ = middle

    assert failure_of(last).causes == ("OSError: b", "KeyError: 'a'")
    last.__cause__, last.__suppress_context__ = None, True
    assert failure_of(last).causes == ()


def test_what_cannot_be_written_is_named_by_its_type() -> None:
    """An exception that holds a generator is still written down."""
    failure = failure_of(ValueError(item for item in ()))

    assert failure.args == ({"!": "generator"},)
