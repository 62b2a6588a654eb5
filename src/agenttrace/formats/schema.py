"""Schema: what a golden holds, table by table and column by column, as data.

The writer and the reader follow these tables, and `docs/reference/golden-format.md` is made from
them, so none of the three can say something else.
"""

# History of the schema. Older ones are read for ever; a newer one is refused by name.
#
# 1   2026   The first. Four sections: content, ragged, timing, sites.

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SCHEMA: Final = 1
"""The schema that this version writes."""

MAGIC: Final = b"\x89ATRACE\r\n\x1a\n"
"""A golden's first bytes; a transfer that changes line ends, or drops eighth bits, breaks them."""

SECTIONS: Final = {
    "content": "What the run was. Its sha256 stands in the header, and alone decides equality.",
    "ragged": "What chance may cut short: lanes that were cancelled, never ended or lost a race, "
    "and what had come of answers that were cut off. Compared as a prefix, outside the digest.",
    "timing": "When things happened, and in which environment. Never compared.",
    "sites": "Files, lines and tracebacks, for people. Never compared.",
}
"""The sections, in the order of the file."""

LONGEST_FILE: Final = 1 << 30
LONGEST_HEADER: Final = 1 << 16
MOST_ROWS: Final = 4_000_000
MOST_SPANS: Final = 500_000
DEEPEST_POSITION: Final = 512
DEEPEST_VALUE: Final = 208
HEAVIEST_VALUE: Final = 1 << 28
HEAVIEST_SECTION: Final = 1 << 33

LIMITS: Final = {
    "bytes of a file": LONGEST_FILE,
    "bytes of the header": LONGEST_HEADER,
    "rows of a table": MOST_ROWS,
    "spans of a section": MOST_SPANS,
    "steps of a position": DEEPEST_POSITION,
    "nesting of a value": DEEPEST_VALUE,
    "bytes of one value, references followed": HEAVIEST_VALUE,
    "bytes of a section's values, references followed": HEAVIEST_SECTION,
}
"""What is refused before it is decoded."""

LEAF_BYTES: Final = 32
"""A text or byte string from this length on is stored once and referred to."""
NODE_BYTES: Final = 32
"""A list or mapping whose msgpack form has at least this length, likewise."""
SHORTEST_PREFIX: Final = 4
"""A list that begins with a stored list of at least this many items refers to it."""
REFERENCE, PREFIX = 1, 2
"""The msgpack extension types: a reference to a stored value; "begins with the list there"."""

KINDS: Final = {
    "int": "an integer",
    "flag": "true or false",
    "word": "a text out of few: a list of the texts in order of first use, then one index a row",
    "bytes": "a byte string",
    "value": "any canonical value; what is large is a reference into `values`",
    "map": "a mapping: one index into `shapes` a row (0 is empty), then all values in a row",
    "position": "an index into `positions`: 0 is none, 1 the run itself",
    "span": "0 is none, n the n-th span of the section (ragged ones count on from content), or 8 "
    "bytes: the id of a span that is not here",
    "ids": "8 bytes a row where the id is not the one made from run name and position: the rows, "
    "then the ids",
    "rows": "how many of the next rows of the table named like the column belong to this one",
}
"""How a column is stored."""


