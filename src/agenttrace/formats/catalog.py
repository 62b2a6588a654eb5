"""Catalog: every format that we read, found by its name, a file's name, or its first bytes.

A format's module is imported when it is asked for, so that a new format is one file and one line.
"""

from __future__ import annotations

import importlib
from pathlib import PurePath
from typing import TYPE_CHECKING, cast

from agenttrace.errors import UnknownFormat
from agenttrace.formats.resembling import resembling

if TYPE_CHECKING:
    from agenttrace.formats.codec import Codec, Exporter, Reader

MODULES = {
    "native": "agenttrace.formats.native",
    "journal": "agenttrace.formats.journal",
    "otlp": "agenttrace.formats.otlp",
    "otlp-protobuf": "agenttrace.formats.otlp_protobuf",
    "jaeger": "agenttrace.formats.jaeger",
    "langfuse": "agenttrace.formats.langfuse",
    "inspect": "agenttrace.formats.inspect",
    "openai-agents": "agenttrace.formats.openai_agents",
    "zipkin": "agenttrace.formats.zipkin",
    "readable-span": "agenttrace.formats.readable_span",
    "messages": "agenttrace.formats.messages",
}
"""Where each codec lives, the most particular first; each module calls its own `CODEC`."""


WRITTEN = ("native", "journal", "otlp", "otlp-protobuf", "jaeger", "zipkin")
"""The formats that are written as well as read."""

OURS = ("native", "journal")
"""Those that hold everything that a trace does."""

ONLY_WRITTEN = {
    "datadog": "agenttrace.formats.datadog",
    "perfetto": "agenttrace.formats.perfetto",
}
"""Where formats live that are written, and not read."""


def all_codecs() -> tuple[Codec, ...]:
    """Every format that is read and written, the most particular first."""
    return tuple(cast("Codec", _load(name)) for name in WRITTEN)


def all_readers() -> tuple[Reader, ...]:
    """Every format that is read, the most particular first."""
    return tuple(_load(name) for name in MODULES)


def exporters() -> dict[str, Exporter]:
    """Every format that a trace can be exported to, by name."""
    names = {name: MODULES[name] for name in WRITTEN if name not in OURS} | ONLY_WRITTEN
    return {
        name: cast("Exporter", importlib.import_module(module).CODEC)
        for name, module in names.items()
    }


def suffixes_of(name: str) -> tuple[str, ...]:
    """The ends of file names that a format claims."""
    module = {**MODULES, **ONLY_WRITTEN}[name]
    found: tuple[str, ...] = importlib.import_module(module).CODEC.suffixes
    return found


def codec_for(name: str | None = None, *, path: str | PurePath = "", head: bytes = b"") -> Reader:
    """Find a format: by its name, else by a file's first bytes, else by the end of its name.

    Raises:
        UnknownFormat: None is meant.
    """
    if name is not None:
        if name not in MODULES:
            raise UnknownFormat(f"no format is called {name!r}", detail=_known(), name=name)
        return _load(name)
    codecs = all_readers()
    file = PurePath(path).name
    for codec in codecs:
        if head and codec.reads(head):
            return codec
    for codec in codecs:
        if any(file.endswith(suffix) for suffix in codec.suffixes):
            return codec
    what = resembling(head) if head or path else ""
    raise UnknownFormat(
        f"{path or 'the data'} is in no format that we read{what and f': it is {what}'}",
        detail=_advice(file),
    )


def _load(name: str) -> Reader:
    codec: Reader = importlib.import_module(MODULES[name]).CODEC
    return codec


def _advice(file: str) -> str:
    if file.endswith(".trace.txt"):
        return f"  It is an outline, made for people. The golden is {file.removesuffix('.txt')}"
    return _known()


def _known() -> str:
    return f"  we read   {', '.join(MODULES)}\n  More: agenttrace formats"
