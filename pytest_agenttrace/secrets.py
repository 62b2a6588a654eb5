"""Secrets: out of what pytest shows of a test, and sends from process to process."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

_DEEPEST = 20


def cleaned(report: pytest.TestReport, clean: Callable[[str], str]) -> pytest.TestReport:
    """Take the secrets out of a report: its traceback, what it caught of the output, our lines."""
    report.longrepr = _clean(report.longrepr, clean, _DEEPEST)
    report.sections = [(name, clean(text)) for name, text in report.sections]
    for name in ("agenttrace", "agenttrace_entries"):
        if (told := vars(report).get(name)) is not None:
            vars(report)[name] = _clean(told, clean, _DEEPEST)
    return report


def _clean(shown: Any, clean: Callable[[str], str], deep: int) -> Any:  # noqa: ANN401 - pytest's own classes
    """Clean every text in a representation; pytest's own objects are changed in place."""
    if isinstance(shown, str):
        return clean(shown)
    if deep == 0 or shown is None:
        return shown
    if isinstance(shown, list) and shown and all(isinstance(line, str) for line in shown):
        return clean("\n".join(shown)).split("\n")  # a private key stands on several lines
    if isinstance(shown, list | tuple):
        return type(shown)(_clean(item, clean, deep - 1) for item in shown)
    if isinstance(shown, dict):
        return {key: _clean(item, clean, deep - 1) for key, item in shown.items()}
    if dataclasses.is_dataclass(shown) or type(shown).__module__.startswith("_pytest."):
        for name, item in list(vars(shown).items()):
            vars(shown)[name] = _clean(item, clean, deep - 1)
    return shown
