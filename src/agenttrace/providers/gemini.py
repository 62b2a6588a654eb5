"""Google's Gemini: `generateContent` and `streamGenerateContent`, read and written.

The rules are those of the Gemini API reference; Vertex AI speaks it under longer paths. The model,
and whether the answer comes as a stream, stand in the path. Names may be camelCase or snake_case.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from agenttrace.model.message import Message, ModelRequest, ModelResponse
from agenttrace.model.usage import Tokens
from agenttrace.providers import documents, gemini_parts, sse
from agenttrace.providers.documents import number_at, text_at
from agenttrace.providers.provider import JSON, SSE, titled, to_json

if TYPE_CHECKING:
    from agenttrace.model.call import Answer
    from agenttrace.model.values import Value

_VERBS = ("generateContent", "streamGenerateContent")
_NOT_EXTRA = ("candidates", "error", "modelVersion", "responseId", "usageMetadata")
_TO_WIRE = {
    "stop": "STOP",
    "tool_call": "STOP",
    "length": "MAX_TOKENS",
    "content_filter": "SAFETY",
}
_FROM_WIRE = {"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "content_filter"}


class Gemini:
    """The language of `POST /v1beta/models/MODEL:generateContent`."""

    name = "gemini"
    vendor = "gcp.gemini"

    def speaks(self, method: str, path: str, body: Value) -> bool:
        """Whether content is to be generated, under any prefix."""
        verb = path.rpartition(":")[2]
        return method == "POST" and verb in _VERBS and documents.at(body, "contents") is not None

    def operation(self, path: str, body: Value) -> str:
        """Always `chat`."""
        return "chat"

    def title(self, body: Value, path: str = "") -> str:
        """`chat` and the model that the path names."""
        return titled(_model_in(path))

    def path(self, request: ModelRequest) -> str:
        """The model, and whether the answer is to come as a stream."""
        verb = _VERBS[1] if request.stream else _VERBS[0]
        return f"/v1beta/models/{quote(request.model, safe='')}:{verb}"

    def counts(self, request: ModelRequest) -> bool:
        """Every answer says what it used."""
        return True

    def read_request(self, body: Value, path: str = "") -> ModelRequest:
        """Understand a request; the system's instruction is its first message."""
        fields = dict(body) if isinstance(body, dict) else {}
        system = fields.pop("systemInstruction", fields.pop("system_instruction", None))
        contents, tools = fields.pop("contents", None), fields.pop("tools", None)
        said = [] if system is None else [replace(gemini_parts.read(system), role="system")]
        found = contents if isinstance(contents, list) else [contents]
        return ModelRequest(
            model=_model_in(path),
            messages=(*said, *(gemini_parts.read(one) for one in found if one is not None)),
            tools=tuple(tools) if isinstance(tools, list) else (),
            parameters=fields,
            stream=path.endswith(f":{_VERBS[1]}"),
        )

    def write_request(self, request: ModelRequest) -> Value:
        """Say a request; a system message that comes first is the instruction."""
        messages = list(request.messages)
        body: dict[str, Value] = dict(request.parameters)
        if messages and messages[0].role == "system":
            body["systemInstruction"] = gemini_parts.write(messages.pop(0), {})
        names = {
            call.id: call.name for message in messages for call in message.tool_calls if call.id
        }
        body["contents"] = [gemini_parts.write(message, names) for message in messages]
        if request.tools:
            body["tools"] = list(request.tools)
        return body

    def read_response(self, answer: Answer) -> ModelResponse:
        """Understand an answer; a cut stream gives what came before the cut."""
        document = _joined(_documents(answer))
        response = _response(documents.tidy(document))
        error = documents.error_in(document, answer)
        if not error:
            return response
        told = documents.told_by(document, answer)
        kind = documents.at(document, "error", "status")
        told |= {"type": kind} if isinstance(kind, str) else {}
        told.pop("code", None)  # the status once more
        return replace(response, error=error, extra={**response.extra, **told})

    def write_response(self, response: ModelResponse) -> bytes:
        """Say a whole answer, or an error."""
        if response.error:
            error: dict[str, Value] = {
                "code": response.extra.get("status", 500),
                "message": response.error,
            }
            if "type" in response.extra:
                error["status"] = response.extra["type"]
            return to_json({**documents.beside(response), "error": error}).encode()
        whole = [gemini_parts.write(message, {}) for message in response.messages]
        return to_json(_document(response, whole, ended=True)).encode()

    def write_stream(self, response: ModelResponse) -> tuple[bytes, ...]:
        """Say an answer part by part; the last piece says how it ended and what it used."""
        said = [gemini_parts.pieces(message) for message in response.messages]
        found: list[Value] = []
        for nth in range(max(map(len, said), default=0)):
            now = [pieces[nth] if nth < len(pieces) else None for pieces in said]
            found.append(_document(response, now, ended=False))
        empty: list[Value] = [
            {"role": gemini_parts.role_of(message), "parts": []} for message in response.messages
        ]
        found.append(_document(response, empty, ended=True))
        return tuple(sse.write(to_json(document)) for document in found)

    def headers(self, *, stream: bool) -> dict[str, str]:
        """The content type."""
        return {"content-type": SSE if stream else f"{JSON}; charset=UTF-8"}

    def is_last(self, chunk: bytes) -> bool:
        """Whether this says why the model stopped; the language has no end mark."""
        document = documents.parsed((sse.data(chunk) or "").encode())
        candidates = documents.objects(document.get("candidates"))
        ended = any(one.get("finishReason") for one in candidates)
        return ended or "error" in document or (not candidates and "usageMetadata" in document)


