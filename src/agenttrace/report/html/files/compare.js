// Compare: two trees as one, what corresponds on one line.

const MARKS = {
  same: ["", ""], changed: ["≠", "changed"], gone: ["−", "gone"], come: ["+", "new"],
  moved: ["↷", "moved"],
};

function markOf(run, item) {
  const [left, right] = run.tree.rows.map((side) => side[item]);
  const found = run.differing.get(item) ?? [];
  if (found.some((it) => it.what === "moved")) return "moved";
  if (right < 0) return "gone";
  if (left < 0) return "come";
  return found.length ? "changed" : "same";
}

addView({
  id: "compare",
  label: "Compare",
  fits: (run) => run.compared,
  open(page, run, host) {
    const { tree, sides } = run;
    const name = (n) => (cell, item) => nameCell(cell, rows, item, sides[n], tree.rows[n][item]);
    const columns = [
      { id: "sign", label: "change", unseen: true, fill: (cell, item, row) => {
        const mark = markOf(run, item);
        row.classList.add(`is-${mark}`);
        const [sign, word] = MARKS[mark];
        cell.append(make("span", { text: sign, "aria-hidden": "true" }), make("span", { class: "unseen", text: word }));
      } },
      { id: "what", label: sides[0].label, fill: name(0) },
      { id: "what its", label: sides[1].label, fill: name(1) },
      sides.some((side) => side.timed) && { id: "took", label: "took",
        fill: (cell, item) => pairCell(cell, run, item, timeOf, duration) },
      sides.some((side) => side.used) && { id: "tokens", label: "tokens",
        fill: (cell, item) => pairCell(cell, run, item, tokensOf, grouped) },
      sides.some((side) => side.costs.size) && { id: "cost", label: "cost",
        fill: (cell, item) => pairCell(cell, run, item, costOf, money) },
    ].filter(Boolean);
    const rows = new Rows(tree, columns, {
      label: "Spans of both traces, those that correspond on one line",
      choose: (item) => page.chooseItem(item),
    });
    rows.element.classList.add("compare");
    host.append(rows.element);
    return {
      rows,
      tree,
      pair: (item) => tree.rows.map((side) => side[item]),
      item: (pair) => tree.itemOf(pair),
      close: () => rows.close(),
    };
  },
});

const timeOf = (side, row) => (side.timed ? side.ends[row] - side.begins[row] : undefined);
const tokensOf = (side, row) => side.tokens.get(row);
const costOf = (side, row) => side.costs.get(row);

// How much more one side has of something; where only one has the span, how much it has.
function pairCell(cell, run, item, measure, tell) {
  const [mine, its] = run.sides.map((side, n) => {
    const row = run.tree.rows[n][item];
    return row < 0 ? undefined : measure(side, row);
  });
  if (mine === undefined && its === undefined) return;
  if (mine === undefined || its === undefined) cell.textContent = tell(mine ?? its);
  else cell.textContent = mine === its ? "" : signed(its - mine, tell);
  cell.title = `${mine === undefined ? "–" : tell(mine)} → ${its === undefined ? "–" : tell(its)}`;
}
