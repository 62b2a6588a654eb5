// Rows: a list of any length, of which only what is in sight has elements.

const ROW = 26; // the height of a row in CSS pixels; rows.css says the same
const SPARE = 12; // how many rows beyond the edges are kept
const MOST_PRINTED = 2000;

class Rows {
  // `columns` are {id, label, fill(cell, item)}; `choose(item)` is told what was chosen.
  constructor(tree, columns, { label, choose, painted = () => {} }) {
    Object.assign(this, { tree, columns, choose, painted, chosen: -1 });
    this.folded = new Uint8Array(tree.items);
    this.elements = new Map();
    this.head = make("div", { role: "row", class: "row head", "aria-rowindex": 1 },
      ...columns.map(({ id, label: text, unseen }) => make("div", { role: "columnheader", class: id },
        unseen ? make("span", { class: "unseen", text }) : text)));
    this.body = make("div", { role: "rowgroup", class: "body" });
    this.element = make("div", {
      role: "treegrid", class: "rows", tabindex: 0, "aria-label": label, "aria-readonly": "true",
      on: { scroll: () => this.later(), click: (event) => this.pressed(event) },
    }, make("div", { role: "rowgroup", class: "headgroup" }, this.head), this.body);
    this.watch = new ResizeObserver(() => this.later());
    this.watch.observe(this.element);
    this.unfold();
  }

  // Work out which items are in the list: all but those below a folded one.
  unfold() {
    const { tree, folded } = this;
    const shown = new Int32Array(tree.items);
    this.at = new Int32Array(tree.items).fill(-1);
    let count = 0;
    for (let item = 0; item < tree.items; item += folded[item] ? tree.size[item] : 1) {
      this.at[item] = count;
      shown[count] = item;
      count += 1;
    }
    this.shown = shown.subarray(0, count);
    this.element.setAttribute("aria-rowcount", count + 1);
    this.body.style.height = `${count * ROW}px`;
    this.need = `${(count + 2) * ROW}px`;
    this.forget();
  }

  forget() {
    for (const element of this.elements.values()) element.remove();
    this.elements.clear();
    this.later();
  }

