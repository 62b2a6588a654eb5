"""Messages: chat logs of agents that nobody traced. Read only.

Three makes: a plain conversation (a list, `messages`, or tau-bench's `traj`), a team's `history`
where the role names the agent (Who&When, Magentic-One), and SWE-agent's `trajectory` of actions and
observations. Each makes one run of one lane: a log is a total order, and says so. It does not say
what was *sent* to a model; a model call is asked what is new since the last one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenttrace.formats import logs
from agenttrace.formats.documents import documents, mapping, refuse, sequence, text

if TYPE_CHECKING:
    from agenttrace.model.trace import Trace

_NAME = "a log of messages"
_KEYS = (b'"role"', b'"traj"', b'"history"', b'"trajectory"', b'"mistake_agent"')


class MessagesReader:
    """Reads chat logs."""

    name = "messages"
    suffixes = (".traj", ".messages.json")

    def reads(self, head: bytes) -> bool:
        """Whether it begins as JSON with roles, a history or a trajectory; or as tau-bench does."""
        is_json = head.lstrip()[:1] in (b"{", b"[")
        is_tau = b'"task_id"' in head and b'"reward"' in head
        return is_json and (is_tau or any(key in head for key in _KEYS))

    def read(self, data: bytes) -> Trace:
        """Read the only run of a file.

        Raises:
            TraceUnreadable: It is no log of messages, is empty, or is too much.
        """
        found = documents(data, _NAME)
        whole = found[0] if len(found) == 1 else found  # a message a line
        log = logs.Log(_name(whole))
        if isinstance(whole, list):
            logs.conversation(log, [mapping(it, _NAME, "messages") for it in whole])
        else:
            _document(log, mapping(whole, _NAME, "the file"))
        if log.is_empty:
            refuse(_NAME, "it holds no messages")
        return log.trace()


def _document(log: logs.Log, document: dict[str, Any]) -> None:
    for key in ("traj", "messages"):
        if key in document:
            logs.conversation(log, _messages(document, key))
            return
    if "trajectory" in document:
        asked = _messages(document, "history") if isinstance(document.get("history"), list) else []
        logs.actions(log, _messages(document, "trajectory"), asked, _model(document))
        return
    if "history" in document:
        logs.team(log, _messages(document, "history"))
        return
    refuse(_NAME, "it has no messages, history, traj or trajectory")


def _messages(document: dict[str, Any], key: str) -> list[dict[str, Any]]:
    listed = sequence(document[key], _NAME, key)
    if len(listed) > logs.MOST:
        refuse(_NAME, f"{key} has {len(listed)} messages; at most {logs.MOST} are read")
    return [mapping(one, _NAME, key) for one in listed]


def _model(document: dict[str, Any]) -> str:
    at: Any = document
    for key in ("replay_config", "agent", "model", "name"):
        at = at.get(key) if isinstance(at, dict) else None
    return text(at) if isinstance(at, str) else ""


def _name(whole: Any) -> str:  # noqa: ANN401 - JSON of anybody's
    """A name for the run: what was to be done, never which trial of it this is."""
    known = whole if isinstance(whole, dict) else {}
    for key, label in (("task_id", "task"), ("question_ID", "question"), ("environment", "in")):
        said = known.get(key)
        if isinstance(said, str | int) and not isinstance(said, bool):
            return f"{label} {text(said)}"[:200]
    return "conversation"


CODEC = MessagesReader()
