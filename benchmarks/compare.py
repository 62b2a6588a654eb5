"""How fast two traces are compared, as ratios taken in one run.

    python benchmarks/compare.py [--spans 10000] [--deepdiff] [--large]

The peers: DeepDiff on the same traces as plain values (with `--deepdiff`; it takes a while), and
what can be had without any comparison: both traces packed as goldens, and the bytes compared.
"""

from __future__ import annotations

import argparse
import gc
import random
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

from agenttrace.causal.position import span_id, trace_id
from agenttrace.check.diff import diff
from agenttrace.formats import native
from agenttrace.model.call import Answer, Chunk
from agenttrace.model.lane import Join, Lane, Step
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, Usage
from agenttrace.model.values import Value, digest

NAME = "benchmarks/compare.py"
A_LANE = 50
"""How many calls a worker makes."""
AT_ONCE = 5
"""How many workers work at once."""


def a_trace(spans: int, seed: int = 1) -> Trace:
    """Workers, five at a time, that ask models and tools."""
    chance = random.Random(seed)
    root = Span(id=span_id(NAME, ()), name=NAME, kind=SpanKind.RUN)
    made, lanes = [root], [Lane(path=())]
    for number in range(max(1, spans // A_LANE)):
        path = (Step("task", "worker", number),)
        last = number - number % AT_ONCE + AT_ONCE
        joins = (Join(by=(), seq=last),)
        lanes.append(Lane(path=path, parent=(), spawn_seq=number + 1, joins=joins))
        said: list[Value] = []
        for seq in range(1, A_LANE + 1):
            kind = chance.choice((SpanKind.LLM, SpanKind.TOOL))
            operation = "chat" if kind is SpanKind.LLM else chance.choice(("look_up", "pay"))
            question: Value = {"order": chance.randrange(1000), "region": "eu"}
            usage = None
            if kind is SpanKind.LLM:
                said.append({"role": "user", "content": f"word{chance.randrange(10**6)} " * 20})
                body: Value = {"model": "m", "messages": said[-6:]}
                question = {"method": "POST", "path": "/v1/chat", "body": body}
                usage = Usage(models={"m": Tokens(input=chance.randrange(999), output=9)})
            position = (*path, Step(kind.value, operation, seq))
            made.append(
                Span(
                    id=span_id(NAME, position),
                    name=operation,
                    kind=kind,
                    operation=operation,
                    parent=root.id,
                    position=position,
                    lane=path,
                    seq=seq,
                    end_seq=seq,
                    start_ns=len(made) * 1000,
                    end_ns=len(made) * 1000 + 500,
                    agent="worker",
                    question=question,
                    digest=digest(question),
                    answers=(Answer(chunks=(Chunk(data=b"%d" % chance.randrange(10**9) * 8),)),),
                    attributes={"gen_ai.operation.name": operation, "a": 1, "b": "x", "c": "y"},
                    usage=usage,
                )
            )
    return Trace(id=trace_id(NAME), name=NAME, spans=tuple(made), lanes=tuple(lanes))


def edited(trace: Trace, edits: int) -> Trace:
    """The same, so many questions changed and one call gone."""
    spans = list(trace.spans)
    for at in random.Random(2).sample(range(1, len(spans)), edits):
        question = {"edited": at, "before": spans[at].question}
        spans[at] = replace(spans[at], question=question, digest=digest(question))
    del spans[len(spans) // 2]
    return replace(trace, spans=tuple(spans))


def later(trace: Trace) -> Trace:
    """The same at another time."""
    spans = (
        replace(span, start_ns=span.start_ns + 7, end_ns=span.end_ns + 9) for span in trace.spans
    )
    return replace(trace, spans=tuple(spans))


def seconds(work: Callable[[], object], times: int = 3) -> float:
    """The median of processor time."""
    taken = []
    for _ in range(times):
        gc.collect()
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def plain(trace: Trace) -> Value:
    """A trace as DeepDiff gets it: what counts of its spans, in their order."""
    return [
        {
            "name": span.name,
            "kind": span.kind.value,
            "agent": span.agent,
            "question": span.question,
            "answer": [chunk.data for answer in span.answers for chunk in answer.chunks],
            "attributes": dict(span.attributes),
            "status": span.status.code,
        }
        for span in trace.spans
    ]


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--spans", type=int, default=10_000)
    parser.add_argument("--deepdiff", action="store_true")
    parser.add_argument("--large", action="store_true", help="also 100,000 spans")
    words = parser.parse_args()
    spans: int = words.spans
    golden, again = a_trace(spans), a_trace(spans)
    changed = edited(again, spans // 100)
    found = diff(golden, changed)
    ours = seconds(lambda: diff(golden, changed))
    bytes_ = seconds(lambda: native.content_bytes(golden) == native.content_bytes(changed))
    moved = later(again)
    timing = seconds(lambda: diff(golden, moved))
    smaller = a_trace(spans // 10)
    less = edited(smaller, spans // 1000)
    tenth = seconds(lambda: diff(smaller, less), times=9)
    print(f"{spans} spans, 1 % edited and one gone: {len(found)} differences, {ours:.2f} s")
    print(f"  of packing both and comparing bytes   {ours / bytes_:6.2f}x   (at most 3.5)")
    print(f"  timing alone, of comparing bytes      {timing / bytes_:6.2f}x   (at most 1.5)")
    print(f"  of a tenth of the spans               {ours / tenth:6.2f}x   (at most 14)")
    if words.deepdiff:
        from deepdiff import DeepDiff

        left, right = plain(golden), plain(changed)
        start = time.process_time()
        reported = DeepDiff(left, right)
        peer = time.process_time() - start
        count = sum(len(changes) for changes in reported.values())
        print(
            f"  of DeepDiff ({count} changes, {peer:.1f} s)  1/{peer / ours:.0f}   (at most 1/30)"
        )
    if words.large:
        start_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        large = a_trace(100_000)
        other = edited(large, 1000)
        before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        start = time.process_time()
        diff(large, other)
        took = time.process_time() - start
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"100000 spans: {took:.1f} s; {took / ours:.1f}x of {spans} (at most 14)")
        print(f"  at most {peak_mb} MB (below 1000), of them traces {before_mb - start_mb}")


if __name__ == "__main__":
    main()
