"""Columns of a golden: rows turned on their side, so that like stands beside like."""

from __future__ import annotations

import dataclasses
from collections import deque
from itertools import accumulate, repeat
from typing import TYPE_CHECKING, Any, TypeVar

from agenttrace.errors import NotCanonical
from agenttrace.formats.native_payload import PayloadReader, PayloadWriter
from agenttrace.formats.schema import DEEPEST_POSITION, MOST_ROWS, MOST_SPANS, NEEDED, Column, Table
from agenttrace.model.lane import Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from agenttrace.model.lane import Position
    from agenttrace.model.values import Value

Made = TypeVar("Made")


class Pools:
    """What the rows of a section refer to: values, the keys of mappings, positions."""

    def __init__(self) -> None:
        """Begin with nothing but the two positions that everybody knows."""
        self.payload = PayloadWriter()
        self._shapes: dict[tuple[str, ...], int] = {(): 0}
        self._positions: dict[Position | None, int] = {None: 0, (): 1}
        self._new_shapes: list[tuple[str, ...]] = []
        self._new_positions: list[tuple[int, str, str, int]] = []

    def take(self) -> dict[str, Any]:
        """Give what was added since the last time."""
        taken = {
            "shapes": list(self._new_shapes),
            "positions": [list(column) for column in zip(*self._new_positions, strict=True)],
            "values": self.payload.take(),
        }
        self._new_shapes = []
        self._new_positions = []
        return taken

    def position(self, position: Position | None) -> int:
        """The index of a position."""
        found = self._positions.get(position)
        if found is None:
            if len(position) > DEEPEST_POSITION:  # type: ignore[arg-type]
                raise NotCanonical(f"a position of {len(position)} steps cannot be kept")  # type: ignore[arg-type]
            before = self.position(position[:-1])  # type: ignore[index]
            found = self._positions[position] = len(self._positions)
            self._new_positions.append((before, *position[-1]))  # type: ignore[index]
        return found

    def shape(self, keys: tuple[str, ...]) -> int:
        """The index of a mapping's sorted keys."""
        found = self._shapes.get(keys)
        if found is None:
            found = self._shapes[keys] = len(self._shapes)
            self._new_shapes.append(keys)
        return found


def write_column(column: Column, cells: Sequence[Any], pools: Pools) -> Any:  # noqa: ANN401, PLR0911 - one return a kind
    """Encode one column; None where every cell has the default."""
    encoded: list[Any]
    values: list[Any]
    match column.kind:
        case "word":
            if _all(cells, column.default):
                return None
            words: dict[str | None, int] = {}
            indices = [words.setdefault(cell, len(words)) for cell in cells]
            return [list(words), indices]
        case "value":
            if _all(cells, column.default):
                return None
            return [pools.payload.encode(cell) for cell in cells]
        case "map":
            shapes: list[int] = []
            values = []
            for cell in cells:
                keys = tuple(sorted(cell))
                shapes.append(pools.shape(keys))
                values.extend(pools.payload.encode(cell[key], 1) for key in keys)
            return [shapes, values] if any(shapes) else None
        case "ids":
            rows = [row for row, cell in enumerate(cells) if cell is not None]
            return [rows, [bytes.fromhex(cells[row]) for row in rows]] if rows else None
        case "position":
            encoded = [pools.position(cell) for cell in cells]
        case _:
            encoded = list(cells)
    return None if _all(encoded, column.default) else encoded


def write_table(
    table: Table, rows: int, columns: Mapping[str, Sequence[Any]], pools: Pools
) -> dict[str, Any]:
    """Encode a table; what has the default everywhere is left out."""
    written: dict[str, Any] = {"rows": rows}
    if rows > (MOST_SPANS if table.name == "spans" else MOST_ROWS):
        raise NotCanonical(f"a golden cannot hold {rows} {table.name}", rows=rows)
    for column in table.columns if rows else ():
        encoded = write_column(column, columns[column.name], pools)
        if encoded is not None:
            written[column.name] = encoded
    return written


class PoolsReader:
    """The pools of the sections read so far."""

    def __init__(self) -> None:
        """Begin as `Pools` does."""
        self.payload = PayloadReader()
        self.shapes: list[tuple[str, ...]] = [()]
        self.positions: list[Position | None] = [None, ()]

    def extend(self, pools: Mapping[str, Any]) -> None:
        """Add what a section brings.

        Raises:
            ValueError: It is not what `Pools.take` gives.
        """
        for keys in pools["shapes"]:
            _only(str, keys)
            if list(keys) != sorted(set(keys)):
                raise ValueError("the keys of a mapping are not sorted")
            self.shapes.append(tuple(keys))
        if pools["positions"]:
            starts, kinds, names, occurrences = pools["positions"]
            _only(int, starts), _only(str, kinds), _only(str, names), _only(int, occurrences)
            for before, *step in zip(starts, kinds, names, occurrences, strict=True):
                start = self.positions[before] if before > 0 else None
                if start is None or len(start) >= DEEPEST_POSITION:
                    raise ValueError("a position begins nowhere, or is too long")
                self.positions.append((*start, Step(*step)))
        self.payload.extend(pools["values"])


