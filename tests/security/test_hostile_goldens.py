"""Goldens and journals from a stranger: every wrong byte has a typed error, none does anything."""

from __future__ import annotations

import hashlib
import os
import pickle
import random
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import pytest

from agenttrace.errors import GoldenTooNew, GoldenUnreadable, JournalUnreadable
from agenttrace.formats import journal, native
from agenttrace.formats.schema import CONTENT, MAGIC
from tests.fakes.campaign import times
from tests.fakes.refund_trace import refund_trace

ROOT = Path(__file__).parents[2]


def forged(**changes: Callable[[bytes], bytes]) -> bytes:
    """A golden some of whose sections were changed, with every checksum made right again."""
    lazy = native.read_lazy(native.write(refund_trace()))
    sections = {name: changes.get(name, bytes)(lazy.section(name)) for name in lazy.sections}
    return sealed(sections)


def sealed(sections: dict[str, bytes], schema: object = 1) -> bytes:
    """A golden of these sections, all checksums right."""
    table, offset = [], 0
    for name, section in sections.items():
        table.append([name, offset, len(section), zlib.crc32(section)])
        offset += len(section)
    header = msgpack.packb(
        {
            "schema": schema,
            "content": hashlib.sha256(sections.get("content", b"")).digest(),
            "counts": {},
            "sections": table,
        }
    )
    return (
        MAGIC
        + struct.pack(">II", len(header), zlib.crc32(header))
        + header
        + b"".join(sections.values())
    )


def reworked(
    change: Callable[[dict[str, Any], dict[str, Any]], object],
) -> Callable[[bytes], bytes]:
    """Change a section's two maps."""

    def rework(section: bytes) -> bytes:
        unpacker = msgpack.Unpacker(raw=False, max_buffer_size=len(section))
        unpacker.feed(section)
        pools, tables = unpacker.unpack(), unpacker.unpack()
        change(pools, tables)
        return bytes(msgpack.packb(pools) + msgpack.packb(tables))

    return rework


def test_a_golden_cut_short_at_any_byte_is_unreadable() -> None:
    """A full disk or a broken transfer must never look like a shorter run."""
    data = native.write(refund_trace())

    for size in range(len(data)):
        with pytest.raises(GoldenUnreadable):
            native.read(data[:size])


def test_a_flipped_bit_anywhere_is_noticed() -> None:
    """Checksums cover every byte of a golden."""
    data = native.write(refund_trace())
    chance = random.Random(1)

    for _ in range(times(300, 2_000)):
        at, bit = chance.randrange(len(data)), 1 << chance.randrange(8)
        flipped = data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]
        with pytest.raises((GoldenUnreadable, GoldenTooNew)):
            native.read(flipped)


def test_bytes_changed_by_somebody_who_mends_the_checksums_are_a_trace_or_an_error() -> None:
    """A forger gets a typed error or a trace of his own; never a crash of another kind."""
    chance, seen = random.Random(2), set()
    for _ in range(1_500):
        section = chance.choice(["content", "ragged", "timing", "sites"])

        def spoil(data: bytes) -> bytes:
            changed = bytearray(data)
            for _ in range(chance.randint(1, 4)):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
            return bytes(changed)

        try:
            native.write(native.read(forged(**{section: spoil})))
        except GoldenUnreadable as error:
            seen.add(error.facts["file"])
    assert seen == {"golden"}


LIES: list[Any] = [
    pytest.param(lambda _p, t: t["spans"].update(rows=10**9), id="a-billion-rows"),
    pytest.param(lambda _p, t: t["spans"].update(rows=-1), id="negative-rows"),
    pytest.param(lambda _p, t: t["spans"].update(name=[[5], [0] * 5]), id="number-for-a-name"),
    pytest.param(lambda _p, t: t["spans"].update(name=[["x"], [-1] * 5]), id="negative-index"),
    pytest.param(lambda _p, t: t["spans"].update(kind=[["os.system"], [0] * 5]), id="unknown-kind"),
    pytest.param(lambda _p, t: t["spans"].update(parent=[5, 1, 2, 2, 1]), id="circle-of-parents"),
    pytest.param(lambda _p, t: t["spans"].update(parent=[0, 9, 2, 2, 1]), id="parent-out-of-range"),
    pytest.param(lambda _p, t: t["spans"].pop("name"), id="no-names"),
    pytest.param(lambda _p, t: t["spans"].update(answers=[9, 0, 0, 0, 0]), id="too-many-answers"),
    pytest.param(
        lambda _p, t: t["usages"].update(cost_usd=[["1E999999999"], [0]]), id="money-bomb"
    ),
    pytest.param(lambda _p, t: t["usages"].update(cost_usd=[["9" * 10**5], [0]]), id="long-number"),
    pytest.param(lambda p, _t: p.update(values=b"\xc1"), id="no-msgpack"),
    pytest.param(lambda p, _t: p.update(values=b"\x91" * 100_000 + b"\xc0"), id="deep-nesting"),
    pytest.param(lambda p, _t: p.update(values=b"\xd4\x01\x63"), id="reference-forward"),
    pytest.param(lambda p, _t: p.update(values=b"\x81\xc4\x01a\x01"), id="key-that-is-no-text"),
    pytest.param(lambda p, _t: p.update(values=b"\xd4\x07\x00"), id="unknown-extension"),
    pytest.param(
        lambda p, _t: p.update(positions=[[0], ["a"], ["b"], [0]]), id="position-from-nowhere"
    ),
    pytest.param(
        lambda p, _t: p.update(positions=[[2], ["a"], ["b"], [0]]), id="position-from-itself"
    ),
]


