"""What real trace files hold, counted by walking their raw JSON. Imports nothing from `src`.

A second reading by another hand: no codec, no model, no shared table of names. It counts, and
nothing else: spans that are told twice, word for word, count once; a parent counts where it is in
the file, else its span is an orphan; tokens are those of model calls alone.
"""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple


class Counts(NamedTuple):
    """What a file holds; `orphans` are spans whose parent is elsewhere."""

    traces: int
    spans: int
    parents: int
    orphans: int
    errors: int
    input_tokens: int
    output_tokens: int


class Row(NamedTuple):
    """One span, as far as it counts."""

    trace: str
    id: str
    parent: str
    failed: bool
    tokens: tuple[int, int] = (0, 0)


def counted(folder: str, name: str, data: bytes) -> Counts | None:
    """Count what is in a file; None: it holds no spans.

    Args:
        folder: Whose file it is: the name of a folder of `tests/data`.
        name: The file's name.
        data: Its bytes, unpacked.
    """
    walk = _archive(data) if name.endswith(".eval") else WALKS[folder](json.loads(data))
    rows = list(walk)
    if not rows:
        return None
    known = {(row.trace, row.id) for row in rows}
    return Counts(
        traces=len({row.trace for row in rows}),
        spans=len(rows),
        parents=sum((row.trace, row.parent) in known for row in rows),
        orphans=sum(row.parent != "" and (row.trace, row.parent) not in known for row in rows),
        errors=sum(row.failed for row in rows),
        input_tokens=sum(row.tokens[0] for row in rows),
        output_tokens=sum(row.tokens[1] for row in rows),
    )


def _once(spans: list[Any]) -> Iterator[Any]:
    seen = set()
    for span in spans:
        whole = json.dumps(span, sort_keys=True)
        if whole not in seen:
            seen.add(whole)
            yield span


def _model_tokens(about: dict[str, Any], *, is_model: bool) -> tuple[int, int]:
    def count(*names: str) -> int:
        return next((int(about[name]) for name in names if about.get(name) is not None), 0)

    if not is_model:
        return 0, 0
    return (
        count("gen_ai.usage.input_tokens", "llm.token_count.prompt"),
        count("gen_ai.usage.output_tokens", "llm.token_count.completion"),
    )


def _is_model(about: dict[str, Any]) -> bool:
    operation = about.get("gen_ai.operation.name")
    if operation is not None:
        return operation in ("chat", "call_llm", "text_completion", "generate_content")
    return about.get("openinference.span.kind") == "LLM"


