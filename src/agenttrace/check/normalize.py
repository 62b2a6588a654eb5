"""Normalise: ids, times, paths and ports that mean nothing, written as what they are.

Each rule knows one sort of text, by its form. What it finds becomes the sort, where it was first
seen and its number there: `<uuid of pay, 1>`. The same text is always called the same, so a uuid
that is asked for and then used is still the one that was asked for. No rule strips digits.

Nothing is normalised unless it is asked for: a payment to another account is a uuid, too.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from agenttrace.causal.sequence import reading_order
from agenttrace.errors import UsageError
from agenttrace.model.names import EXCEPTION_TRACEBACK
from agenttrace.model.values import digest, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agenttrace.model.call import Answer
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace
    from agenttrace.model.values import Value

RULES: Mapping[str, re.Pattern[str]] = {
    "uuid": re.compile(
        r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b"
    ),
    "id": re.compile(
        r"\b(?:call|chatcmpl|cmpl|resp|msg|run|thread|asst|toolu|req|rs|fc|tooluse|trace|span)"
        r"[-_][A-Za-z0-9_-]{8,64}\b"
    ),
    "time": re.compile(
        r"\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?"
    ),
    "path": re.compile(
        r"(?:/private)?(?:/tmp|/var/folders|/var/tmp|/dev/shm)/[^\s\"'<>|:;,)\]}]{1,255}"
    ),
    "port": re.compile(r"(?<=\b127\.0\.0\.1:)\d{2,5}\b|(?<=\blocalhost:)\d{2,5}\b"),
}
"""What each rule knows: uuids of any version; ids that model providers give to calls, messages,
runs and answers; instants as ISO 8601 writes them; temporary files; ports of this machine."""

LONGEST = 1_000_000
"""Texts with more characters are left as they are."""


def rules_of(names: Iterable[str]) -> frozenset[str]:
    """Check the names of rules.

    Raises:
        UsageError: There is no such rule.
    """
    asked = frozenset(names)
    if strange := sorted(asked - RULES.keys()):
        raise UsageError(
            f"vary=<{strange[0]}>: there is no such rule; there are <{'>, <'.join(RULES)}>"
        )
    return asked


def normalized(trace: Trace, rules: frozenset[str]) -> Trace:
    """Give a trace in which what the rules know is called by what it is and where it was first.

    Args:
        trace: Any trace.
        rules: Some of `RULES`.
    """
    if not rules:
        return trace
    names = _Names(rules)
    spans = {span.id: names.span(span) for span in reading_order(trace)}
    return replace(
        trace,
        spans=tuple(spans[span.id] for span in trace.spans),
        snapshots=tuple(
            replace(
                shot,
                goal=names.value(shot.goal),
                beliefs=names.value(shot.beliefs),
                working_memory=names.value(shot.working_memory),
                perceptions=names.value(shot.perceptions),
                extra=names.mapping(shot.extra),
            )
            for shot in trace.snapshots
        ),
    )


def named(value: Value, rules: frozenset[str]) -> Value:
    """Give one value likewise, numbered from its own beginning."""
    return _Names(rules).value(value)


class _Names:
    """What the texts of one trace are called, in the order in which they were first seen."""

    def __init__(self, rules: frozenset[str]) -> None:
        self._rules = [(name, RULES[name]) for name in RULES if name in rules]
        self._known: dict[tuple[str, str], str] = {}
        self._seen: Counter[tuple[str, str]] = Counter()
        self._where = "the run"

    def span(self, span: Span) -> Span:
        """Give a span with everything in it called so."""
        self._where = span.operation or span.name
        question = self.value(span.question)
        changed = question != span.question
        return replace(
            span,
            question=question,
            digest=digest(question) if changed and span.digest else span.digest,
            answers=tuple(map(self._answer, span.answers)),
            status=replace(span.status, message=self._text(span.status.message)),
            attributes=self.mapping(span.attributes),
            events=tuple(
                replace(event, attributes=self.mapping(event.attributes)) for event in span.events
            ),
            links=tuple(
                replace(link, attributes=self.mapping(link.attributes)) for link in span.links
            ),
        )

    def mapping(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Give a mapping with its values called so; a traceback is never compared."""
        return {
            key: value if key == EXCEPTION_TRACEBACK else self.value(value)
            for key, value in values.items()
        }

    def value(self, value: Value) -> Value:
        """Give a value, every text in it called so."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, bytes):
            return self._bytes(value)
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return value

    def _answer(self, answer: Answer) -> Answer:
        failure = answer.failure
        if failure is not None:
            failure = replace(
                failure,
                args=tuple(map(self.value, failure.args)),
                fields=self.mapping(failure.fields),
                message=self._text(failure.message),
            )
        return replace(
            answer,
            head=self.value(answer.head),
            chunks=tuple(replace(chunk, data=self._bytes(chunk.data)) for chunk in answer.chunks),
            failure=failure,
        )

    def _bytes(self, data: bytes) -> bytes:
        try:
            said = unpack(data)
        except Exception:  # noqa: BLE001 - bytes off a wire can be anything
            said = None
        if isinstance(said, str | dict | list):
            called = self.value(said)
            return data if called == said else pack(called)
        try:
            return self._text(data.decode()).encode()
        except UnicodeDecodeError:
            return data

    def _text(self, text: str) -> str:
        if len(text) > LONGEST:
            return text
        for rule, form in self._rules:
            text = form.sub(lambda found, rule=rule: self._name(rule, found[0]), text)  # type: ignore[misc]
        return text

    def _name(self, rule: str, text: str) -> str:
        known = self._known.get((rule, text))
        if known is None:
            self._seen[rule, self._where] += 1
            number = self._seen[rule, self._where]
            known = self._known[rule, text] = f"<{rule} of {self._where}, {number}>"
        return known
