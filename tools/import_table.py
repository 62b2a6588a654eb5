"""The table of real trace files: what an import finds in each, as Markdown.

`docs/reference/formats.md` holds what this writes, and `make docs` fails when the two differ. That
the counts are right is kept by a walk of the raw JSON, in `tests/contracts/test_real_files.py`.
"""

import gzip
from pathlib import Path

from agenttrace.analysis.fidelity import level_of
from agenttrace.errors import AgentTraceError
from agenttrace.formats import catalog
from agenttrace.formats.codec import ReaderOfSeveral
from agenttrace.model.trace import Trace

DATA = Path(__file__).parents[1] / "tests" / "data"
FOLDERS = (
    "otlp",
    "jaeger",
    "zipkin",
    "langfuse",
    "genai-otel",
    "inspect",
    "trail-swebench",
    "trail-swebench/annotations",
    "swe-agent",
    "tau-bench",
    "multi-agent-failures",
)


def markdown() -> str:
    """A row for each file that is read, then the list of those that are refused."""
    rows = [
        "| file | format | traces | spans | orphans | errors | tokens in | out | fidelity |",
        "|---|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    refused = []
    for folder in FOLDERS:
        for file in sorted(one for one in (DATA / folder).iterdir() if one.is_file()):
            name = file.relative_to(DATA).as_posix()
            try:
                rows.append(_row(name, file))
            except AgentTraceError as error:
                refused.append(f"- `{name}`: `{error.slug}`")
    return "\n".join([*rows, "", "Refused, because they hold no spans:", "", *refused])


def _row(name: str, file: Path) -> str:
    data = file.read_bytes()
    data = gzip.decompress(data) if file.suffix == ".gz" else data
    codec = catalog.codec_for(path="renamed.bin", head=data[:4096])
    found = codec.read_all(data) if isinstance(codec, ReaderOfSeveral) else (codec.read(data),)
    tokens = [trace.usage.tokens for trace in found]
    cells = (
        len(found),
        sum(len(trace.spans) for trace in found),
        sum(map(_orphans, found)),
        sum(span.status.code == "ERROR" for trace in found for span in trace.spans),
        sum(one.input for one in tokens),
        sum(one.output for one in tokens),
        "/".join(sorted({level_of(trace).level for trace in found})),
    )
    return f"| `{name}` | {codec.name} | {' | '.join(map(str, cells))} |"


def _orphans(trace: Trace) -> int:
    known = {span.id for span in trace.spans}
    return sum(span.parent is not None and span.parent not in known for span in trace.spans)