def read_table(
    table: Table, data: Mapping[str, Any], pools: PoolsReader, longest: int
) -> dict[str, Iterable[Any]]:
    """Decode a table: each column as something to iterate over, and the number of `rows`.

    Raises:
        ValueError: It is not what `write_table` gives, or has more rows than bytes.
    """
    rows = data.get("rows", 0)
    most = MOST_SPANS if table.name == "spans" else MOST_ROWS
    if type(rows) is not int or not 0 <= rows <= min(longest, most):
        raise ValueError(f"{table.name} has {rows!r} rows")
    read: dict[str, Any] = {"rows": rows}
    for column in table.columns:
        cells = data.get(column.name)
        if cells is None or not rows:
            if column.default is NEEDED and rows:
                raise ValueError(f"{table.name} has no {column.name}")
            read[column.name] = _default(column, pools, rows)
            continue
        read[column.name] = found = _read_column(column, cells, pools)
        if len(found) != rows and column.kind != "ids":
            raise ValueError(f"{table.name}.{column.name} has {len(found)} rows of {rows}")
    return read


def parts(counts: Iterable[int], rows: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Deal the rows of a table out to those that they belong to.

    Raises:
        ValueError: There are more or fewer of them.
    """
    everything, counts = tuple(rows), tuple(counts)
    if min(counts, default=0) < 0 or sum(counts) != len(everything):
        raise ValueError(f"{sum(counts)} rows are said to be there, and {len(everything)} are")
    ends = accumulate(counts)
    return [everything[end - count : end] for count, end in zip(counts, ends, strict=True)]


def made(make: type[Made], /, **columns: Iterable[Any]) -> list[Made]:
    """Give the objects of a frozen, slotted dataclass whose fields are these columns.

    They are filled column by column and then checked, each as if it had been made by itself: row by
    row took three times as long.

    Raises:
        ValueError: The columns are not equally long.
        Exception: Whatever the class refuses.
    """
    cells: dict[str, Any] = {
        name: column if hasattr(column, "__len__") else list(column)
        for name, column in columns.items()
    }
    rows = {len(column) for column in cells.values()}
    if len(rows) != 1:
        raise ValueError(f"the columns of {make.__name__} have {sorted(rows)} rows")
    count = rows.pop()
    if not count:
        return []
    made = list(map(make.__new__, repeat(make, count)))
    for field in dataclasses.fields(make):  # type: ignore[arg-type]
        column = cells.pop(field.name, None)
        if column is None:
            column = [_default_of(field) for _ in made]
        _all_of(map(getattr(make, field.name).__set__, made, column))
    if cells:
        raise ValueError(f"{make.__name__} has no {', '.join(cells)}")
    _all_of(map(getattr(make, "__post_init__", id), made))
    return made


def _default_of(field: dataclasses.Field[Any]) -> Any:  # noqa: ANN401 - any model value
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    if field.default is dataclasses.MISSING:
        raise ValueError(f"there is no {field.name}")
    return field.default


def _all_of(steps: Iterator[object]) -> None:
    deque(steps, maxlen=0)


def _read_column(column: Column, cells: Any, pools: PoolsReader) -> Any:  # noqa: ANN401, PLR0911 - one return a kind
    match column.kind:
        case "int" | "rows":
            return _only(int, cells)
        case "flag":
            return _only(bool, cells)
        case "bytes":
            return _only(bytes, cells)
        case "word":
            words, indices = cells
            if not all(type(word) is str or (word is None is column.default) for word in words):
                raise ValueError(f"{column.name} is no text")
            return _looked_up(words, indices)
        case "value":
            _only_list(cells)
            pools.payload.checked(cells)
            return cells
        case "position":
            return _looked_up(pools.positions, cells)
        case "map":
            return _read_maps(cells, pools)
        case "ids":
            rows, ids = cells
            found = zip(_only(int, rows), _only(bytes, ids), strict=True)
            return {row: id_.hex() for row, id_ in found}
        case _:
            return _only((int, bytes), cells)


def _read_maps(cells: Any, pools: PoolsReader) -> list[dict[str, Value]]:  # noqa: ANN401 - msgpack's values
    indices, values = cells
    _only_list(values)
    pools.payload.checked(values)
    shapes = _looked_up(pools.shapes, indices)
    dealt = parts(map(len, shapes), values)
    return [dict(zip(keys, row, strict=True)) for keys, row in zip(shapes, dealt, strict=True)]


def _looked_up(pool: Sequence[Any], indices: Any) -> list[Any]:  # noqa: ANN401 - msgpack's values
    if min(_only(int, indices), default=0) < 0:
        raise ValueError("an index is negative")
    return [pool[index] for index in indices]


def _only(kind: Any, cells: Any) -> Any:  # noqa: ANN401 - msgpack's values
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if type(cells) is not list or not set(map(type, cells)).issubset(kinds):
        raise ValueError(
            f"a column holds something else than {'/'.join(it.__name__ for it in kinds)}"
        )
    return cells


def _only_list(cells: Any) -> None:  # noqa: ANN401 - msgpack's values
    if type(cells) is not list:
        raise ValueError("a column is no list")


def _default(column: Column, pools: PoolsReader, rows: int) -> Any:  # noqa: ANN401 - any model value
    match column.kind:
        case "ids":
            return {}
        case "map":
            return [{} for _ in range(rows)]
        case "position":
            return _Repeated(pools.positions[column.default], rows)  # type: ignore[call-overload]
        case _:
            return _Repeated(column.default, rows)


class _Repeated:
    """A column that says the same everywhere; it takes no room, however many rows are claimed."""

    __slots__ = ("cell", "rows")

    def __init__(self, cell: object, rows: int) -> None:
        self.cell, self.rows = cell, rows

    def __len__(self) -> int:
        return self.rows

    def __iter__(self) -> Iterator[object]:
        return repeat(self.cell, self.rows)


def _all(cells: Sequence[Any], default: object) -> bool:
    return all(
        cell is default or (type(cell) is type(default) and cell == default) for cell in cells
    )