@pytest.mark.parametrize("lie", LIES)
def test_a_golden_that_lies_is_refused_before_anybody_believes_it(
    lie: Callable[..., object],
) -> None:
    """Each lie would cost memory, time, or a crash far away."""
    with pytest.raises(GoldenUnreadable):
        native.read(forged(content=reworked(lie)))


def test_an_extension_has_no_place_beside_the_values() -> None:
    """It would come back as an object of msgpack's, which no golden can be made of again."""
    timing = native.read_lazy(native.write(refund_trace())).section("timing")
    odd = {**msgpack.unpackb(timing), "environment": {"seed": msgpack.ExtType(7, b"x")}}

    with pytest.raises(GoldenUnreadable, match="extension type 7"):
        native.read(forged(timing=lambda _: bytes(msgpack.packb(odd))))


def test_references_that_multiply_are_refused() -> None:
    """Thirty lists of ten references each would be 10^30 items."""
    layer = [b"\xd9\x20" + b"a" * 32]
    layer += [b"\x9a" + bytes([0xD4, 1, number]) * 10 for number in range(30)]

    with pytest.raises(GoldenUnreadable, match="one value would be"):
        native.read(forged(content=reworked(lambda pools, _: pools.update(values=b"".join(layer)))))


def test_references_that_deepen_are_refused() -> None:
    """Each value is shallow; together they are deeper than any stack."""
    layer = [b"\x90"] + [b"\x91\xd5\x01" + number.to_bytes(2, "big") for number in range(5_000)]

    with pytest.raises(GoldenUnreadable, match="nested more than 208 deep"):
        native.read(forged(content=reworked(lambda pools, _: pools.update(values=b"".join(layer)))))


def test_claimed_sizes_cost_no_memory() -> None:
    """A megabyte that claims a million items at each of a thousand levels costs little room."""
    code = """
import resource, sys, time
sys.path[:0] = ["src", "."]
from agenttrace.errors import GoldenUnreadable
from agenttrace.formats import native
from tests.security.test_hostile_goldens import forged, sealed
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
lists, maps = b"\\xdd\\x00\\x0f\\xff\\xff", b"\\xdf\\x00\\x07\\xff\\xff\\xa1a"
for level in (lists, maps, b"\\xdd\\xff\\xff\\xff\\xff"):
    began = time.process_time()
    try:
        native.read(forged(content=lambda _: (level * 1000).ljust(2**20, b"\\x00")))
        raise SystemExit("it was read")
    except GoldenUnreadable:
        pass
    took = time.process_time() - began
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(round(took, 2), "s", round(grown), "MB", file=sys.stderr)
    assert took < 20 and grown < 256, (took, grown)
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)


class Bomb:
    """Pickle would call this."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Make a file when loaded."""
        return (os.mkdir, ("burst",))


