// Findings: what an analysis found, one below the other, each in words and with its spans.

const MOST_FINDINGS = 50;
const MOST_NAMED = 12; // spans of one finding

class Findings {
  // A finding is {sort, isWrong, words, rows}.
  constructor(page, side, label, findings) {
    const list = make("ul", { class: "findings" }, ...findings.slice(0, MOST_FINDINGS).map(
      (one) => this.item(page, side, one)));
    if (findings.length > MOST_FINDINGS) {
      list.append(make("li", { class: "aside", text: `the first ${MOST_FINDINGS} of ${grouped(findings.length)}` }));
    }
    this.element = make("section", { class: "found", "aria-label": label }, list);
  }

  item(page, side, { sort, isWrong, words, rows }) {
    const item = make("li", {}, make("span", { class: isWrong ? "wrong" : "sort", text: sort }), ` ${words} `);
    rows.slice(0, MOST_NAMED).forEach((row) => item.append(spanLink(page, side, row), " "));
    if (rows.length > MOST_NAMED) item.append(make("span", { class: "aside", text: `and ${grouped(rows.length - MOST_NAMED)} more` }));
    return item;
  }

  follow() {}

  close() {}
}

function spanLink(page, side, row) {
  return button(`#${side.place[row] + 1} ${line(side.golden.spans.name(row), 40)}`,
    () => page.choose({ side, row }), { class: "go" });
}

// By row, the first thing that is noted of it.
function notesOf(pairs) {
  const notes = new Map();
  for (const [row, note] of pairs) if (!notes.has(row)) notes.set(row, note);
  return notes;
}
