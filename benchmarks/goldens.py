"""What a golden costs: its size, reading it, opening it, and twenty versions of it in git.

    python benchmarks/goldens.py [--spans N]

The run is a made one: a team of agents, 8 attributes a span, each sixth span a model call that
sends the whole conversation again, as agents do. The peer holds the same spans as one map each in
msgpack, the plain way to keep them, and reads them into as many objects. Size and git are told of
a real run as well.
"""

from __future__ import annotations

import argparse
import dataclasses
import gzip
import json
import random
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgpack
import paired

from agenttrace.formats import catalog, native
from agenttrace.model.call import Answer, Chunk
from agenttrace.model.lane import Lane, Step
from agenttrace.model.span import OK, Span, SpanKind, Status
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, Usage

SPANS, TURNS, LONGER, DEPTH = 10_000, 10, 30, 8
EACH, WORDS = 6, 150
"""Which span is a model call; the words of a message, 800 bytes: 60 of them make 50 kB."""

URGENT = 0.1
VERSIONS, CHANGED = 20, 0.02


def words(chance: random.Random, count: int) -> str:
    """Text of an open vocabulary: the more words there are, the less any packing helps."""
    return " ".join(f"w{int(chance.expovariate(1 / 900)):x}" for _ in range(count))


def made(spans: int = SPANS, *, turns: int = TURNS, seed: int = 1) -> Trace:
    """A trace of so many spans, whose conversations have so many turns."""
    chance = random.Random(seed)
    made: list[Span] = []
    talk: list[Any] = []
    parents: list[str] = []
    for number in range(spans):
        depth = number % DEPTH
        position = (Step("span", f"step {number % 40}", number // 40),)
        llm = number % EACH == EACH - 1
        if llm and len(talk) >= 2 * turns:
            talk = []
        question: Any = None
        answers: tuple[Answer, ...] = ()
        if llm:
            talk = [*talk, {"role": "user", "content": words(chance, WORDS)}]
            said = {"role": "assistant", "content": words(chance, WORDS)}
            question = {"model": "gpt-5", "messages": list(talk)}
            answers = (
                Answer(
                    head={"status": 200},
                    chunks=(Chunk(data=json.dumps({"choices": [{"message": said}]}).encode()),),
                    asked_ns=number * 1000,
                    ended_ns=number * 1000 + 900,
                ),
            )
            talk = [*talk, said]
        span = Span(
            id=f"{number + 1:016x}",
            parent=parents[depth - 1] if depth else None,
            name="chat" if llm else f"step {number % 40}",
            kind=SpanKind.LLM if llm else SpanKind.INTERNAL,
            operation="chat" if llm else f"step {number % 40}",
            position=position,
            seq=number + 1,
            end_seq=number + 1,
            start_ns=number * 1000,
            end_ns=number * 1000 + 900,
            agent=f"agent-{number % 5}",
            status=Status(code=OK),
            attributes={
                "order": f"A-{chance.randrange(1000)}",
                "amount": chance.randrange(10_000) / 100,
                "currency": "EUR",
                "tries": chance.randrange(4),
                "urgent": chance.random() < URGENT,
                "region": chance.choice(("eu-west", "eu-north", "us-east")),
                "score": round(chance.random(), 3),
                "note": words(chance, 4),
            },
            question=question,
            answers=answers,
            usage=Usage(models={"gpt-5": Tokens(input=900, output=90)}) if llm else None,
        )
        del parents[depth:]
        parents.append(span.id)
        made.append(span)
    return Trace(id="1" * 32, name="bench", spans=tuple(made), lanes=(Lane(path=()),))


@dataclasses.dataclass(slots=True)
class Row:
    """What the peer reads a span into."""

    id: str
    parent: str | None
    name: str
    kind: str
    operation: str
    position: Any
    seq: int
    start_ns: int
    end_ns: int
    agent: str
    status: Any
    attributes: Any
    question: Any
    answers: Any
    usage: Any


def peer_bytes(trace: Trace) -> bytes:
    """One map a span."""
    rows = []
    for span in trace.spans:
        plain = dataclasses.asdict(span)
        rows.append({field.name: plain[field.name] for field in dataclasses.fields(Row)})
    data: bytes = msgpack.packb(rows, default=str)
    return data


def peer_read(data: bytes) -> list[Row]:
    """Every span into an object."""
    return [Row(**row) for row in msgpack.unpackb(data)]


def changed(trace: Trace, seed: int) -> Trace:
    """The next version: some spans say something else."""
    chance = random.Random(seed)
    spans = list(trace.spans)
    for number in chance.sample(range(len(spans)), max(1, int(len(spans) * CHANGED))):
        said = {**spans[number].attributes, "note": words(chance, 4)}
        spans[number] = dataclasses.replace(spans[number], attributes=said)
    return dataclasses.replace(trace, spans=tuple(spans))


def git_grown(write: Callable[[Trace], bytes], trace: Trace) -> float:
    """By how many bytes a repository grows with each version, all of it packed."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)

        def git(*words: str) -> str:
            name = ("-c", "user.name=b", "-c", "user.email=b@example.org")
            done = subprocess.run(
                ("git", *name, *words), cwd=folder, check=True, capture_output=True, text=True
            )
            return done.stdout

        def size() -> int:
            git("gc", "--quiet", "--aggressive", "--prune=now")
            return sum(it.stat().st_size for it in (folder / ".git/objects").rglob("*.pack"))

        git("init", "--quiet")
        first = 0
        for version in range(VERSIONS):
            (folder / "a.trace").write_bytes(write(trace))
            git("add", "a.trace")
            git("commit", "--quiet", "--message", f"{version}")
            first = first or size()
            trace = changed(trace, version)
        return (size() - first) / (VERSIONS - 1)


def zipped(trace: Trace) -> bytes:
    """The compressed form of the same golden."""
    return gzip.compress(native.write(trace), mtime=0)


def sized(name: str, trace: Trace) -> paired.Row:
    """How large the golden is."""
    ratio = len(native.write(trace)) / len(peer_bytes(trace))
    return paired.Row(name=f"{name}: size / one map a span", target=1 / 5, ratios=(ratio,))


def in_git(name: str, trace: Trace) -> paired.Row:
    """How fast a repository grows."""
    ratio = git_grown(native.write, trace) / git_grown(zipped, trace)
    return paired.Row(
        name=f"{name}: {VERSIONS} versions in git / the compressed form",
        target=1 / 20,
        ratios=(ratio,),
    )


def traces() -> Iterator[tuple[str, Trace]]:
    """Real runs: agents of the TRAIL benchmark at work on SWE-bench."""
    folder = Path(__file__).parents[1] / "tests" / "data" / "trail-swebench"
    for path in sorted(folder.glob("*.json")):
        data = path.read_bytes()
        yield f"TRAIL {path.stem[:8]}", catalog.codec_for(path=path, head=data).read(data)


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spans", type=int, default=SPANS)
    spans = parser.parse_args().spans
    trace = made(spans)
    ours, peer = native.write(trace), peer_bytes(trace)
    paired.told(
        f"a golden of {spans} spans",
        sized(f"conversations of {TURNS} turns", trace),
        sized(f"conversations of {LONGER} turns", made(spans, turns=LONGER)),
        paired.Row(
            name="read all of it / one map a span, into objects",
            target=0.8,
            ratios=paired.ratios(lambda: native.read(ours), lambda: peer_read(peer)),
        ),
        paired.Row(
            name="open it, and read its content's digest and counts / read one map a span",
            target=0.06,
            ratios=paired.ratios(lambda: native.read_lazy(ours), lambda: peer_read(peer)),
        ),
        in_git("made, 2,000 spans", made(2_000)),
        *(row for name, real in traces() for row in (sized(name, real), in_git(name, real))),
    )


if __name__ == "__main__":
    main()