  later() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.paint();
    });
  }

  get window() {
    const top = Math.floor(this.element.scrollTop / ROW) - SPARE;
    const rows = Math.ceil(this.element.clientHeight / ROW) + 2 * SPARE;
    return [Math.max(0, top), Math.min(this.shown.length, top + rows)];
  }

  paint([from, to] = this.window) {
    for (const [place, element] of this.elements) {
      if (place < from || place >= to) {
        element.remove();
        this.elements.delete(place);
      }
    }
    const fresh = document.createDocumentFragment();
    for (let place = from; place < to; place += 1) {
      if (!this.elements.has(place)) {
        const element = this.made(place);
        this.elements.set(place, element);
        fresh.append(element);
      }
    }
    this.body.append(fresh);
    this.element.parentElement?.style.setProperty("--list", this.need);
    this.painted();
  }

  made(place) {
    const { tree } = this;
    const item = this.shown[place];
    const inner = tree.size[item] > 1;
    const element = make("div", {
      role: "row", class: "row", id: `row-${item}`, "data-item": item,
      "aria-level": tree.depth[item] + 1, "aria-rowindex": place + 2,
      "aria-selected": item === this.chosen ? "true" : "false",
      "aria-expanded": inner ? (this.folded[item] ? "false" : "true") : null,
    });
    element.style.top = `${place * ROW}px`;
    for (const column of this.columns) {
      const cell = make("div", { role: "gridcell", class: column.id });
      column.fill(cell, item, element);
      element.append(cell);
    }
    return element;
  }

  pressed(event) {
    const row = event.target.closest(".row[data-item]");
    if (!row) return;
    const item = Number(row.dataset.item);
    if (event.target.closest(".fold")) this.fold(item, !this.folded[item]);
    else this.choose(item);
  }

  // Show that an item is the chosen one, and where it is.
  select(item) {
    const before = this.elements.get(this.at[this.chosen] ?? -1);
    before?.setAttribute("aria-selected", "false");
    this.chosen = item;
    if (item < 0) {
      this.element.removeAttribute("aria-activedescendant");
      return;
    }
    this.uncover(item);
    const top = this.at[item] * ROW;
    const height = this.element.clientHeight - ROW;
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    else if (top + ROW > this.element.scrollTop + height) {
      this.element.scrollTop = top + 2 * ROW - height;
    }
    this.paint();
    this.elements.get(this.at[item])?.setAttribute("aria-selected", "true");
    this.element.setAttribute("aria-activedescendant", `row-${item}`);
  }

  // Unfold whatever hides an item.
  uncover(item) {
    if (this.at[item] >= 0) return;
    for (let above = item; above >= 0; above = this.above(above)) this.folded[above] = 0;
    this.unfold();
  }

  above(item) {
    const level = this.tree.depth[item];
    for (let at = item - 1; at >= 0; at -= 1) if (this.tree.depth[at] < level) return at;
    return -1;
  }

  fold(item, folded) {
    if (this.tree.size[item] < 2 || Boolean(this.folded[item]) === folded) return false;
    this.folded[item] = folded ? 1 : 0;
    this.unfold();
    if (this.chosen >= 0 && this.at[this.chosen] < 0) this.choose(item);
    else if (this.chosen >= 0) this.select(this.chosen);
    return true;
  }

  foldAll(folded) {
    for (let item = 0; item < this.tree.items; item += 1) {
      this.folded[item] = folded && this.tree.depth[item] > 0 && this.tree.size[item] > 1 ? 1 : 0;
    }
    this.unfold();
    if (this.chosen < 0) return;
    let item = this.chosen;
    while (this.at[item] < 0) item = this.above(item);
    this.choose(item);
  }

  move(by) {
    const place = this.chosen < 0 ? (by > 0 ? -1 : 0) : this.at[this.chosen];
    const to = Math.max(0, Math.min(this.shown.length - 1, place + by));
    if (this.shown.length) this.choose(this.shown[to]);
  }

  get page() {
    return Math.max(1, Math.floor(this.element.clientHeight / ROW) - 2);
  }

  // Where an item stands, or the folded one that hides it; in pixels from the top of the body.
  middle(item) {
    let at = item;
    while (this.at[at] < 0) at = this.above(at);
    return this.at[at] * ROW + ROW / 2;
  }

  printed() {
    this.paint([0, Math.min(this.shown.length, MOST_PRINTED)]);
    this.body.style.height = `${Math.min(this.shown.length, MOST_PRINTED) * ROW}px`;
  }

  unprinted() {
    this.body.style.height = `${this.shown.length * ROW}px`;
    this.paint();
  }

  close() {
    this.watch.disconnect();
  }
}

// The name of a span as a cell: how deep it stands, what it is, how it ended, who did it.
const DEEPEST = 24; // levels that are indented; deeper ones say how deep they are

function nameCell(cell, rows, item, side, row) {
  const { spans } = side.golden;
  const depth = rows.tree.depth[item];
  cell.style.paddingInlineStart = `${Math.min(depth, DEEPEST) * 0.85}rem`;
  if (depth > DEEPEST) cell.append(make("span", { class: "deep", text: `(${depth})` }));
  if (row < 0) return;
  cell.append(rows.tree.size[item] > 1
    ? make("span", { class: "fold", text: rows.folded[item] ? "▸" : "▾", "aria-hidden": "true" })
    : make("span", { class: "leaf" }));
  cell.append(...spanWords(side, row), agentWords(side, row) ?? "");
  if (spans.mark(row)) cell.append(make("span", { class: "mark", text: line(spans.mark(row), 20) }));
}

function spanWords(side, row) {
  const { spans } = side.golden;
  const kind = spans.kind(row);
  const name = spans.name(row);
  const words = [
    make("span", { class: `kind k-${KINDS.has(kind) ? kind : "internal"}`, text: kind }),
    make("span", { class: "name", text: line(name, 300) || "(no name)" }),
  ];
  if (side.isWrong(row)) {
    words.push(make("span", { class: "wrong", text: `✕ ${line(spans.status_code(row), 30)}` }));
  }
  return words;
}

function agentWords(side, row) {
  const { spans } = side.golden;
  const agent = spans.agent(row);
  if (agent === null || spans.kind(row) === "agent") return null;
  return make("span", { class: "agent", text: line(agent, 60) });
}

const KINDS = new Set(["run", "agent", "llm", "tool", "retrieval", "message", "orchestration", "plan",
  "http", "internal"]);