def test_nothing_in_a_golden_is_ever_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pickle bytes are bytes that do not begin like a golden."""
    monkeypatch.chdir(tmp_path)

    for data in (
        pickle.dumps(Bomb()),
        MAGIC + pickle.dumps(Bomb()),
        b"!!python/object/apply:os.mkdir [burst]",
    ):
        with pytest.raises(GoldenUnreadable):
            native.read(data)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(b"", "it is empty", id="empty"),
        pytest.param(
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n",
            "it is a pointer to a large file that was not fetched; run: git lfs pull",
            id="lfs",
        ),
        pytest.param(
            b"<<<<<<< HEAD\nx\n=======\ny\n>>>>>>> main\n",
            "it has the conflict marks of a merge; take one side, or record again",
            id="conflict",
        ),
        pytest.param(
            b"\x89ATRACE\n\x1a\n....",
            "its line ends were changed; say `*.trace binary` in .gitattributes and restore it",
            id="line-ends",
        ),
        pytest.param(
            b"interactions:\n- request:", "it does not begin like a golden", id="cassette"
        ),
    ],
)
def test_what_is_no_golden_is_called_what_it_is(data: bytes, why: str) -> None:
    """The error says what happened to the file, and the command that goes on from here."""
    with pytest.raises(GoldenUnreadable) as caught:
        native.read(data, name="golden/test_a/test_b.trace")

    assert str(caught.value) == (
        f"golden/test_a/test_b.trace cannot be read: {why}  [golden-unreadable]\n"
        "\n"
        "  at byte   0\n"
        "\n"
        "  It is under version control, and was good there:\n"
        "      git checkout -- golden/test_a/test_b.trace\n"
        "  It is to be recorded again:\n"
        "      pytest --agenttrace=rewrite\n"
        "  More: agenttrace explain golden-unreadable"
    )


def test_a_newer_schema_is_refused_by_name() -> None:
    """A colleague's newer version wrote it; nothing is guessed."""
    with pytest.raises(GoldenTooNew) as caught:
        native.read(sealed({}, schema=7), name="a.trace")

    assert str(caught.value) == (
        "a.trace has schema 7; this version reads schemas up to 1  [golden-too-new]\n"
        "\n"
        "  Install the version that wrote it, or a later one:\n"
        "      pip install --upgrade pytest-agenttrace\n"
        "  More: agenttrace explain golden-too-new"
    )


def test_what_a_later_version_adds_beside_is_passed_over() -> None:
    """The rule by which a golden may grow without a new schema."""
    sections = {
        name: native.read_lazy(native.write(refund_trace())).section(name)
        for name in ("content", "ragged", "timing", "sites")
    }

    def add(_pools: dict[str, Any], tables: dict[str, Any]) -> None:
        tables["spans"]["mood"] = ["calm"] * 5
        tables["omens"] = {"rows": 1}

    sections["content"] = reworked(add)(sections["content"])
    sections["weather"] = b"rain"

    assert native.read(sealed(sections)) == native.read(native.write(refund_trace()))


def test_every_needed_column_is_needed() -> None:
    """A table without a column that has no default is refused, not filled with None."""
    for table in CONTENT:
        for column in table.columns:
            if column.default is ... and table.name in (
                "spans",
                "events",
                "links",
                "agents",
                "tokens",
            ):

                def drop(
                    _p: object,
                    tables: dict[str, Any],
                    table: str = table.name,
                    column: str = column.name,
                ) -> None:
                    del tables[table][column]

                with pytest.raises(GoldenUnreadable):
                    native.read(forged(content=reworked(drop)))


def test_a_journal_cut_short_at_any_byte_is_read_as_far_as_it_goes() -> None:
    """A kill at any byte loses nothing that was written before."""
    data = journal.write(refund_trace())
    ends = [0]
    for packed in journal.scan(data).frames:
        ends.append(ends[-1] + 8 + len(packed))

    for size in range(len(data)):
        whole = max(end for end in ends if end <= size)
        prefix = journal.scan(data[:size])
        assert (prefix.end, bool(prefix.stopped)) == (whole, size != whole)
        if whole:
            assert journal.read(data[:size]).complete is False


def test_a_flipped_bit_ends_a_journal_where_it_stands() -> None:
    """Records before it are read; none after it is believed."""
    data = journal.write(refund_trace())
    chance = random.Random(3)

    for _ in range(times(300, 2_000)):
        at = chance.randrange(len(data))
        flipped = data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]
        prefix = journal.scan(flipped)
        assert prefix.end <= at
        assert prefix.stopped
        if prefix.end:
            assert journal.read(flipped).complete is False
        else:
            with pytest.raises(JournalUnreadable):
                journal.read(flipped)


def test_records_changed_by_somebody_who_mends_the_checksums_are_a_trace_or_an_error() -> None:
    """As for goldens."""
    frames = journal.scan(journal.write(refund_trace())).frames
    chance, seen = random.Random(4), set()
    for _ in range(1_500):
        spoiled = list(frames)
        which = chance.randrange(len(frames))
        packed = bytearray(spoiled[which])
        packed[chance.randrange(len(packed))] = chance.randrange(256)
        spoiled[which] = bytes(packed)
        data = b"".join(struct.pack(">II", len(it), zlib.crc32(it)) + it for it in spoiled)
        try:
            native.write(journal.read(data))
        except JournalUnreadable as error:
            seen.add(error.facts["file"])
    assert seen == {"journal"}
