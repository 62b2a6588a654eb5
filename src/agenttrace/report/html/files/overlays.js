// Overlays: what can be laid over the waterfall. Each is switched on and off above the rows.

// The critical path: the stretches in which one span kept the run from ending sooner.
function pathOf(side) {
  return side.timed && side.team.path.rows.length ? side.team.stretches : null;
}

// Under a bar, the stretches in which the path is its own.
function drawPath(cell, side, row) {
  const lane = cell.querySelector(".lane");
  for (const [begin, end] of side.team.stretches.get(row) ?? []) {
    const mark = make("div", { class: "onpath" });
    mark.style.left = `min(${(100 * (begin - side.first)) / side.whole}%, 100% - 2px)`;
    mark.style.width = `max(${(100 * (end - begin)) / side.whole}%, 2px)`;
    lane.append(mark);
  }
}

// How long the path is a row's own, and how much sooner what is around would end without it.
function pathCell(cell, side, row) {
  const held = side.team.stretches.get(row);
  if (held === undefined) return;
  cell.textContent = `◆ ${duration(held.reduce((sum, [begin, end]) => sum + end - begin, 0))}`;
  cell.title = `on the critical path; drag ${duration(side.team.path.drag.get(row))}`;
}

function pathBar(page, run) {
  const on = page.overlays.has("path");
  const turn = () => {
    if (!page.overlays.delete("path")) page.overlays.add("path");
    page.show(page.view);
    page.list.querySelector("#overlay-path").focus();
  };
  const bar = make("div", { class: "overlays", role: "group", "aria-label": "laid over the rows" },
    button("◆ Critical path", turn, { "aria-pressed": String(on), id: "overlay-path" }));
  if (on) bar.append(make("span", { class: "aside", text: bottleneck(run.side) }));
  return bar;
}

// Whose the path is, the longest part first.
function bottleneck({ team }) {
  const parts = new Map();
  const whole = team.path.took.reduce((sum, it) => sum + it, 0);
  team.path.rows.forEach((row, n) => {
    const doer = team.doers[row] ?? "no agent";
    parts.set(doer, (parts.get(doer) ?? 0) + team.path.took[n]);
  });
  const told = [...parts].sort((a, b) => b[1] - a[1]);
  const shown = told.slice(0, 3).map(([doer, took]) => `${line(doer, 40)} ${duration(took)}, ${
    three((100 * took) / whole)} %`);
  if (told.length > 3) shown.push(`${counted(told.length - 3, "other")}`);
  return shown.join("; ");
}
