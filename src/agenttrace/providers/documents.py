"""Documents: what reading and writing have in common, whichever language an answer is in."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agenttrace.errors import NotCanonical
from agenttrace.model.values import canonical
from agenttrace.providers import sse
from agenttrace.providers.provider import BAD, is_stream, status_in, to_json

if TYPE_CHECKING:
    from agenttrace.model.call import Answer
    from agenttrace.model.message import ModelResponse
    from agenttrace.model.values import Value

ERROR_FIELDS = ("type", "param", "code")
_PIECE = re.compile(r"\s*\S+|\s+")
_ARGUMENTS_PIECE = 12


def parsed(body: bytes) -> dict[str, Any]:
    """Parse a body that should be one JSON object; an empty one where it is not."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def tidy(document: dict[str, Any]) -> dict[str, Value]:
    """Make a document canonical; halves of surrogate pairs that stand alone are replaced."""
    try:
        text = json.dumps(document, ensure_ascii=False)
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        found = canonical(document if whole == text else json.loads(whole))
    except (NotCanonical, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def events(answer: Answer) -> list[dict[str, Any]]:
    """Give the JSON objects of a stream of events."""
    return [one for one in sse.documents(answer.body) if isinstance(one, dict)]


def is_events(answer: Answer) -> bool:
    """Whether an answer is a stream; an error's body is not, whatever the request wanted."""
    return is_stream(answer) and status_in(answer) < BAD


def understood(
    document: dict[str, Any], answer: Answer, read: Callable[[dict[str, Value]], ModelResponse]
) -> ModelResponse:
    """Read the document of an answer; where it tells of an error, with what it tells."""
    response = read(tidy(document))
    error = error_in(document, answer)
    if not error:
        return response
    return replace(response, error=error, extra={**response.extra, **told_by(document, answer)})


def error_in(document: dict[str, Any], answer: Answer) -> str:
    """Say what went wrong, from the document, the transport's failure, or the status."""
    details = document.get("error")
    if isinstance(details, dict) and isinstance(details.get("message"), str):
        said = str(details["message"])
    else:
        said = (
            details if isinstance(details, str) else to_json(canonical(details)) if details else ""
        )
    if said or answer.end in ("closed", "cancelled", "open"):
        return said
    if answer.failure is not None:
        return f"{answer.failure.type}: {answer.failure.message}"
    if status_in(answer) >= BAD:
        return answer.body.decode("utf-8", "replace").strip() or f"status {status_in(answer)}"
    return "" if document else "the answer is not JSON"


def told_by(document: dict[str, Any], answer: Answer) -> dict[str, Value]:
    """Give what an error says beside its message: the HTTP status, its type, its code."""
    status = status_in(answer)
    told: dict[str, Value] = {"status": status} if status >= BAD else {}
    details = document.get("error")
    if isinstance(details, dict):
        told |= {key: details[key] for key in ERROR_FIELDS if details.get(key) is not None}
    return told


def details_of(response: ModelResponse) -> dict[str, Value]:
    """Give the fields of an error, its message first."""
    kept = {key: response.extra[key] for key in ERROR_FIELDS if key in response.extra}
    return {"message": response.error, **kept}


def beside(response: ModelResponse) -> dict[str, Value]:
    """Give what stands beside an error's own fields."""
    return {
        key: value
        for key, value in response.extra.items()
        if key != "status" and key not in ERROR_FIELDS
    }


def objects(value: Value) -> list[dict[str, Value]]:
    """Give the objects in an array; none where it is no array."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text_at(value: Value, *path: str) -> str:
    """Give the string at a path of keys; empty where there is none."""
    found = at(value, *path)
    return found if isinstance(found, str) else ""


def number_at(value: Value, *path: str) -> int:
    """Give the whole number at a path of keys; 0 where there is none."""
    found = at(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def seconds_at(value: Value, *path: str) -> int:
    """Give the whole seconds at a path of keys, where some servers have fractions; 0: none."""
    found = at(value, *path)
    if isinstance(found, float) and math.isfinite(found):
        return int(found)
    return number_at(value, *path)


def at(value: Value, *path: str) -> Value:
    """Give the value at a path of keys; None where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def without(fields: dict[str, Value], keys: Iterable[str]) -> dict[str, Value]:
    """Leave out some fields, and those that are null."""
    left = frozenset(keys)
    return {key: value for key, value in fields.items() if key not in left and value is not None}


def arguments_of(given: Value) -> str:
    """Write a call's arguments, which this language has as a JSON object, as compact text."""
    if given is None:
        return "{}"
    return given if isinstance(given, str) else to_json(given)


def arguments_in(text: str) -> str:
    """Tidy arguments that came in pieces of text; text that is no JSON object stays as it is."""
    try:
        given = json.loads(text or "{}")
        return to_json(canonical(given)) if isinstance(given, dict) else text
    except (ValueError, NotCanonical, RecursionError):
        return text


def input_of(arguments: str) -> Value:
    """Read a call's arguments as the JSON object that some languages want; else as text."""
    try:
        given = json.loads(arguments)
        return canonical(given) if isinstance(given, dict) else arguments
    except (ValueError, NotCanonical, RecursionError):
        return arguments


def words_of(text: str) -> list[str]:
    """Cut a text into pieces as a model says it: word by word."""
    return _PIECE.findall(text)


def pieces_of(arguments: str) -> list[str]:
    """Cut a call's arguments into pieces."""
    return [
        arguments[start : start + _ARGUMENTS_PIECE]
        for start in range(0, len(arguments), _ARGUMENTS_PIECE)
    ]
