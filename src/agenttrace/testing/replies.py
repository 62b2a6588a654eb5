"""Replies: what a scripted model says, in the words in which a test would say it.

`says("Paid twice.")`, `calls_tool("look_up", {"order": "A-17"})`, `fails(429, retry_after=1)`,
`slow(0.2, says("Well."))`, `cuts_after(3, says("Nobody hears the end of it."))`.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from agenttrace.errors import UsageError
from agenttrace.model.amounts import counted
from agenttrace.model.message import Message, ModelRequest, ModelResponse, Part, Text, ToolCall
from agenttrace.model.values import canonical, digest

if TYPE_CHECKING:
    from typing import TypeAlias

Script: TypeAlias = "Callable[[ModelRequest, int], ModelResponse | Reply]"
"""Answers a request; the number counts the server's requests from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a scripted model answers, and how.

    Attributes:
        response: What is said; an error is answered with `extra["status"]`.
        headers: More headers, such as `retry-after`.
        delay_s: How long the model thinks first, in seconds.
        cut_after: After how many chunks the connection breaks; None: it does not. An answer that is
            not streamed breaks in the middle of its body.
    """

    response: ModelResponse
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0
    cut_after: int | None = None


def says(text: str) -> Reply:
    """Answer with words."""
    return _reply("stop", Text(content=text))


def calls_tool(
    name: str, arguments: Mapping[str, object], *more: tuple[str, Mapping[str, object]]
) -> Reply:
    """Ask for a tool, or for several at once: `calls_tool("a", {}, ("b", {}))`."""
    calls = ((name, arguments), *more)
    parts = (ToolCall(name=tool, arguments=json.dumps(dict(given))) for tool, given in calls)
    return _reply("tool_call", *parts)


def fails(status: int, message: str = "", *, retry_after: float | None = None) -> Reply:
    """Answer with an error; `retry_after` tells the client how many seconds to wait."""
    kind = _ERROR_TYPES.get(
        status, "server_error" if status >= _SERVER else "invalid_request_error"
    )
    response = ModelResponse(
        model="", error=message or f"scripted {status}", extra={"status": status, "type": kind}
    )
    headers = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
    return Reply(response=response, headers=headers)


def slow(seconds: float, reply: Reply) -> Reply:
    """Give a reply after some seconds."""
    return replace(reply, delay_s=seconds)


def cuts_after(chunks: int, reply: Reply) -> Reply:
    """Break the connection off after so many chunks of a reply."""
    return replace(reply, cut_after=chunks)


def in_turn(*replies: Reply) -> Script:
    """Give these replies one after the other, whoever asks.

    Raises:
        UsageError: More was asked than there are replies.
    """

    def script(_request: ModelRequest, nth: int) -> Reply:
        if nth >= len(replies):
            raise UsageError(
                f"request {nth + 1} came, and the script has "
                f"{counted(len(replies), 'reply', 'replies')}"
            )
        return replies[nth]

    return script


class Team:
    """A script for several agents at once, the same in whatever order they ask.

    Each agent is known by words of its system prompt. Its reply is the one for its turn: the number
    of answers that its conversation holds already. A turn may be a list: the replies to the first
    try, the second, …; the last one stays.

        Team({"You plan": [calls_tool("search", {"for": "A-17"}), says("Done.")],
              "You check": [[fails(429), says("All is well.")]]})
    """

    def __init__(self, turns: Mapping[str, Sequence[Reply | Sequence[Reply]]]) -> None:
        """Keep what each agent's model says, turn by turn."""
        self._turns = turns
        self._tries: Counter[bytes] = Counter()
        self._lock = threading.Lock()

    def __call__(self, request: ModelRequest, nth: int) -> Reply:
        """Reply to one request.

        Raises:
            UsageError: Nobody in the team has these words, or its turns are over.
        """
        prompt = "\n".join(
            one.text for one in request.messages if one.role in ("system", "developer")
        )
        words = next((words for words in self._turns if words in prompt), None)
        if words is None:
            raise UsageError(f"nobody in the script has the system prompt {prompt!r}")
        turns, turn = self._turns[words], sum(one.role == "assistant" for one in request.messages)
        if turn >= len(turns):
            raise UsageError(f"{words!r} is at turn {turn + 1}, and the script has {len(turns)}")
        chosen = turns[turn]
        if isinstance(chosen, Reply):
            return chosen
        return chosen[min(self._tried(request), len(chosen) - 1)]

    def _tried(self, request: ModelRequest) -> int:
        """How often this very conversation was sent before."""
        key = digest(canonical(list(request.messages)))
        with self._lock:
            self._tries[key] += 1
            return self._tries[key] - 1


def _reply(reason: str, *parts: Part) -> Reply:
    message = Message(role="assistant", parts=parts, finish_reason=reason)
    return Reply(response=ModelResponse(model="", messages=(message,)))


_SERVER = 500
_ERROR_TYPES = {401: "authentication_error", 429: "rate_limit_error"}
