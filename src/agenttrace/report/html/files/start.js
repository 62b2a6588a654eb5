// Start: unpack the data block, then show it.

async function unpacked(text) {
  const packed = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function start() {
  const host = document.getElementById("page");
  const block = document.getElementById("data");
  try {
    const told = new Reader(await unpacked(block.textContent)).value();
    block.remove();
    const runs = told.get("runs").map((run) => new Entry(run, told.get("tables")));
    if (runs.length) window.agenttrace = new Page(runs, host, told.get("said"));
    else host.replaceChildren(make("p", { class: "opening", text: told.get("said") || "There is nothing to show." }));
    document.documentElement.dataset.state = "open";
  } catch (problem) {
    host.replaceChildren(make("p", { class: "opening", role: "alert",
      text: `This page cannot be shown: ${problem.message}` }));
    document.documentElement.dataset.state = "broken";
    throw problem;
  }
}

start();