NEEDED: Final = ...
"""The default of a column that has none."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table; left out where every row has the default.

    Attributes:
        name: What it is called.
        kind: One of `KINDS`.
        doc: What it says.
        default: What a row has where the column is left out; `NEEDED`: it never is.
    """

    name: str
    kind: str
    doc: str
    default: object = NEEDED


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one sort, a column after the other.

    Attributes:
        name: What it is called.
        doc: What a row is.
        columns: In the order of the file.
    """

    name: str
    doc: str
    columns: tuple[Column, ...]


CONTENT: Final = (
    Table(
        "trace",
        "The run; one row, in `content` only.",
        (
            Column("name", "word", "What was run: the test's id."),
            Column("id", "word", "The trace's id where it is not made from the name.", ""),
            Column("complete", "flag", "Whether the run ended.", default=True),
            Column("resource", "value", "Of a foreign trace: what produced it.", None),
        ),
    ),
    Table(
        "spans",
        "One thing that happened; in causal order: the run, then by lane and step.",
        (
            Column("id", "ids", "Its id.", None),
            Column("parent", "span", "The span it happened inside.", 0),
            Column("name", "word", "What happened."),
            Column("kind", "word", "`run` `agent` `llm` `tool` …"),
            Column("operation", "word", "The name its position is counted under.", ""),
            Column("wire_kind", "word", "OpenTelemetry's kind.", "internal"),
            Column("position", "position", "Where it stands.", 1),
            Column("lane", "position", "The lane it happened in.", 1),
            Column("seq", "int", "The step of the lane at which it began.", 0),
            Column("end_seq", "int", "The last step of the lane before it ended.", 0),
            Column("status_code", "word", "How it ended.", "UNSET"),
            Column("status_message", "value", "In words.", ""),
            Column("agent", "word", "The id of the agent that did it.", None),
            Column("task", "word", "What the agent was asked to do.", None),
            Column("question", "value", "What was asked of the world.", None),
            Column("digest", "bytes", "16 bytes over the question; empty: nothing was asked.", b""),
            Column("answers", "rows", "What the world said, one row an attempt.", 0),
            Column("attributes", "map", "What else is known.", 0),
            Column("events", "rows", "What occurred inside.", 0),
            Column("links", "rows", "What came first and had a part in it.", 0),
            Column("usages", "rows", "What it used: one row or none.", 0),
            Column("mark", "word", "`lent` `stub` `fault`: not a pair that the world gave.", ""),
            Column("echoed", "flag", "Copied from the recording.", default=False),
            Column("fidelity", "map", "How well each payload is known.", 0),
            Column("resource", "value", "Of a foreign span: what produced it.", None),
            Column(
                "scope",
                "value",
                "Of a foreign span: name, version, attributes of its library.",
                None,
            ),
            Column("trace_flags", "int", "W3C trace flags.", 1),
            Column("trace_state", "word", "W3C tracestate.", ""),
        ),
    ),
    Table(
        "answers",
        "What the world said to one attempt.",
        (
            Column("head", "value", "Status and headers. Nil where the answer was cut off.", None),
            Column("chunks", "rows", "The body. None where the answer was cut off.", 0),
            Column("streamed", "flag", "Whether the asker saw the pieces.", default=False),
            Column(
                "failure",
                "value",
                "The exception it ended in: type, args, fields, message, causes.",
                None,
            ),
            Column("end", "word", "`complete` `closed` `cut` `cancelled` `open`.", "complete"),
        ),
    ),
    Table("chunks", "One piece of an answer.", (Column("data", "value", "The bytes.", b""),)),
    Table(
        "events",
        "Something that occurred inside a span.",
        (
            Column("name", "word", "`planning` `tool_call` `reflection` `state_change` `error` …"),
            Column("attributes", "map", "What is known of it.", 0),
            Column("seq", "int", "The step of the span's lane.", 0),
        ),
    ),
    Table(
        "links",
        "A causal edge that is not parent and child.",
        (
            Column("span", "span", "The span that came first."),
            Column("relationship", "word", "`triggered_by` `handoff` `message` …", "triggered_by"),
            Column("trace", "word", "The trace of that span; nil: this one.", None),
            Column("attributes", "map", "What is known of the edge.", 0),
        ),
    ),
    Table(
        "usages",
        "What a span used.",
        (
            Column("cost_usd", "word", "Money for the model, as a decimal; nil: not known.", None),
            Column("tool_cost_usd", "word", "Money for the tool, likewise.", None),
            Column("tokens", "rows", "Tokens, one row a model.", 0),
        ),
    ),
    Table(
        "tokens",
        "Tokens of one model.",
        (
            Column("model", "word", "The model that answered."),
            Column("input", "int", "Read.", 0),
            Column("output", "int", "Written.", 0),
            Column("cache_read", "int", "Read from the provider's cache.", 0),
            Column("cache_write", "int", "Written to it.", 0),
            Column("reasoning", "int", "The part of the output that was reasoning.", 0),
        ),
    ),
    Table(
        "lanes",
        "The program order of one task, thread, process or call; by path.",
        (
            Column("path", "position", "Where it was spawned.", 1),
            Column("parent", "position", "The lane that spawned it.", 1),
            Column("spawn_seq", "int", "The step of the parent at which it was spawned.", 0),
            Column("joins", "rows", "Who was told that it had ended.", 0),
            Column("raced", "flag", "Offered to a wait that need not wait for it.", default=False),
            Column("ragged", "flag", "Chance may cut it short.", default=False),
            Column(
                "end",
                "word",
                "`complete` `cut` `open` `hole`; of a ragged lane: in `fates`.",
                "complete",
            ),
        ),
    ),
    Table(
        "joins",
        "The moment from which a lane knows that another one has ended.",
        (
            Column("by", "position", "The lane that was told.", 1),
            Column("seq", "int", "Its last step before it was told.", 0),
        ),
    ),
    Table(
        "agents",
        "One member of the team; by id.",
        (
            Column("id", "word", "Stable from run to run."),
            Column("name", "word", "What people call it."),
            Column("type", "word", "What kind of agent it is.", ""),
            Column("role", "word", "The part it plays.", ""),
            Column("version", "word", "Which version of its code or prompt.", ""),
            Column("model", "map", "Its model configuration.", 0),
        ),
    ),
    Table(
        "snapshots",
        "One agent's state at one logical moment; what is as it was before is a reference.",
        (
            Column("agent", "word", "The agent; empty: the run."),
            Column("position", "position", "Where it was taken.", 1),
            Column("lane", "position", "The lane that took it.", 1),
            Column("seq", "int", "The step of that lane.", 0),
            Column("goal", "value", "What the agent wants.", None),
            Column("beliefs", "value", "What it holds to be true.", None),
            Column("working_memory", "value", "What it is working with.", None),
            Column("perceptions", "value", "What it has just been told.", None),
            Column("status", "word", "How it stands.", ""),
            Column("extra", "map", "What a user keeps beside these.", 0),
            Column("span", "span", "The span inside which it was taken.", 0),
        ),
    ),
    Table(
        "deliveries",
        "Which message a receive got.",
        (
            Column("receive", "position", "The position of the receive.", 1),
            Column("message", "position", "The position of the message.", 0),
            Column("outcome", "word", "`message` `empty` `cancelled` `end` `timeout`.", "message"),
            Column("channel", "word", "The queue, stream or topic.", ""),
            Column("content", "bytes", "The digest of the message.", b""),
            Column("turns", "rows", "The messages received since the lane's last call.", 0),
            Column("seq", "int", "The last step of the receiving lane before it knew.", 0),
            Column("sent", "int", "The last step of the sending lane before it sent.", 0),
            Column("heard", "int", "How many receives the sending lane had begun before.", 0),
        ),
    ),
    Table("turns", "One message of a turn.", (Column("message", "position", "Its position.", 1),)),
)
"""The tables of `content`; `ragged` has the same for the lanes that chance may cut short."""

RAGGED: Final = (
    *CONTENT[1:],
    Table(
        "fates",
        "How each ragged lane of `content` ended, in their order.",
        (Column("end", "word", "`complete` `cut` `open` `hole`.", "complete"),),
    ),
    Table(
        "late_joins",
        "Joins of lanes of `content` by lanes that chance may cut short.",
        (
            Column("lane", "int", "The row of the lane in `content`.", 0),
            Column("by", "position", "The lane that was told.", 1),
            Column("seq", "int", "Its last step before it was told.", 0),
        ),
    ),
    Table(
        "arrivals",
        "What had come of each cut-off answer of `content`, in their order.",
        (
            Column("head", "value", "Status and headers, if they had come.", None),
            Column("arrived", "rows", "The chunks that had come.", 0),
            Column("streamed", "flag", "Whether the asker saw the pieces.", default=False),
        ),
    ),
    Table("arrived", "One such chunk.", (Column("data", "value", "The bytes.", b""),)),
)
"""The tables of `ragged`."""

TIMING: Final = {
    "started": "The wall clock at the start, ISO 8601 in UTC.",
    "environment": "What the run depended on: hash seed, versions, the date of the prices.",
    "spans": "Nanoseconds from the start: all beginnings, all ends; content's, then ragged ones.",
    "answers": "Likewise: asked, ended.",
    "chunks": "Nanoseconds from the asking; content's, then ragged ones, then arrived ones.",
    "events": "Nanoseconds from the start; content's, then ragged ones.",
    "spent": "Nanoseconds by category, one mapping a usage; content's, then ragged ones.",
}
"""What `timing` holds: one msgpack map."""

SITES: Final = {
    "spans": "The file and line of the user's code: a list of sites, then one index a span.",
    "span_traces": "Tracebacks among span attributes: the rows, then the texts.",
    "event_traces": "Tracebacks among event attributes, likewise.",
}
"""What `sites` holds: one msgpack map."""


def page() -> str:
    """Give the tables of a golden as Markdown."""
    lines = ["## Sections", "", "| section | holds |", "|---|---|"]
    lines += [f"| `{name}` | {doc} |" for name, doc in SECTIONS.items()]
    lines += ["", "## Kinds of column", "", "| kind | stored as |", "|---|---|"]
    lines += [f"| `{kind}` | {doc} |" for kind, doc in KINDS.items()]
    lines += ["", "## Tables of `content`", *_tables(CONTENT)]
    lines += ["", "## More tables of `ragged`", *_tables(RAGGED[len(CONTENT) - 1 :])]
    for title, entries in (("timing", TIMING), ("sites", SITES)):
        lines += ["", f"## Entries of `{title}`", "", "| entry | holds |", "|---|---|"]
        lines += [f"| `{name}` | {doc} |" for name, doc in entries.items()]
    lines += ["", "## Limits", "", "| at most | |", "|---|---|"]
    lines += [f"| {what} | {most:,} |" for what, most in LIMITS.items()]
    return "\n".join(lines)


def _tables(tables: tuple[Table, ...]) -> list[str]:
    lines: list[str] = []
    for table in tables:
        lines += [
            "",
            f"### `{table.name}`",
            "",
            table.doc,
            "",
            "| column | kind | default | says |",
            "|---|---|---|---|",
        ]
        for column in table.columns:
            default = "" if column.default is NEEDED else f"`{_shown(column)}`"
            lines.append(f"| `{column.name}` | {column.kind} | {default} | {column.doc} |")
    return lines


def _shown(column: Column) -> str:
    if column.kind == "position":
        return "the run" if column.default == 1 else "none"
    return {"map": "{}", "ids": "made from the position", "span": "none"}.get(
        column.kind, repr(column.default)
    )
