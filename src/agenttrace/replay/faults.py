"""Faults: what goes wrong in the world, at a chosen call of a replay.

A fault is an answer like any other: an error's status, a broken stream, nonsense. It stands for one
attempt; a client that tries again gets the recorded answer.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from agenttrace.boundary import Recall
from agenttrace.errors import UsageError
from agenttrace.model import names
from agenttrace.model.call import Answer, Chunk, Failure
from agenttrace.model.message import Message, ModelResponse
from agenttrace.model.schedule import Fault
from agenttrace.model.usage import Tokens
from agenttrace.providers.catalog import provider_for
from agenttrace.providers.provider import is_stream, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agenttrace.boundary import Source
    from agenttrace.model.call import Call
    from agenttrace.model.lane import Position
    from agenttrace.model.values import Value
    from agenttrace.providers.provider import Provider

TIMEOUT, RATE_LIMIT, SERVER_ERROR = "timeout", "rate-limit", "server-error"
CUT, MALFORMED, EMPTY = "cut", "malformed", "empty"
TOOL_ERROR, SLOW = "tool-error", "slow"
DUPLICATE, LOST = "duplicate", "lost"

_OVER_THE_WIRE = (TIMEOUT, RATE_LIMIT, SERVER_ERROR, CUT, MALFORMED, EMPTY, SLOW)
_OF_A_TOOL = (TIMEOUT, TOOL_ERROR, SLOW)

FITTING: Mapping[str, tuple[str, ...]] = {
    "llm": _OVER_THE_WIRE,
    "http": _OVER_THE_WIRE,
    "tool": _OF_A_TOOL,
    "retrieval": _OF_A_TOOL,
    "message": (DUPLICATE, LOST),
}
"""Which faults a call of a kind can meet; a message is lost, or delivered twice."""

KINDS = tuple(sorted({kind for kinds in FITTING.values() for kind in kinds}))
"""Every kind of fault."""

SLOW_FACTOR = 8.0
"""How many times as long a slow answer takes, and one that times out."""

_TOO_MANY, _BROKEN = 429, 500
_WORDS = {_TOO_MANY: "Rate limit reached.", _BROKEN: "The server had an error."}


def fault(kind: str, **settings: Value) -> Fault:
    """Make a fault.

    Args:
        kind: One of `KINDS`.
        settings: `retry_after_s` of a `rate-limit`, `after_chunk` of a `cut`, `factor` of a `slow`
            answer or a `timeout`, `message` of a `tool-error`; `attempts` of all of them: how many
            tries meet it.

    Raises:
        UsageError: There is no such fault.
    """
    if kind not in KINDS:
        raise UsageError(f"there is no fault {kind!r}; it is one of {', '.join(KINDS)}")
    return Fault(kind=kind, settings=settings)


def fits(kind: str, asked: str) -> bool:
    """Whether a call of a kind (`llm`, `tool`, `message`, …) can meet a fault."""
    return kind in FITTING.get(asked, ())


class Faults:
    """Lets calls meet faults, and asks another `Source` about all else."""

    def __init__(self, faults: Mapping[Position, Fault], source: Source) -> None:
        """Stand before a source."""
        self._faults = faults
        self._source = source

    def latency(self, position: Position) -> float | None:
        """The factor on how long an answer takes that meets a fault; None: as recorded."""
        met = self._faults.get(position)
        if met is None or met.kind not in (SLOW, TIMEOUT):
            return None
        return _number(met.settings.get("factor"), SLOW_FACTOR)

    def recall(self, call: Call) -> Recall | None:
        """Give what a call meets, else what the source knows."""
        met = self._faults.get(call.position)
        if met is None or met.kind == SLOW or not fits(met.kind, call.question.kind):
            return self._source.recall(call)
        attempts = int(_number(met.settings.get("attempts"), 1))
        if call.attempt >= attempts:
            # the source has not heard of the tries that failed
            return self._source.recall(replace(call, attempt=call.attempt - attempts))
        if met.kind in (CUT, MALFORMED):
            recall = self._source.recall(call)
            return None if recall is None else replace(recall, answer=_spoiled(recall.answer, met))
        return Recall(answer=_answer(call, met), how="fault")


def choices(kinds: Iterable[str], asked: str) -> tuple[Fault, ...]:
    """The faults among these that a call of a kind can meet."""
    return tuple(fault(kind) for kind in kinds if fits(kind, asked))


def _answer(call: Call, met: Fault) -> Answer:
    match met.kind:
        case "timeout":
            return Answer(failure=_failure("TimeoutError", "timed out"))
        case "tool-error":
            said = met.settings.get("message")
            return Answer(failure=_failure("RuntimeError", str(said or "the tool failed")))
        case "rate-limit":
            return _refused(call, _TOO_MANY, _number(met.settings.get("retry_after_s"), 1))
        case "server-error":
            return _refused(call, _BROKEN)
        case _:
            return _empty(call)


def _failure(kind: str, message: str) -> Failure:
    return Failure(
        type=f"builtins.{kind}", args=(message,), fields={names.FAULT: True}, message=message
    )


def _refused(call: Call, status: int, retry_after_s: float | None = None) -> Answer:
    """An error, in the language of the request."""
    provider = _provider(call)
    if provider is None:
        body = json.dumps({"error": {"message": _WORDS[status]}}).encode()
        answer = Answer(head=_head(status), chunks=(Chunk(data=body),))
    else:
        error = ModelResponse(model="", error=_WORDS[status], extra={"status": status})
        answer = written(provider, error, stream=False)
    if retry_after_s is None or not isinstance(answer.head, dict):
        return answer
    headers = answer.head.get("headers")
    told = [["retry-after", f"{retry_after_s:g}"], *(headers if isinstance(headers, list) else [])]
    return replace(answer, head={**answer.head, "headers": told})  # type: ignore[dict-item]


def _empty(call: Call) -> Answer:
    """An answer that says nothing."""
    provider = _provider(call)
    if provider is None:
        return Answer(head=_head(200), chunks=(Chunk(data=b""),))
    fields = call.question.body if isinstance(call.question.body, dict) else {}
    request = provider.read_request(fields.get("body"))
    message = Message(role="assistant", parts=(), finish_reason="stop")
    response = ModelResponse(model=request.model, messages=(message,), id="empty", tokens=Tokens())
    return written(provider, response, stream=request.stream)


def _spoiled(answer: Answer, met: Fault) -> Answer:
    """A recorded answer that breaks off: a stream after some pieces, a whole one in its middle."""
    if answer.streamed:
        after = int(_number(met.settings.get("after_chunk"), len(answer.chunks) // 2))
        left = answer.chunks[:after]
        if met.kind == CUT:
            cut = _failure("ConnectionError", "the stream broke off")
            return replace(answer, chunks=left, end="cut", failure=cut)
        return replace(answer, chunks=left)
    if met.kind == CUT and not is_stream(answer):
        return replace(answer, chunks=(), failure=_failure("ConnectionError", "broken off"))
    body = answer.body
    return replace(answer, chunks=(Chunk(data=body[: len(body) // 2]),))


def _provider(call: Call) -> Provider | None:
    fields = call.question.body if isinstance(call.question.body, dict) else {}
    method, path, body = (fields.get(key) for key in ("method", "path", "body"))
    return provider_for(str(method), str(path), body)


def _head(status: int) -> Value:
    return {"status": status, "headers": [["content-type", "application/json"]]}


def _number(said: Value | None, default: float) -> float:
    return said if isinstance(said, int | float) and not isinstance(said, bool) else default