def _model_in(path: str) -> str:
    return unquote(path.rpartition("/")[2].rpartition(":")[0])


def _documents(answer: Answer) -> list[dict[str, Any]]:
    """The documents of a stream of events, of a JSON array (a stream without `alt=sse`), or one."""
    if documents.is_events(answer):
        return documents.events(answer)
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return []
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)]


def _joined(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Join the pieces of a stream into the document that would have come whole."""
    if len(found) == 1:
        return found[0]
    whole: dict[str, Any] = {}
    candidates: dict[int, dict[str, Any]] = {}
    for document in found:
        whole |= {key: value for key, value in document.items() if value is not None}
        for one in documents.objects(document.get("candidates")):
            index = number_at(one, "index")
            content = documents.at(one, "content")
            known = candidates.setdefault(index, {"content": {"parts": []}})
            known |= {key: value for key, value in one.items() if key != "content"}
            if isinstance(content, dict):
                gemini_parts.add(known["content"], content)
    if candidates:
        whole["candidates"] = [candidates[index] for index in sorted(candidates)]
    return whole


def _document(response: ModelResponse, contents: list[Value], *, ended: bool) -> Value:
    candidates: list[Value] = []
    for index, (message, content) in enumerate(zip(response.messages, contents, strict=True)):
        if content is None:
            continue
        why = _TO_WIRE.get(message.finish_reason, message.finish_reason)
        end: dict[str, Value] = {"finishReason": why} if ended and why else {}
        candidates.append({"content": content, **end, "index": index})
    tokens = response.tokens
    used: dict[str, Value] = (
        {"usageMetadata": _write_tokens(tokens)} if ended and tokens is not None else {}
    )
    return {
        **response.extra,
        **({"candidates": candidates} if candidates else {}),
        **used,
        "modelVersion": response.model,
        "responseId": response.id,
    }


def _response(document: dict[str, Value]) -> ModelResponse:
    return ModelResponse(
        model=text_at(document, "modelVersion"),
        messages=tuple(_candidate(one) for one in documents.objects(document.get("candidates"))),
        id=text_at(document, "responseId"),
        tokens=_read_tokens(document.get("usageMetadata")),
        extra=documents.without(document, _NOT_EXTRA),
    )


def _candidate(candidate: dict[str, Value]) -> Message:
    message = gemini_parts.read(candidate.get("content") or {"role": "model"})
    reason = text_at(candidate, "finishReason")
    ours = _FROM_WIRE.get(reason, reason)
    return replace(message, finish_reason="tool_call" if _calls(message, ours) else ours)


def _calls(message: Message, reason: str) -> bool:
    """The language says `STOP` for both; other languages say that tools are asked for."""
    return reason == "stop" and bool(message.tool_calls)


# -- tokens -------------------------------------------------------------------------------------
def _read_tokens(usage: Value) -> Tokens | None:
    if not isinstance(usage, dict):
        return None
    thoughts = number_at(usage, "thoughtsTokenCount")
    return Tokens(
        input=number_at(usage, "promptTokenCount") + number_at(usage, "toolUsePromptTokenCount"),
        output=number_at(usage, "candidatesTokenCount") + thoughts,
        cache_read=number_at(usage, "cachedContentTokenCount"),
        reasoning=thoughts,
    )


def _write_tokens(tokens: Tokens) -> Value:
    return {
        "promptTokenCount": tokens.input,
        "candidatesTokenCount": tokens.output - tokens.reasoning,
        "thoughtsTokenCount": tokens.reasoning,
        "cachedContentTokenCount": tokens.cache_read,
        "totalTokenCount": tokens.total,
    }
