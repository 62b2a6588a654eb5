"""Kinds: the two families that every error belongs to, and how they are laid out."""

from __future__ import annotations


class AgentTraceError(Exception):
    """Something is wrong that a person can mend."""

    slug = "error"

    def __init__(self, headline: str = "", *, detail: str = "", **facts: object) -> None:
        """Say what happened in `headline`, the sides and the way on in `detail`; keep all else."""
        self.headline = headline
        self.detail = detail
        self.facts = facts
        super().__init__(said(headline, self.slug, detail))


class RunStopped(BaseException):
    """A run cannot go on.

    It is sticky: the run's first one is raised again at every later call, and the test fails from
    it whatever the code under test made of it.
    """

    slug = "run-stopped"

    def __init__(self, headline: str = "", *, detail: str = "", **facts: object) -> None:
        """Say what happened in `headline`, the sides and the way on in `detail`; keep all else."""
        self.headline = headline
        self.detail = detail
        self.facts = facts
        super().__init__(said(headline, self.slug, detail))


def said(headline: str, slug: str, detail: str) -> str:
    """Lay a message out: the headline alone is enough for a log, and ends with its slug."""
    first = f"{headline}  [{slug}]"
    return f"{first}\n\n{detail.rstrip()}" if detail else first


class RecordedError(Exception):
    """Stands in for a recorded exception whose class the running program has not loaded.

    Attributes:
        type: The qualified name of the recorded class.
    """

    def __init__(
        self,
        type: str,  # noqa: A002 - the word of the model
        message: str,
        args: tuple[object, ...] = (),
    ) -> None:
        """Keep the recorded class's name, message and arguments."""
        self.type = type
        super().__init__(f"{type}: {message}")
        self.recorded_args = args
