"""Vocabulary: the words of events, and what each is called on the wire.

A person may use words of their own, so only a slip is refused: what differs from a word of ours by
one letter that is missing, one too many, or two that changed places, and begins and ends as it
does. Likeness alone would not do: `waited`, `writing` and `requeued` are words of their own, nearer
to ours than many a slip. A word with a dot is never one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.boundary import forgives
from agenttrace.errors import UsageError
from agenttrace.model import names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from agenttrace.model.values import Value

_WORDS: Mapping[str, Mapping[str, str]] = {
    "planning": {
        "chosen": names.EVENT_CHOSEN,
        "candidates": names.EVENT_CANDIDATES,
        "reason": names.EVENT_REASON,
    },
    "state_change": {
        "key": names.STATE_KEY,
        "before": names.STATE_BEFORE,
        "after": names.STATE_AFTER,
    },
    "error": {
        "type": names.EXCEPTION_TYPE,
        "message": names.EXCEPTION_MESSAGE,
        "causes": names.EXCEPTION_CAUSES,
    },
    "enqueued": {"task": names.QUEUE_TASK, "queue": names.QUEUE_NAME},
    "dequeued": {"task": names.QUEUE_TASK, "queue": names.QUEUE_NAME},
    "assigned": {
        "task": names.QUEUE_TASK,
        "queue": names.QUEUE_NAME,
        "worker": names.QUEUE_WORKER,
        "candidates": names.ORCHESTRATION_CANDIDATES,
        "reason": names.ORCHESTRATION_REASON,
    },
    "heartbeat": {"worker": names.QUEUE_WORKER},
    "waiting": {
        "agents": names.WAITING_FOR,
        "mode": names.WAITING_MODE,
        "timeout": names.WAITING_TIMEOUT,
    },
}
"""What the words of the known events are called on the wire."""

_READ = (*_WORDS, "resumed")
"""The events that an analysis reads: under another name, each would be missed."""

_CLOSED: Mapping[str, tuple[str, ...]] = {names.WAITING_MODE: ("all", "any")}
"""The attributes that have one of a few values, or none."""


def on_the_wire(event: str, said: Mapping[str, Value]) -> dict[str, Value]:
    """What is said of an event, under the names of the vocabulary.

    Args:
        event: The event's name.
        said: What is said of it, by the words of the code that says it.

    Raises:
        UsageError: A word is a slip of one of ours, or a value is none that it may have.
    """
    words = _WORDS.get(event, {})
    form = {words.get(word, word): value for word, value in said.items()}
    for error in _refusals(event, words, said, form):
        if not forgives(error):
            raise error
    return form


def _refusals(
    event: str, words: Mapping[str, str], said: Mapping[str, Value], form: Mapping[str, Value]
) -> Iterator[UsageError]:
    """All that is wrong with an event."""
    unsaid = words.keys() - said.keys()
    if meant := _meant(event, _READ):
        yield _slip(f"event({event!r}): this is no event of ours", event, meant, _READ)
    for word in said:
        if meant := _meant(word, unsaid):
            yield _slip(f"event({event!r}): it has no word {word!r}", word, meant, words)
    for name, values in _CLOSED.items():
        value = form.get(name)
        if value is not None and value not in values:
            word = next((word for word, wire in words.items() if wire == name), name)
            yield UsageError(f"event({event!r}, {word}={value!r}): it is {' or '.join(values)}")


def _slip(headline: str, word: str, meant: str, known: Collection[str]) -> UsageError:
    return UsageError(
        headline,
        detail=f"  nearest   {meant}\n  there are {', '.join(known)}\n"
        f"  A word of your own that is so near has a dot: 'my.{word}'",
    )


def _meant(word: str, known: Collection[str]) -> str | None:
    """The word of ours that another one is a slip of; None: it is none."""
    if word in known or "." in word:
        return None
    return next((one for one in sorted(known) if _is_slip(word, one)), None)


def _is_slip(word: str, ours: str) -> bool:
    if (word[:1], word[-1:]) != (ours[:1], ours[-1:]) or abs(len(word) - len(ours)) > 1:
        return False
    if len(word) == len(ours):
        return word in _changed_places(ours)
    shorter, longer = sorted((word, ours), key=len)
    return shorter in {longer[:at] + longer[at + 1 :] for at in range(len(longer))}


def _changed_places(word: str) -> set[str]:
    pairs = range(len(word) - 1)
    return {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in pairs}