# -- OpenTelemetry ------------------------------------------------------------------------------
def _otlp(document: Any) -> Iterator[Row]:
    spans = [
        span
        for request in (document if isinstance(document, list) else [document])
        for resource in request.get("resourceSpans", [])
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
    for span in _once(spans):
        about = {
            one["key"]: next(iter(one["value"].values()), None)
            for one in span.get("attributes") or []
        }
        code = (span.get("status") or {}).get("code")
        yield Row(
            trace=_id(span["traceId"]),
            id=_id(span["spanId"]),
            parent=_id(span.get("parentSpanId") or ""),
            failed=code in (2, "STATUS_CODE_ERROR"),
            tokens=_model_tokens(about, is_model=_is_model(about)),
        )


def _id(written: str) -> str:
    if len(written) in (12, 24) and written.endswith("="):
        return base64.b64decode(written).hex()
    return "" if set(written) == {"0"} else written.lower()


def _dumped(document: Any) -> Iterator[Row]:
    for span in document["spans"]:
        about = span["attributes"]
        yield Row(
            trace=str(span["context"]["trace_id"]),
            id=str(span["context"]["span_id"]),
            parent=str((span.get("parent") or {}).get("span_id") or ""),
            failed=str(span["status"]["status_code"]).lower() == "error",
            tokens=_model_tokens(about, is_model=_is_model(about)),
        )


def _nested(document: Any) -> Iterator[Row]:
    spans, ahead = [], document["spans"]
    while ahead:
        span, *ahead = ahead
        spans.append(span)
        ahead += span["child_spans"]
    for span in _once(spans):
        about = span["span_attributes"]
        yield Row(
            trace=span["trace_id"],
            id=span["span_id"],
            parent=span["parent_span_id"] or "",
            failed=span["status_code"] == "Error",
            tokens=_model_tokens(about, is_model=_is_model(about)),
        )


# -- Jaeger and Zipkin --------------------------------------------------------------------------
def _jaeger(document: Any) -> Iterator[Row]:
    for trace in document.get("data", [document]):
        twice: dict[str, int] = {}
        for span in _once(trace.get("spans", [trace])):
            about = {tag["key"]: tag["value"] for tag in span["tags"] or []}
            above = [
                one["spanID"]
                for one in span.get("references") or []
                if one["refType"] == "CHILD_OF" and one["traceID"] == span["traceID"]
            ]
            own = span["spanID"]
            twice[own] = twice.get(own, 0) + 1
            yield Row(
                trace=span["traceID"],
                id=own if twice[own] == 1 else f"{own} again",
                parent=above[0] if above else span.get("parentSpanID") or "",
                failed=about.get("error") in (True, "true")
                or about.get("otel.status_code") == "ERROR",
                tokens=_model_tokens(about, is_model=_is_model(about)),
            )


def _zipkin(document: Any) -> Iterator[Row]:
    clients = {span["id"] for span in document if not span.get("shared")}
    for span in _once(document):
        own, above = span["id"], span.get("parentId", "")
        if span.get("shared") and own in clients:  # the server's half of a client's span
            own, above = f"{own} served by {span['localEndpoint']['serviceName']}", own
        yield Row(
            trace=span["traceId"], id=own, parent=above, failed="error" in span.get("tags", {})
        )


# -- others -------------------------------------------------------------------------------------
def _langfuse(document: Any) -> Iterator[Row]:
    for one in document["observations"]:
        used = one["usageDetails"] if one["type"] == "GENERATION" else {}
        yield Row(
            trace=one["traceId"],
            id=one["id"],
            parent=one["parentObservationId"] or "",
            failed=one["level"] == "ERROR",
            tokens=(used.get("input", 0), used.get("output", 0)),
        )


def _inspect(document: Any) -> Iterator[Row]:
    for number, sample in enumerate(document.get("samples", [document])):
        yield from _sample(str(number), sample)


def _sample(trace: str, sample: Any) -> Iterator[Row]:
    yield Row(trace, "root", "", bool(sample.get("error")))
    events = sample.get("events") or []
    if not events:
        for at, message in enumerate(sample["messages"]):
            if message["role"] in ("assistant", "tool"):
                yield Row(trace, str(at), "root", bool(message.get("error")))
        return
    for at, event in enumerate(events):
        what = event["event"]
        if what in ("span_begin", "model", "tool", "sandbox") or (
            what == "step" and event["action"] == "begin"
        ):
            used = (event.get("output") or {}).get("usage") or {} if what == "model" else {}
            tokens = used.get("input_tokens", 0), used.get("output_tokens", 0)
            yield Row(trace, str(at), "root", bool(event.get("error")), tokens)


def _archive(data: bytes) -> Iterator[Row]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if name.startswith("samples/"):
                yield from _sample(name, json.loads(archive.read(name)))


def _trajectory(document: Any) -> Iterator[Row]:
    yield Row("", "root", "", failed=False)
    for at, step in enumerate(document["trajectory"]):
        yield Row("", f"model {at}", "root", failed=False)
        if step["action"].strip():
            yield Row("", f"tool {at}", "root", failed=False)


def _tau(document: Any) -> Iterator[Row]:
    yield Row("", "root", "", failed=False)
    for at, message in enumerate(document["traj"]):
        if message["role"] in ("assistant", "tool"):
            yield Row("", str(at), "root", failed=False)


def _team(document: Any) -> Iterator[Row]:
    yield Row("", "root", "", failed=False)
    for at, message in enumerate(document["history"]):
        if message["role"] != "human":
            yield Row("", str(at), "root", failed=False)


def _annotations(document: Any) -> Iterator[Row]:
    yield from ()


WALKS: dict[str, Callable[[Any], Iterator[Row]]] = {
    "otlp": _otlp,
    "jaeger": _jaeger,
    "zipkin": _zipkin,
    "langfuse": _langfuse,
    "genai-otel": _dumped,
    "inspect": _inspect,
    "trail-swebench": _nested,
    "trail-swebench/annotations": _annotations,
    "swe-agent": _trajectory,
    "tau-bench": _tau,
    "multi-agent-failures": _team,
}
"""How each folder's files are walked."""
