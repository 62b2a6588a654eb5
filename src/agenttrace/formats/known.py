"""Known: how well a payload is known, by what stands in its place. Never guessed.

A placeholder says that somebody hid it (`redacted`), which is not the same as nobody having written
it down (`absent`). A JSON text that ends in the middle was cut (`truncated`), and is not mended.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from agenttrace.model.span import Fidelity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenttrace.model.values import Value

_HIDDEN = re.compile(
    r"\s*(?:__REDACTED__|<?\[?(?:redacted|hidden|masked|filtered|scrubbed)\]?>?|\*{3,})\s*",
    re.IGNORECASE,
)
"""A whole text that stands for another: OpenInference's `__REDACTED__`, and what others write."""
_CUT = re.compile(
    r"(?:\.\.\.|…)?\s*[\[(<]\s*(?:truncated|cut)[^\])>]{0,40}[\])>]\s*\Z", re.IGNORECASE
)
_NEAR_END = 4
_TAIL = 80


def fidelity(raw: Iterable[Value], *, understood: bool) -> Fidelity:
    """How well a payload is known.

    Args:
        raw: The values that stand in its place, as they were told; None ones do not count.
        understood: Whether it was made out of them.
    """
    texts = [text for value in raw if value is not None for text in _texts(value)]
    if any(_HIDDEN.fullmatch(text) for text in texts if len(text) < _TAIL):
        return Fidelity.REDACTED
    if any(map(_is_cut, texts)):
        return Fidelity.TRUNCATED
    return Fidelity.PRESENT if understood else Fidelity.ABSENT


def _texts(value: Value) -> Iterable[str]:
    """Every text in a value, that of JSON in a text included."""
    ahead: list[Value] = [value]
    while ahead:
        one = ahead.pop()
        if isinstance(one, str):
            yield one
            if '"__REDACTED__"' in one:
                yield "__REDACTED__"
        elif isinstance(one, dict):
            ahead += one.values()
        elif isinstance(one, list):
            ahead += one


def _is_cut(text: str) -> bool:
    if _CUT.search(text, max(0, len(text) - _TAIL)):
        return True
    if text[:1] not in ("{", "[") or text.rstrip()[-1:] in ("}", "]"):
        return False
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return _ran_out(error, text)
    except (ValueError, RecursionError):
        return False
    return False


def _ran_out(error: json.JSONDecodeError, text: str) -> bool:
    """Whether a JSON text was right as far as it went."""
    return error.msg.startswith("Unterminated string") or error.pos >= len(text) - _NEAR_END
