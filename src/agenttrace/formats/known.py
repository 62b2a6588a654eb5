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
_OPENING, _CLOSING = frozenset("{["), frozenset("}]")
_MAY_END = frozenset("]>) \t\r\n")
_HIDDEN_INSIDE = '"__REDACTED__"'
_NEAR_END = 4
_ELSEWHERE = "attachment://"
"""How Inspect refers to a text that should stand at the end of the sample."""
_TAIL = 80


def fidelity(raw: Iterable[Value], *, understood: bool) -> Fidelity:
    """How well a payload is known.

    Args:
        raw: The values that stand in its place, as they were told; None ones do not count.
        understood: Whether it was made out of them.
    """
    found = Fidelity.PRESENT if understood else Fidelity.ABSENT
    ahead = list(raw)
    while ahead:
        one = ahead.pop()
        if isinstance(one, str):
            if (len(one) < _TAIL and _HIDDEN.fullmatch(one)) or _HIDDEN_INSIDE in one:
                return Fidelity.REDACTED
            if one.startswith(_ELSEWHERE) or _is_cut(one):
                found = Fidelity.TRUNCATED
        elif isinstance(one, dict):
            ahead += one.values()
        elif isinstance(one, list):
            ahead += one
    return found


def _is_cut(text: str) -> bool:
    is_json, last = text[:1] in _OPENING, text[-1:]
    if (is_json and last in _CLOSING) or not (is_json or last in _MAY_END):
        return False  # most texts
    if _CUT.search(text, max(0, len(text) - _TAIL)):
        return True
    if not is_json or text.rstrip()[-1:] in _CLOSING:
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
