"""vcrpy's cassettes, read into exchanges: what was asked over HTTP, and what came back.

Three layouts are in use: `interactions` (vcrpy itself, and serializers that keep a parsed body),
`requests` beside `responses` (LangChain's tests), and a single exchange in one file (Datadog's test
agent). YAML, JSON, either of them gzipped. A body is text, base64 (`!!binary`, `base64_string`), or
compressed as the response's own header says.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from agenttrace.formats import yaml_events
from agenttrace.formats.yaml_events import Node, node_of, refused
from agenttrace.model import amounts

LONGEST = 1 << 28
"""How many bytes a cassette, or one body in it, may have once it is unpacked."""

_GZIP = b"\x1f\x8b"
_PIECE = 1 << 20
_DEFLATED = {"deflate", "gzip", "x-gzip"}
_SPOKEN = {"br", "zstd", "compress"}
_REDACTED = "redacted"
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its response, as bytes.

    Attributes:
        method: `POST`, ….
        url: The whole address; empty where it was taken out.
        body: The request's body.
        content_type: Of the request's body.
        status: Of the response.
        headers: Of the response, in order.
        answer: The response's body, nothing compressed.
        line: Where the exchange stands in the file; 0: not known.
    """

    method: str
    url: str
    body: bytes
    content_type: str
    status: int
    headers: tuple[tuple[str, str], ...]
    answer: bytes
    line: int = 0

    @property
    def target(self) -> str:
        """Path and query, as on the wire."""
        parts = urlsplit(self.url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def read(data: bytes, *, name: str = "cassette", url: str = "") -> tuple[Exchange, ...]:
    """Read a cassette's exchanges, in their order.

    Args:
        data: The file.
        name: What errors call it.
        url: The address of requests whose own was taken out.

    Raises:
        CassetteUnreadable: It is none, holds what cannot be read safely, or lacks a request.
    """
    if data.startswith(_GZIP):
        data = _unzipped(data, name, 0)
    if len(data) > LONGEST:
        raise refused(name, f"it has more than {LONGEST} bytes", 0)
    whole = _document(data, name)
    found = []
    for place, (node, request, response) in enumerate(_pairs(whole, name)):
        label = name if node.line else f"{name}, interaction {place + 1}"
        found.append(_exchange(request, response, label, node.line, url))
    return tuple(found)


def _document(data: bytes, name: str) -> Node:
    if data.lstrip()[:1] not in (b"{", b"["):
        return yaml_events.read(data, name)
    try:
        return node_of(json.loads(data))
    except json.JSONDecodeError as error:
        raise refused(name, f"it is not JSON: {error.msg}", error.lineno) from None
    except (UnicodeDecodeError, RecursionError, ValueError):
        raise refused(name, "it is not JSON", 0) from None


def _pairs(whole: Node, name: str) -> Iterator[tuple[Node, Node, Node]]:
    """Give each exchange: the node that stands for it, its request, its response."""
    requests, responses = whole.get("requests"), whole.get("responses")
    listed = whole.get("interactions")
    if requests is not None and responses is not None:
        if len(requests.items) != len(responses.items):
            counts = (
                f"{amounts.counted(len(requests.items), 'request')} and "
                f"{amounts.counted(len(responses.items), 'response')}"
            )
            raise refused(name, f"it holds {counts}", requests.line)
        for asked, said in zip(requests.items, responses.items, strict=True):
            yield asked, asked, said
        return
    if listed is None and whole.get("request") is None:
        raise refused(name, "it holds no interactions, so it is no cassette", whole.line)
    for place, one in enumerate([whole] if listed is None else listed.items):
        request, response = one.get("request"), one.get("response")
        if request is None or response is None:
            lacks = "request" if request is None else "response"
            kind = one.get("kind")
            what = "" if kind is None else f" (it is a {kind.plain}, so perhaps of a websocket)"
            where = name if one.line else f"{name}, interaction {place + 1}"
            raise refused(where, f"an interaction has no {lacks}{what}", one.line)
        yield one, request, response


def _exchange(request: Node, response: Node, name: str, line: int, url: str) -> Exchange:
    address = _text(request.get("uri")) or _text(request.get("url"))
    if not address or _REDACTED in address.lower():
        address = url
    if not address:
        raise refused(
            name,
            "the request's address was taken out of the cassette",
            line,
            "Say it: --url https://api.anthropic.com/v1/messages",
        )
    headers = _headers(response.get("headers"))
    return Exchange(
        method=(_text(request.get("method")) or "GET").upper(),
        url=address,
        body=_plain_body(request, _headers(request.get("headers")), name, line),
        content_type=_header(_headers(request.get("headers")), "content-type"),
        status=_status(response, name),
        headers=headers,
        answer=_plain_body(response, headers, name, line),
        line=line,
    )


def _status(response: Node, name: str) -> int:
    status = response.get("status") or response.get("status_code")
    code = None if status is None else status.get("code")
    value = _OK if status is None else status.plain if code is None else code.plain
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise refused(name, f"the status {str(value)[:40]!r} is no number", response.line)
    return value


def _plain_body(message: Node, headers: tuple[tuple[str, str], ...], name: str, line: int) -> bytes:
    """Give a body as the program saw it: decoded, and of one encoding, JSON as compact text."""
    parsed = message.get("parsed_body")
    if parsed is not None:
        return _packed(parsed.plain)
    body = _stored(message.get("body") or message.get("content"), name)
    encoding = _header(headers, "content-encoding").strip().lower()
    if body.startswith(_GZIP):
        return _unzipped(body, name, line)
    if encoding in _DEFLATED and not _is_text(body):  # else vcrpy decoded it, and left the header
        return _inflated(body, name, line)
    if encoding in _SPOKEN and not _is_text(body):
        raise refused(name, f"a body is compressed as {encoding[:20]}, which we do not read", line)
    return body


def _stored(body: Node | None, name: str) -> bytes:
    """Give a body as it is kept: a text, bytes, or a mapping that says how it is encoded."""
    if body is None or body.value is None:
        return b""
    encoded, said, coding = (body.get(key) for key in ("base64_string", "string", "encoding"))
    if encoded is not None:
        return _decoded(encoded, name)
    if said is not None:
        is_base64 = _text(coding).lower() == "base64"
        return _decoded(said, name) if is_base64 else _stored(said, name)
    if isinstance(body.value, dict | list):
        return _packed(body.plain)
    if isinstance(body.value, bytes):
        return body.value
    return str(body.value).encode("utf-8", "surrogatepass")


def _decoded(node: Node, name: str) -> bytes:
    if isinstance(node.value, bytes):
        return node.value
    try:
        return base64.b64decode("".join(str(node.value).split()), validate=True)
    except (binascii.Error, ValueError):
        raise refused(name, "a body that is said to be base64 is none", node.line) from None


def _unzipped(data: bytes, name: str, line: int) -> bytes:
    try:
        return _bounded(zlib.decompressobj(16 + zlib.MAX_WBITS), data, name, line)
    except zlib.error:
        raise refused(name, "it is said to be gzip, and is damaged", line) from None


def _inflated(data: bytes, name: str, line: int) -> bytes:
    for bits in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        try:
            return _bounded(zlib.decompressobj(bits), data, name, line)
        except zlib.error:
            continue
    raise refused(name, "a body is said to be compressed, and is damaged", line)


def _bounded(machine: Any, data: bytes, name: str, line: int) -> bytes:  # noqa: ANN401 - zlib's own
    counting, left, size = machine.copy(), data, 0
    while left and size <= LONGEST:  # counted before it is kept
        size += len(counting.decompress(left, _PIECE))
        left = counting.unconsumed_tail
    if size > LONGEST:
        raise refused(name, f"it has more than {LONGEST} bytes once it is unpacked", line)
    found: bytes = machine.decompress(data)
    if not machine.eof:
        raise refused(name, "what is compressed in it was cut short", line)
    return found


def _headers(node: Node | None) -> tuple[tuple[str, str], ...]:
    """Read headers: a mapping to a text or to a list of texts, or a list of pairs."""
    if node is None:
        return ()
    if isinstance(node.value, list):
        pairs = [pair.items for pair in node.items]
        return tuple((_text(pair[0]), _text(pair[1])) for pair in pairs if len(pair) > 1)
    fields = node.value if isinstance(node.value, dict) else {}
    return tuple(
        (name, _text(one))
        for name, said in fields.items()
        for one in (said.items if isinstance(said.value, list) else [said])
    )


def _header(headers: tuple[tuple[str, str], ...], name: str) -> str:
    return next((value for key, value in headers if key.lower() == name), "")


def _text(node: Node | None) -> str:
    value = None if node is None else node.value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)


def _packed(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode()


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
