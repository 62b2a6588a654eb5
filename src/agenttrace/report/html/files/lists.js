// Lists: rows that are no spans but lead to some: agents, channels, sums.
//
// A line is {depth, row, ...}: how deep it stands, and the span that is shown when it is chosen.

function treeOf(lines) {
  const depth = Int32Array.from(lines, (it) => it.depth);
  return new Tree([Int32Array.from(lines, (it) => it.row)], depth, sizesOf(depth));
}

// What a view of lines gives back to the shell. `find(row)` is the line that tells of a span, -1:
// none does. Several lines may lead to one span: the one that was chosen stays.
function followed(page, run, rows, lines, find) {
  let last = -1;
  return {
    rows,
    tree: rows.tree,
    pair: (item) => {
      last = item;
      const { row } = lines[item];
      return run.compared ? run.tree.pairOf(1, row) : [row];
    },
    item: (pair) => {
      const row = pair.at(-1);
      if (last < 0 || lines[last].row !== row) last = row < 0 ? -1 : find(row);
      return last;
    },
  };
}

// The name of a line: how deep it stands, whether it folds, and its words.
function lineCell(cell, rows, item, ...words) {
  cell.style.paddingInlineStart = `${rows.tree.depth[item] * 0.85}rem`;
  cell.append(rows.tree.size[item] > 1
    ? make("span", { class: "fold", text: rows.folded[item] ? "▸" : "▾", "aria-hidden": "true" })
    : make("span", { class: "leaf" }), ...words);
}

// A number where it is known; else a dash, and why for whoever asks.
function known(cell, number, tell = grouped) {
  cell.textContent = number === null ? "–" : tell(number);
  if (number === null) cell.title = "not recorded";
}
