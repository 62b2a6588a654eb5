"""Pieces: one piece of a streamed answer, as the texts in it, and as bytes again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from agenttrace.redact.documents import document_of

Place: TypeAlias = tuple[str | int, ...]
"""Where a text stands in a document: names; of a list, the `index` that an item says it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One piece.

    Attributes:
        data: Its bytes.
        texts: The texts in it, each with its place, in the order of the document.
        write: Gives the bytes of the piece with other texts in their places.
    """

    data: bytes
    texts: tuple[tuple[Place, str], ...]
    write: Callable[[Iterator[str]], bytes]


def piece_of(data: bytes) -> Piece:
    """Read a piece: a document that we know, or a text."""
    document = document_of(data)
    if document is None:
        return Piece(data=data, texts=(((), data.decode("latin-1")),), write=_as_text)
    value, write = document.value, document.write
    return Piece(
        data=data,
        texts=tuple(_texts(value, ())),
        write=lambda texts: write(_rebuilt(value, texts)),
    )


def _texts(value: Any, place: Place) -> Iterator[tuple[Place, str]]:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        index = value.get("index")
        place = (*place, index) if isinstance(index, int) else place
        for key, item in value.items():
            yield from _texts(item, (*place, key))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, place)


def _rebuilt(value: Any, texts: Iterator[str]) -> Any:  # noqa: ANN401 - any JSON
    """The same value with other texts, in the order in which `_texts` gave them."""
    if isinstance(value, str):
        return next(texts)
    if isinstance(value, dict):
        return {key: _rebuilt(item, texts) for key, item in value.items()}
    return [_rebuilt(item, texts) for item in value] if isinstance(value, list) else value


def _as_text(texts: Iterator[str]) -> bytes:
    return next(texts).encode("latin-1")
