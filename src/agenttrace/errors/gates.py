"""Gates: why two revisions cannot be compared, and what is wrong with a policy or approvals."""

from __future__ import annotations

from agenttrace.errors.kinds import AgentTraceError


class GitFailed(AgentTraceError):
    """Git is not there, or does not do what it was asked.

    Common causes:
        1. The command runs outside a repository, or in an image without git.
        2. The repository belongs to another user: `git config --global --add safe.directory DIR`.
    """

    slug = "git-failed"


class RevisionUnknown(AgentTraceError):
    """A revision that was named is not in the repository.

    Common causes:
        1. The pipeline fetched only the branch under test. Fetch the base as well.
        2. The main branch is called otherwise. Name it: `--base origin/master`.
    """

    slug = "revision-unknown"


class NoMergeBase(AgentTraceError):
    """The base and the head have no commit in common, so nothing says what the change is.

    Common causes:
        1. The two histories are unrelated: an import, or a branch of documentation.
    """

    slug = "no-merge-base"


class GitIncomplete(AgentTraceError):
    """The repository holds only a part of its history, and the part that is needed is not there.

    Common causes:
        1. A shallow clone: pipelines fetch one commit by default. Fetch the whole history.
        2. A partial clone without its remote: the contents of old files were never fetched.
    """

    slug = "git-incomplete"


class PolicyInvalid(AgentTraceError):
    """The policy of the gate has a key or a value that it cannot have.

    Common causes:
        1. A class of findings is misspelt. The message names the nearest.
        2. Both `agenttrace.toml` and `pyproject.toml` hold a policy. Keep one.
    """

    slug = "policy-invalid"


class ApprovalsInvalid(AgentTraceError):
    """The file of approvals cannot be read as one.

    Common causes:
        1. It was edited by hand, or half merged. Restore it, and accept again.
    """

    slug = "approvals-invalid"


class FindingUnknown(AgentTraceError):
    """No finding has the id that was named.

    Common causes:
        1. The difference changed since, and with it its id. `agenttrace pending --base REV` lists
           what waits now.
        2. The base is another one than the gate's. Name it: `--base origin/main`.
    """

    slug = "finding-unknown"
