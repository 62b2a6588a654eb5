// The waterfall: each span under the one that it happened inside, and when it ran.

addView({
  id: "waterfall",
  label: "Waterfall",
  fits: () => true,
  open(page, run, host) {
    const { side } = run;
    const { spans } = side.golden;
    const tree = run.compared ? oneTree(side) : run.tree;
    const at = (item) => tree.rows[0][item];
    const laid = laidOver(page, side);
    const held = laid.some((it) => it.id === "path") ? pathOf(side) : null;
    const panels = laid.filter((it) => it.panel).map((it) => it.panel(page, side));
    const columns = [
      { id: "number", label: "#", fill: (cell, item) => { cell.textContent = item + 1; } },
      { id: "what", label: "span", fill: (cell, item) => nameCell(cell, rows, item, side, at(item)) },
      { id: "when", label: side.timed ? `when, of ${duration(side.whole)}` : "at which step",
        fill: (cell, item) => {
          barCell(cell, side, at(item), spans.kind(at(item)));
          if (held) drawPath(cell, side, at(item));
        } },
      held && { id: "held", label: "on path", fill: (cell, item) => pathCell(cell, side, at(item)) },
      ...laid.filter((it) => it.note).map((it) => ({ id: "noted", label: it.heading,
        fill: (cell, item) => noteCell(cell, it.note(side, at(item))) })),
      { id: "took", label: side.timed ? "took" : "steps",
        fill: (cell, item) => { cell.textContent = side.took(at(item)); } },
      side.used && { id: "tokens", label: "tokens", fill: (cell, item) => {
        const used = side.tokens.get(at(item));
        cell.textContent = used === undefined ? "" : grouped(used);
      } },
      side.costs.size && { id: "cost", label: "cost",
        fill: (cell, item) => { cell.textContent = side.costOf(at(item)); } },
    ].filter(Boolean);
    const arrows = draw("svg", { class: "arrows", "aria-hidden": "true" });
    const rows = new Rows(tree, columns, {
      label: "Spans, each under the one that it happened inside",
      choose: (item) => page.chooseItem(item),
      painted: () => {
        const head = rows.head.querySelector(".when");
        const box = { left: head.offsetLeft + 6, width: head.clientWidth - 12 };
        const { element } = rows;
        arrows.style.top = `${element.scrollTop}px`;
        arrows.style.height = `${element.clientHeight}px`;
        const row = rows.chosen < 0 ? -1 : at(rows.chosen);
        drawArrows(arrows, rows, side, row, box, laid.flatMap((it) => it.arrows?.(side, row) ?? []));
        panels.forEach((panel) => panel.follow(row));
      },
    });
    rows.element.classList.add("waterfall");
    rows.body.append(arrows);
    const bar = overlayBar(page, side);
    const above = panels.length ? make("div", { class: "panels" }, ...panels.map((it) => it.element)) : null;
    host.append(make("div", { class: `stacked${above ? " has-panels" : ""}` }, bar ?? make("div"), above, rows.element));
    const stops = laid.at(-1)?.stops?.(side);
    return {
      rows,
      tree,
      stops: stops && itemsOf(stops, run),
      pair: (item) => (run.compared ? run.tree.pairOf(1, at(item)) : [at(item)]),
      item: (pair) => tree.item[0].get(pair.at(-1)) ?? -1,
      close: () => {
        rows.close();
        panels.forEach((it) => it.close());
      },
    };
  },
});

// The items of the run's tree that show these rows, in the order of reading.
function itemsOf(rows, run) {
  const item = run.tree.item.at(-1);
  return rows.map((row) => item.get(row)).sort((a, b) => a - b);
}

function noteCell(cell, note) {
  if (!note) return;
  cell.append(make("span", { class: note.isWrong ? "wrong" : "aside", text: note.text }));
  cell.title = note.title;
}

function barCell(cell, side, row, kind) {
  const left = (100 * (side.begins[row] - side.first)) / side.whole;
  const width = (100 * (side.ends[row] - side.begins[row])) / side.whole;
  const bar = make("div", { class: `bar k-${KINDS.has(kind) ? kind : "internal"}` });
  bar.style.left = `min(${left}%, 100% - 3px)`;
  bar.style.width = `max(${Math.min(width, 100 - left)}%, 3px)`;
  cell.append(make("div", { class: "lane" }, bar));
}
