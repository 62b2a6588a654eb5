"""What a page costs: its size, its making, and a browser that opens it and scrolls.

    python benchmarks/pages.py [--spans N]

The run is the made one of `goldens.py`; the teams of `analysis.py`, and one that is in trouble all
along, have more to tell for each span. A page holds the golden and a little more, so its peers are
the golden's columns, compressed, and the writing of the golden. What Chromium does with the page is
told in its own numbers, which have no peer.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import analysis
import goldens
import paired

sys.path.insert(0, str(Path(__file__).parents[1]))  # the browser is found as the tests find it

from agenttrace.formats import native
from agenttrace.report.html.data import Shown, packed
from agenttrace.report.html.page import page
from tests.fakes import chromium
from tests.fakes.html_pages import alone
from tests.fakes.wide_teams import bare, wide_team

if TYPE_CHECKING:
    from agenttrace.model.trace import Trace

SPANS, FRAMES, STEP = 100_000, 120, 900

OPENED = """
new MutationObserver(() => { window.opened ??= performance.now(); })
  .observe(document, { subtree: true, attributes: true, attributeFilter: ["data-state"] });
"""
SCROLL = f"""
async () => {{
  const rows = document.querySelector(".rows");
  const frames = [];
  let before = performance.now();
  for (let n = 0; n < {FRAMES}; n += 1) {{
    rows.scrollTop += {STEP};
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - before);
    before = now;
  }}
  return frames;
}}
"""


def in_browser(html: str) -> dict[str, float]:
    """Open a page, scroll it, and give what was measured, in milliseconds and megabytes."""
    driver = chromium.Driver(str(chromium.path()))

    def look() -> dict[str, float]:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "page.html"
            file.write_text(html, "utf-8")
            window: Any = driver.browser.new_page(viewport={"width": 1600, "height": 900})
            window.add_init_script(OPENED)
            window.goto(file.as_uri())
            window.wait_for_selector("html[data-state=open]", timeout=120_000)
            paint = window.evaluate("performance.getEntriesByType('paint')[0].startTime")
            opened = window.evaluate("window.opened")
            frames = window.evaluate(SCROLL)
            session = window.context.new_cdp_session(window)
            session.send("Performance.enable")
            session.send("HeapProfiler.collectGarbage")
            metrics = session.send("Performance.getMetrics")["metrics"]
            heap = next(it["value"] for it in metrics if it["name"] == "JSHeapUsedSize")
            return {
                "first paint, ms": paint,
                "all of it open, ms": opened,
                "a frame while scrolling, median, ms": statistics.median(frames),
                "a frame while scrolling, worst, ms": max(frames),
                "heap of the scripts, MB": heap / 1e6,
            }

    try:
        return driver.run(look)
    finally:
        driver.close()


def paged(trace: Trace) -> str:
    """A page of one run."""
    return page([packed(Shown(title="a page", trace=trace))])


def making(what: str, trace: Trace) -> paired.Row:
    """How long a page takes to make."""
    return paired.Row(
        name=f"make {what} / write the golden",
        target=2,
        ratios=paired.ratios(lambda: paged(trace), lambda: native.write(trace), rounds=3),
    )


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spans", type=int, default=SPANS)
    spans = parser.parse_args().spans
    trace = goldens.made(spans)
    html = paged(trace)
    columns = len(zlib.compress(native.write(trace)))
    paired.told(
        f"a page of {spans} spans, {len(html) / 1e6:.1f} MB",
        paired.Row(
            name="size / the golden's columns, compressed",
            target=2,
            ratios=(len(html) / columns,),
        ),
        making("it", trace),
        making("one of a team", analysis.a_team(spans)),
        making("one of a team that places tasks", analysis.at_work(spans)),
        making("one of a team in trouble", wide_team(spans)),
    )
    if chromium.path() is None:
        print(f"  {chromium.HOW}")
        return
    for name, number in in_browser(html).items():
        print(f"  {number:12.1f}   {name}")
    team = wide_team(spans)
    opened = [in_browser(alone(it))["all of it open, ms"] for it in (team, bare(team))]
    ratio = opened[0] / opened[1]
    print(f"  {ratio:12.2f}   open a team that is in trouble / open the same spans untold")


if __name__ == "__main__":
    main()
