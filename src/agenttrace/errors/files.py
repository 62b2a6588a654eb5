"""Files: goldens, journals, cassettes and traces that cannot be read, written or believed."""

from __future__ import annotations

from agenttrace.errors.kinds import AgentTraceError


class GoldenUnreadable(AgentTraceError):
    """A golden is there and cannot be read.

    Common causes:
        1. It was cut short, or changed by an editor or a merge. Restore it from version control.
        2. It is a pointer to a large file that was not fetched.
    """

    slug = "golden-unreadable"


class GoldenTooNew(AgentTraceError):
    """A golden was written by a newer schema than this version reads.

    Common causes:
        1. A colleague records with a newer version. Upgrade this one.
    """

    slug = "golden-too-new"


class GoldenCollision(AgentTraceError):
    """Two tests, or two runs of one test, would write the same golden.

    Common causes:
        1. Test names that differ only by upper and lower case. Rename one.
        2. Two runs of one test have the same `name=`.
    """

    slug = "golden-collision"


class GoldenNotWritten(AgentTraceError):
    """A golden could not be written; what was there before is still there, whole.

    Common causes:
        1. The disk is full, or the folder is read-only.
    """

    slug = "golden-not-written"


class SecretInGolden(AgentTraceError):
    """A golden would hold a secret, so it was not written, and the journal was removed.

    Common causes:
        1. A value was said before anything showed that it is a secret: it stood under a secret's
           name only later in the run. Say how it looks, in `agenttrace_redact`.
        2. The secret is in a name: of the test, a queue, an agent. Take it out of the name.
    """

    slug = "secret-in-golden"


class JournalUnreadable(AgentTraceError):
    """A journal is not one, or holds something that no recorder wrote.

    Common causes:
        1. The file is something else. A journal that was cut short is read as far as it goes.
    """

    slug = "journal-unreadable"


class UnknownFormat(AgentTraceError):
    """A file is in no format that we read.

    Common causes:
        1. It is a golden's outline (`.trace.txt`); name the golden (`.trace`).
        2. It is something else than it is called: an error's page, an archive, metrics. The message
           says what, where its first bytes tell.
    """

    slug = "unknown-format"


class InvalidSpan(AgentTraceError):
    """A span contradicts itself.

    Common causes:
        1. An imported trace holds a span that ends before it begins, or an id of zeros.
    """

    slug = "invalid-span"

    def __init__(self, headline: str = "", *, detail: str = "", **facts: object) -> None:
        """Take `why` and `where`, or a ready headline."""
        super().__init__(
            headline or f"{facts.get('where')}: {facts.get('why')}", detail=detail, **facts
        )


class InvalidTrace(AgentTraceError):
    """A trace contradicts itself.

    Common causes:
        1. An imported trace holds a span twice, or a circle of parents.
    """

    slug = "invalid-trace"

    def __init__(self, headline: str = "", *, detail: str = "", **facts: object) -> None:
        """Take `why` and `where`, or a ready headline."""
        super().__init__(
            headline or f"{facts.get('where')}: {facts.get('why')}", detail=detail, **facts
        )


class CassetteUnreadable(AgentTraceError):
    """A cassette of vcrpy's cannot be imported.

    Common causes:
        1. It holds tags that would make Python objects; nothing in a file is ever executed.
        2. An interaction has no request, or its address was taken out before it was committed.
    """

    slug = "cassette-unreadable"


class TraceUnreadable(AgentTraceError):
    """A file of another system's is not the format that it looks like, or is too much.

    Common causes:
        1. It was cut short, or is one part of several.
        2. It holds logs or metrics, and no spans.
        3. It nests deeper, or holds more, than any program's trace does.
    """

    slug = "trace-unreadable"


class SeveralTraces(AgentTraceError):
    """A file holds several traces, and one is asked for.

    Common causes:
        1. A backend's export of a time span. Name the trace that is meant.
    """

    slug = "several-traces"


class ExportRefused(AgentTraceError):
    """An endpoint did not take a trace that was exported to it.

    Common causes:
        1. It is not running, or listens elsewhere. OTLP over HTTP is at port 4318 by custom.
        2. It wants a key. Give it with `--header`.
        3. It takes the other encoding: `--to otlp-protobuf` instead of `--to otlp`.
    """

    slug = "export-refused"
