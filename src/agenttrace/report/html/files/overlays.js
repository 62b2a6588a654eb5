// Overlays: what can be laid over the waterfall. Each is switched on and off above the rows.
//
// An overlay is {id, label, fits(side), said(side), stops(side), panel(page, side)}: whether it has
// anything to show, a line beside its button, and the rows that n and p go through; where it has
// more to say, a panel above the rows: {element, follow(row), close()}; what it notes of a row,
// {text, title, isWrong}, under its `heading`; and arrows from and to a row, {sort, from, to}.

const OVERLAYS = [];

function addOverlay(overlay) {
  OVERLAYS.push(overlay);
}

addOverlay({
  id: "path",
  label: "◆ Critical path",
  fits: (side) => pathOf(side) !== null,
  said: (side) => bottleneck(side),
  stops: (side) => [...pathOf(side).keys()],
});

// The overlays that are switched on and have something to show, the last one that was last.
function laidOver(page, side) {
  return [...page.overlays].map((id) => OVERLAYS.find((it) => it.id === id)).filter((it) => it.fits(side));
}

function overlayBar(page, side) {
  const fitting = OVERLAYS.filter((it) => it.fits(side));
  if (!fitting.length) return null;
  const turn = ({ id }) => {
    if (!page.overlays.delete(id)) page.overlays.add(id);
    page.show(page.view);
    page.list.querySelector(`#overlay-${id}`).focus();
  };
  const bar = make("div", { class: "overlays", role: "group", "aria-label": "laid over the rows" });
  for (const one of fitting) {
    const on = page.overlays.has(one.id);
    bar.append(button(one.label, () => turn(one), { "aria-pressed": String(on), id: `overlay-${one.id}` }));
    if (on && one.said) bar.append(make("span", { class: "aside", text: one.said(side) }));
  }
  return bar;
}

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
