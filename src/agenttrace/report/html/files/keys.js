// Keys: what each does, in one list that the page shows at `?` and obeys.

const KEYS = [
  [["ArrowDown", "j"], "↓ j", "the next row", (page) => page.rows?.move(1)],
  [["ArrowUp", "k"], "↑ k", "the row before", (page) => page.rows?.move(-1)],
  [["PageDown"], "Page ↓", "a page down", (page) => page.rows?.move(page.rows.page)],
  [["PageUp"], "Page ↑", "a page up", (page) => page.rows?.move(-page.rows.page)],
  [["Home"], "Home", "the first row", (page) => page.rows?.move(-Infinity)],
  [["End"], "End", "the last row", (page) => page.rows?.move(Infinity)],
  [["ArrowRight"], "→", "unfold, or go inside", (page) => page.inside()],
  [["ArrowLeft"], "←", "fold, or go to what is around", (page) => page.outside()],
  [["e"], "e", "unfold everything", (page) => page.rows?.foldAll(false)],
  [["c"], "c", "fold everything", (page) => page.rows?.foldAll(true)],
  [["n"], "n", "the next difference, match, or row of an overlay", (page) => page.step(1)],
  [["p"], "p", "the one before", (page) => page.step(-1)],
  [["/"], "/", "search", (page) => page.words.focus()],
  [["Enter"], "Enter", "to the detail", (page) => page.pane.focus()],
  [["Escape"], "Esc", "back to the rows", (page) => page.rows?.element.focus()],
  [["1", "2", "3", "4", "5", "6", "7", "8", "9"], "1 2 …", "the first view, the second …",
    (page, key) => page.showNth(Number(key) - 1)],
  [["["], "[", "the run before, of a page with several", (page) => page.another(-1)],
  [["]"], "]", "the next run", (page) => page.another(1)],
  [["t"], "t", "light or dark", (page) => page.turnTheme()],
  [["?"], "?", "this list", (page) => page.help.showModal()],
];

function listen(page) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || page.help.open) return;
    const typing = event.target.closest?.("input, select, textarea");
    if (typing && event.key !== "Escape" && !(event.key === "Enter" && typing === page.words)) return;
    if (typing === page.words && event.key === "Enter") {
      event.preventDefault();
      page.step(event.shiftKey ? -1 : 1);
      return;
    }
    // Keys that move through rows belong to whatever has the focus, if that is something else.
    const inRows = page.rows?.element.contains(event.target) || event.target === document.body;
    const moves = event.key.length > 1 && !["Escape"].includes(event.key);
    if (moves && !inRows) return;
    const found = KEYS.find(([keys]) => keys.includes(event.key));
    if (!found) return;
    event.preventDefault();
    found[3](page, event.key);
  });
}

function keyList() {
  const list = make("dl", { class: "keys" });
  for (const [, shown, does] of KEYS) {
    list.append(make("dt", {}, make("kbd", { text: shown })), make("dd", { text: does }));
  }
  return list;
}
