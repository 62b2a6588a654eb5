"""Failures: what a test failed with, so that what is kept of its runs says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agenttrace.errors import RunStopped
    from agenttrace.session.ending import Failing


class Failures:
    """What a test's runs have to say of its failure."""

    _raised: BaseException | None = None

    def clean(self, text: str) -> str:
        """Give a text without the secrets that the test's runs know of."""
        raise NotImplementedError

    def failed_with(self, error: BaseException) -> None:
        """Hear what the test, or a fixture that it needs, failed with, before its runs settle."""
        self._raised = error

    def _failing(self, outside: list[RunStopped]) -> Failing | None:
        """What fails the test; what it asked outside its runs counts before what it raised."""
        error = outside[0] if outside else self._raised
        if error is None:
            return None
        from agenttrace.session.ending import Failing

        return Failing.of(error, self.clean)
