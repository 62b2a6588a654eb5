"""Reading a golden: sections put together to the trace that they were written from.

Every byte may come from a stranger. Rows are counted before they are made, every cell has the type
that its column promises, and nothing is looked up, imported or run by a name that stands in a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from agenttrace.causal.position import span_id, trace_id
from agenttrace.causal.ragged import is_cut
from agenttrace.causal.sequence import in_causal_order
from agenttrace.formats.money import money_from_text
from agenttrace.formats.native_columns import PoolsReader, made, parts, read_table
from agenttrace.formats.native_payload import unpacked
from agenttrace.formats.schema import CONTENT, RAGGED, Table
from agenttrace.model.agent import Agent
from agenttrace.model.call import Answer, Chunk, Failure
from agenttrace.model.lane import Delivery, Join, Lane
from agenttrace.model.names import EXCEPTION_TRACEBACK
from agenttrace.model.span import (
    Event,
    Fidelity,
    Link,
    Scope,
    Span,
    SpanKind,
    Status,
    WireKind,
    is_span_id,
)
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, Usage

Columns = dict[str, Any]
Tables = dict[str, Columns]

_KINDS = {kind.value: kind for kind in SpanKind}
_WIRE_KINDS = {kind.value: kind for kind in WireKind}
_FIDELITIES = {fidelity.value: fidelity for fidelity in Fidelity}


class TraceReader:
    """Decodes one trace.

    Raises:
        Exception: Of many types, where the bytes are not what a writer writes; `native` has one
            name for them all.
    """

    def __init__(self, section: Callable[[str], bytes]) -> None:
        """Read the sections, given by name."""
        pools = PoolsReader()
        self._content = _tables(CONTENT, section("content"), pools)
        self._ragged = _tables(RAGGED, section("ragged"), pools)
        self._timing = _plain_map(section("timing"))
        self._sites = _plain_map(section("sites"))
        self._name: str = _one(self._content["trace"]["name"])
        self._ids = [*self._made_ids(self._content), *self._made_ids(self._ragged)]
        self._sure: int = self._content["spans"]["rows"]

    def trace(self) -> Trace:
        """Put the trace together."""
        header = self._content["trace"]
        content, ragged = self._content, self._ragged
        return in_causal_order(
            Trace(
                id=_one(header["id"]) or trace_id(self._name),
                name=self._name,
                spans=tuple(self._spans()),
                lanes=(*self._sure_lanes(), *_lanes(ragged["lanes"], _joins(ragged))),
                agents=(*_agents(content["agents"]), *_agents(ragged["agents"])),
                snapshots=(*self._snapshots(content), *self._snapshots(ragged)),
                deliveries=(*_deliveries(content), *_deliveries(ragged)),
                started=_text(self._timing["started"]),
                environment=_mapping(self._timing["environment"]),
                complete=_one(header["complete"]),
                resource=_mapping(_one(header["resource"])),
            )
        )

    def _made_ids(self, tables: Tables) -> list[str]:
        given, positions = tables["spans"]["id"], tables["spans"]["position"]
        return [given.get(row) or span_id(self._name, it) for row, it in enumerate(positions)]

    def _span(self, row: int | bytes, tables: Tables) -> str | None:
        """Follow a reference to a span; content refers only to content."""
        if isinstance(row, bytes):
            if not is_span_id(row.hex()):
                raise ValueError("a reference to a span that has no id")
            return row.hex()
        most = self._sure if tables is self._content else len(self._ids)
        if not 0 <= row <= most:
            raise ValueError(f"a reference to span {row} of {most}")
        return self._ids[row - 1] if row else None

    def _spans(self) -> list[Span]:
        starts, ends = map(_numbers, self._timing["spans"])
        places, indices = self._sites["spans"]
        if not all(place is None or type(place) is str for place in places):
            raise ValueError("a site is no text")
        answers = self._answers()
        spent = iter(self._timing["spent"])
        times = iter(_numbers(self._timing["events"]))
        spans: list[Span] = []
        for tables in (self._content, self._ragged):
            table = tables["spans"]
            rows = slice(len(spans), len(spans) + table["rows"])
            columns = {name: table[name] for name in _SAME}
            spans += made(
                Span,
                **columns,
                id=self._ids[rows],
                parent=[self._span(row, tables) for row in table["parent"]],
                kind=[_KINDS[it] for it in table["kind"]],
                wire_kind=[_WIRE_KINDS[it] for it in table["wire_kind"]],
                status=list(map(_status, table["status_code"], table["status_message"])),
                start_ns=starts[rows],
                end_ns=ends[rows],
                site=[places[index] for index in _numbers(indices)[rows]],
                answers=parts(table["answers"], islice(answers, tables["answers"]["rows"])),
                events=parts(table["events"], _events(tables["events"], times)),
                links=parts(table["links"], self._links(tables)),
                usage=[
                    it[0] if it else None for it in parts(table["usages"], _usages(tables, spent))
                ],
                fidelity=[
                    {key: _FIDELITIES[it] for key, it in f.items()} for f in table["fidelity"]
                ],
                resource=list(map(_mapping, table["resource"])),
                scope=list(map(_scope, table["scope"])),
            )
        _all_used(answers, spent, times)
        if not len(spans) == len(starts) == len(ends) == len(indices):
            raise ValueError("times or sites are missing")
        return self._with_tracebacks(spans)

    def _with_tracebacks(self, spans: list[Span]) -> list[Span]:
        for row, text in zip(*self._sites["span_traces"], strict=True):
            attributes = {**spans[row].attributes, EXCEPTION_TRACEBACK: text}
            spans[row] = replace(spans[row], attributes=attributes)
        rows, texts = self._sites["event_traces"]
        if rows:
            of = dict(zip(_numbers(rows), texts, strict=True))
            count = 0
            for row, span in enumerate(spans):
                inside = range(count, count + len(span.events))
                count = inside.stop
                if any(at in of for at in inside):
                    events = map(_with_traceback, span.events, map(of.get, inside))
                    spans[row] = replace(span, events=tuple(events))
        return spans

    def _answers(self) -> Iterator[Answer]:
        content, ragged = self._content, self._ragged
        offsets = iter(_numbers(self._timing["chunks"]))
        asked, ended = (iter(_numbers(it)) for it in self._timing["answers"])
        answers: list[Answer] = []
        for table, chunks in ((content, "chunks"), (ragged, "chunks")):
            rows = table["answers"]["rows"]
            answers += made(
                Answer,
                head=table["answers"]["head"],
                chunks=parts(table["answers"]["chunks"], _chunks(table[chunks], offsets)),
                streamed=table["answers"]["streamed"],
                failure=list(map(_failure, table["answers"]["failure"])),
                end=table["answers"]["end"],
                asked_ns=list(islice(asked, rows)),
                ended_ns=list(islice(ended, rows)),
            )
        arrivals = ragged["arrivals"]
        arrived = parts(arrivals["arrived"], _chunks(ragged["arrived"], offsets))
        cut = zip(arrivals["head"], arrived, arrivals["streamed"], strict=True)
        for row, answer in enumerate(islice(answers, content["answers"]["rows"])):
            if is_cut(answer):
                head, chunks_of, streamed = next(cut)
                answers[row] = replace(answer, head=head, chunks=chunks_of, streamed=streamed)
        _all_used(offsets, asked, ended, cut)
        return iter(answers)

    def _links(self, tables: Tables) -> list[Link]:
        table = tables["links"]
        columns = {name: table[name] for name in ("relationship", "trace", "attributes")}
        return made(
            Link, span=[_needed(self._span(row, tables)) for row in table["span"]], **columns
        )

    def _sure_lanes(self) -> list[Lane]:
        table, late = self._content["lanes"], self._ragged["late_joins"]
        fates = iter(self._ragged["fates"]["end"])
        joins = [list(it) for it in parts(table["joins"], _joins(self._content))]
        for row, by, seq in zip(late["lane"], late["by"], late["seq"], strict=True):
            joins[row].append(Join(by=by, seq=seq))
        joined = [tuple(it) for it in joins]
        ends = [
            next(fates) if ragged else end
            for ragged, end in zip(table["ragged"], table["end"], strict=True)
        ]
        _all_used(fates)
        return _lanes(
            {**table, "end": ends, "joins": map(len, joined)}, [j for it in joined for j in it]
        )

    def _snapshots(self, tables: Tables) -> list[StateSnapshot]:
        table = tables["snapshots"]
        columns = {name: cells for name, cells in table.items() if name not in ("span", "rows")}
        return made(
            StateSnapshot, **columns, span=[self._span(row, tables) for row in table["span"]]
        )


_SAME = [
    "name",
    "operation",
    "position",
    "lane",
    "seq",
    "end_seq",
    "agent",
    "task",
    "question",
    "digest",
    "attributes",
    "mark",
    "echoed",
    "trace_flags",
    "trace_state",
]


def _tables(schema: tuple[Table, ...], data: bytes, pools: PoolsReader) -> Tables:
    unpacker = pools.payload.unpacker(data)
    pools.extend(unpacker.unpack())
    tables = unpacker.unpack()
    if unpacker.tell() != len(data):
        raise ValueError("a section goes on after its end")
    return {
        table.name: read_table(table, tables.get(table.name, {}), pools, len(data))
        for table in schema
    }


def _plain_map(data: bytes) -> dict[str, Any]:
    return _mapping(unpacked(data))


def _chunks(table: Columns, offsets: Iterator[int]) -> list[Chunk]:
    data = list(table["data"])
    if not all(type(piece) is bytes for piece in data):
        raise ValueError("a chunk is not bytes")
    return made(Chunk, data=data, offset_ns=list(islice(offsets, len(data))))


def _events(table: Columns, times: Iterator[int]) -> list[Event]:
    columns = {name: table[name] for name in ("name", "attributes", "seq")}
    return made(Event, **columns, at_ns=list(islice(times, table["rows"])))


def _usages(tables: Tables, spent: Iterator[Any]) -> list[Usage]:
    table, tokens = tables["usages"], tables["tokens"]
    columns = {name: cells for name, cells in tokens.items() if name not in ("model", "rows")}
    models = zip(tokens["model"], made(Tokens, **columns), strict=True)
    return made(
        Usage,
        models=list(map(dict, parts(table["tokens"], models))),
        cost_usd=list(map(money_from_text, table["cost_usd"])),
        tool_cost_usd=list(map(money_from_text, table["tool_cost_usd"])),
        time_ns=[_times(it) for it in islice(spent, table["rows"])],
    )


def _joins(tables: Tables) -> list[Join]:
    return made(Join, by=tables["joins"]["by"], seq=tables["joins"]["seq"])


def _lanes(table: Columns, joins: list[Join]) -> list[Lane]:
    paths = list(table["path"])
    columns = {name: table[name] for name in ("spawn_seq", "raced", "ragged", "end")}
    parents = [
        parent if path else None for path, parent in zip(paths, table["parent"], strict=True)
    ]
    return made(Lane, path=paths, parent=parents, joins=parts(table["joins"], joins), **columns)


def _agents(table: Columns) -> list[Agent]:
    return made(Agent, **{name: cells for name, cells in table.items() if name != "rows"})


def _deliveries(tables: Tables) -> list[Delivery]:
    table = tables["deliveries"]
    columns = {name: cells for name, cells in table.items() if name not in ("turns", "rows")}
    return made(Delivery, **columns, turn=parts(table["turns"], tables["turns"]["message"]))


def _with_traceback(event: Event, text: Any) -> Event:  # noqa: ANN401 - any canonical value
    return (
        event
        if text is None
        else replace(event, attributes={**event.attributes, EXCEPTION_TRACEBACK: text})
    )


def _status(code: str, message: object) -> Status:
    return Status(code=code, message=_text(message))


def _failure(value: Any) -> Failure | None:  # noqa: ANN401 - any canonical value
    if value is None:
        return None
    return Failure(
        type=_text(value["type"]),
        args=tuple(_list(value["args"])),
        fields=_mapping(value["fields"]),
        message=_text(value["message"]),
        causes=tuple(map(_text, _list(value["causes"]))),
    )


def _scope(value: Any) -> Scope | None:  # noqa: ANN401 - any canonical value
    if value is None:
        return None
    version, attributes = _text(value["version"]), _mapping(value["attributes"])
    return Scope(name=_text(value["name"]), version=version, attributes=attributes)


def _times(value: object) -> dict[str, int]:
    times = _mapping(value)
    _numbers(list(times.values()))
    return times


def _mapping(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any canonical value
    if value is None:
        return {}
    if type(value) is not dict:
        raise ValueError("something is no mapping")
    return value


def _text(value: object) -> str:
    if type(value) is not str:
        raise ValueError("something is no text")
    return value


def _list(value: Any) -> list[Any]:  # noqa: ANN401 - any canonical value
    if type(value) is not list:
        raise ValueError("something is no list")
    return value


def _numbers(cells: Any) -> list[int]:  # noqa: ANN401 - any msgpack value
    if type(cells) is not list or not set(map(type, cells)) <= {int}:
        raise ValueError("something is no list of integers")
    return cells


def _needed(span: str | None) -> str:
    if span is None:
        raise ValueError("a link points nowhere")
    return span


def _one(cells: Iterable[Any]) -> Any:  # noqa: ANN401 - any model value
    (cell,) = cells
    return cell


def _all_used(*rests: Iterator[Any]) -> None:
    if any(next(rest, _NOTHING) is not _NOTHING for rest in rests):
        raise ValueError("there is more than what belongs to anything")


_NOTHING = object()
