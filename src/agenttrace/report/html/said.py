"""Said: what models were asked and answered, as messages, whatever language their provider speaks.

A conversation is sent again with every turn, so messages are kept like a golden's payloads: each
once, and a list that begins like another one refers to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenttrace.formats.native_payload import PayloadWriter
from agenttrace.model.message_values import response_from, value_of
from agenttrace.providers.reading import request_of, response_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenttrace.model.call import Answer
    from agenttrace.model.message import ModelRequest, ModelResponse
    from agenttrace.model.span import Span
    from agenttrace.model.values import Value


def said(calls: Iterable[tuple[int, Span]]) -> dict[str, Any]:
    """Read model calls.

    Args:
        calls: Each call's row, and the call.

    Returns:
        `rows`, `requests` and `answers` (one list of attempts a row) in the form of a golden's
        cells, and the `values` that they refer to. Calls that no provider understands are left out.
    """
    payload = PayloadWriter()
    rows, requests, answers = [], [], []
    for row, span in calls:
        request = request_of(span)
        responses = [_read(span, answer) for answer in span.answers]
        if request is None and not any(responses):
            continue
        rows.append(row)
        requests.append(None if request is None else payload.encode(_request(request)))
        answers.append(payload.encode([None if it is None else _response(it) for it in responses]))
    return {"rows": rows, "requests": requests, "answers": answers, "values": payload.take()}


def _read(span: Span, answer: Answer) -> ModelResponse | None:
    """What a model said; of an imported call, also where nobody kept what it was asked."""
    return response_from(answer.body) if span.question is None else response_of(span, answer)


def _request(request: ModelRequest) -> Value:
    return {
        "model": request.model,
        "messages": [value_of(one) for one in request.messages],
        "tools": list(request.tools),
        "parameters": dict(request.parameters),
    }


def _response(response: ModelResponse) -> Value:
    return {
        "model": response.model,
        "messages": [value_of(one) for one in response.messages],
        "error": response.error,
    }
