"""Cassettes of real traffic, read whichever of the common ways they keep bodies in."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from agenttrace.model.call import Answer, Chunk
from agenttrace.model.values import Value, canonical
from agenttrace.providers import catalog, frames, sse
from agenttrace.providers.provider import FRAMES, SSE, Provider

REDACTED = "**REDACTED**"
CASSETTES = Path(__file__).parents[1] / "data" / "cassettes"
DRIVEN = (
    "anthropic",
    "bedrock",
    "gemini",
    "json-format",
    "langchain-gz",
    "mcp",
    "multi-agent",
    "openai-chat",
    "openai-responses",
    "other",
)
"""The folders whose questions to models the real SDKs ask again."""

STRANGE = ("websocket", "yaml-python-tags")
"""The folders that a safe reader of requests and responses refuses."""


@dataclass(frozen=True)
class Interaction:
    """One request of a cassette, and what the real service answered.

    Attributes:
        host: Who was asked.
        method: `POST`, …
        path: Without the query.
        query: What follows the path; empty: nothing.
        headers: Of the request, by lowercase name.
        body: Of the request.
        answer: What was said, content encoding taken off.
        zipped: Whether it had come compressed.
    """

    host: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: Any
    answer: Answer
    zipped: bool = False

    @property
    def provider(self) -> Provider | None:
        """Whose language it is in."""
        return catalog.provider_for(self.method, self.path, self.body)

    @property
    def asks_a_model(self) -> bool:
        """Whether it is a question to a model; `InvokeModel` is, in no language of ours."""
        return self.provider is not None or "/invoke" in self.path


def cassettes(*folders: str) -> list[Path]:
    """Every cassette of some folders, or of all that hold requests and no Python objects."""
    found = sorted(
        path for path in CASSETTES.glob("*/*") if path.is_file() and path.parent.name not in STRANGE
    )
    return [path for path in found if not folders or path.parent.name in folders]


def interactions(cassette: Path) -> Iterator[Interaction]:
    """Read a cassette."""
    for asked, said in _recorded(cassette):
        uri = asked["uri"]
        if uri == REDACTED:  # the only such cassettes are of Responses
            uri = "https://api.openai.com/v1/responses"
        _, _, host, target = uri.split("/", 3)
        path, _, query = f"/{target}".partition("?")
        headers = {name.lower(): _first(values) for name, values in asked["headers"].items()}
        yield Interaction(
            host=host,
            method=asked["method"],
            path=path,
            query=query,
            headers=headers,
            body=_request_body(asked),
            answer=_answer(said),
            zipped=_is_zipped(said),
        )


def _recorded(cassette: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Requests and responses: of vcrpy, of langchain-tests, of dd-apm-test-agent."""
    data = cassette.read_bytes()
    if cassette.suffix == ".json":
        found = json.loads(data)
        asked, said = found["request"], found["response"]
        listed = ({name: [it] for name, it in one["headers"].items()} for one in (asked, said))
        asked["headers"], said["headers"] = listed
        yield {**asked, "uri": asked["url"]}, {**said, "body": {"string": said["body"]}}
        return
    found = yaml.safe_load(gzip.decompress(data) if cassette.suffix == ".gz" else data)
    if "interactions" in found:
        yield from ((one["request"], one["response"]) for one in found["interactions"])
    else:
        yield from zip(found["requests"], found["responses"], strict=True)


def _request_body(asked: dict[str, Any]) -> Value:
    if "parsed_body" in asked:
        return canonical(asked["parsed_body"])
    body = asked["body"]
    if body is None:
        return None
    try:
        return canonical(json.loads(body))
    except ValueError:
        return canonical(body)


def _answer(said: dict[str, Any]) -> Answer:
    if "parsed_body" in said:
        data = json.dumps(said["parsed_body"]).encode()
    else:
        text = said["body"]["string"]
        data = text if isinstance(text, bytes) else text.encode()
        data = gzip.decompress(data) if _is_zipped(said) else data
    told = {name.lower(): _first(values) for name, values in said["headers"].items()}
    events = data.startswith((b"data:", b"event:"))
    kind = told.get("content-type", REDACTED)
    if kind == REDACTED:
        kind = SSE if events else "application/json"
    kept = [["content-type", kind]]
    kept += [[name, told[name]] for name in ("retry-after", "x-amzn-errortype") if name in told]
    streamed = kind.startswith((SSE, FRAMES))
    split = frames.split if kind.startswith(FRAMES) else sse.split
    return Answer(
        head={"status": said["status"]["code"], "headers": canonical(kept)},
        chunks=tuple(Chunk(data=it) for it in (split(data) if streamed else (data,))),
        streamed=streamed,
    )


def _is_zipped(said: dict[str, Any]) -> bool:
    text = said["body"]["string"] if "body" in said else ""
    return isinstance(text, bytes) and text.startswith(b"\x1f\x8b")


def _first(values: Any) -> str:
    value = values[0] if isinstance(values, list) else values
    return value.decode() if isinstance(value, bytes) else value
