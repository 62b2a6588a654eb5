// The shell: the head of the page, the view, the detail beside it, and where in it one is.

class Page {
  // `entries` are the page's runs, `said` what is said of all of them.
  constructor(entries, host, said) {
    Object.assign(this, { entries, host, said, view: null, pair: null, hits: [], at: -1,
      overlays: new Set() });
    this.build();
    listen(this);
    window.addEventListener("hashchange", () => this.follow());
    window.addEventListener("beforeprint", () => this.rows?.printed());
    window.addEventListener("afterprint", () => this.rows?.unprinted());
    this.open(entries[0]);
    this.follow();
    this.rows?.element.focus({ preventScroll: true });
  }

  get rows() {
    return this.shown?.rows;
  }

  build() {
    this.title = make("h1");
    this.sums = make("ul", { class: "sums", "aria-label": "in all" });
    this.tabs = make("div", { class: "tabs", role: "group", "aria-label": "views" });
    this.words = make("input", {
      type: "search", placeholder: "search", "aria-label": "search names and payloads",
      autocomplete: "off", spellcheck: "false", on: { input: () => this.search.look(this.words.value) },
    });
    this.count = make("output", { class: "count", "aria-live": "polite" });
    this.steps = make("span", { class: "steps" },
      button("‹", () => this.step(-1), { "aria-label": "the one before (p)", title: "the one before (p)" }),
      button("›", () => this.step(1), { "aria-label": "the next one (n)", title: "the next one (n)" }));
    this.help = make("dialog", { "aria-label": "keys" }, make("h2", { text: "Keys" }), keyList(),
      make("p", { class: "aside", text: "Links to a span or a difference are in the address, to be copied." }),
      make("form", { method: "dialog" }, make("button", { text: "close" })));
    this.picker = make("select", { "aria-label": "run", on: { change: () => this.open(this.entries[this.picker.value]) } },
      ...this.entries.map((run, n) => make("option", {
        value: n, text: `${n + 1}  ${run.outcome ? `${run.outcome}  ` : ""}${line(run.title, 120)}` })));
    this.notes = make("div", { class: "notes" });
    this.list = make("section", { class: "view", "aria-label": "spans" });
    this.pane = make("section", { class: "pane", tabindex: 0, "aria-label": "detail" });
    this.host.replaceChildren(
      make("header", { class: "top" },
        make("div", { class: "names" }, this.said ? make("p", { class: "aside", text: this.said }) : null,
          this.title, this.entries.length > 1 ? this.picker : null, this.sums),
        make("div", { class: "tools" }, this.tabs,
          make("search", {}, this.words, this.count, this.steps),
          button("◐", () => this.turnTheme(), { "aria-label": "light or dark (t)", title: "light or dark (t)" }),
          button("?", () => this.help.showModal(), { "aria-label": "keys (?)", title: "keys (?)" })),
        this.notes),
      make("div", { class: "split" }, this.list, this.pane), this.help);
  }

  open(entry) {
    const { run } = entry;
    Object.assign(this, { entry, run });
    this.picker.value = String(this.entries.indexOf(entry));
    this.title.textContent = line(run.title, 300);
    this.sums.replaceChildren(...sumsOf(run).map(([word, told]) => make("li", {},
      make("span", { class: "aside", text: `${word} ` }), make("b", { text: told }))));
    this.notes.replaceChildren(...run.notes.map((text) => make("details", { open: !run.causes.length },
      make("summary", { text: line(text.split("\n", 1)[0], 400) }), textBlock(text))));
    this.search = new Search(run.sides, (hits, done) => this.found(hits, done));
    this.words.value = "";
    this.views = VIEWS.filter((view) => view.fits(run));
    this.tabs.replaceChildren(...this.views.map((view, n) => button(view.label, () => this.show(view), {
      "aria-pressed": "false", title: `${view.label} (${n + 1})`, "data-view": view.id })));
    this.tabs.hidden = this.views.length < 2;
    this.pair = null;
    this.show(this.views[0]);
    this.found(run.sides.map(() => new Set()), true);
  }

  show(view) {
    if (!view) return;
    this.shown?.close();
    this.view = view;
    this.list.replaceChildren();
    for (const tab of this.tabs.children) {
      tab.setAttribute("aria-pressed", tab.dataset.view === view.id ? "true" : "false");
    }
    this.shown = view.open(this, this.run, this.list);
    this.at = -1;
    this.sayWhere();
    if (this.pair === null) this.tell();
    else this.select(this.pair);
  }

  showNth(n) {
    this.show(this.views[n]);
  }

  another(by) {
    const to = this.entries[this.entries.indexOf(this.entry) + by];
    if (to) this.open(to);
  }

  // -- what is chosen ---------------------------------------------------------------------------
  chooseItem(item) {
    this.select(this.shown.pair(item));
  }

  choose({ side, row }) {
    const n = this.run.sides.indexOf(side);
    this.select(this.run.compared ? this.run.tree.pairOf(n, row) : [row]);
  }

  select(pair, one = null) {
    this.pair = pair;
    this.rows?.select(this.shown.item(pair));
    this.tell(one);
    this.remember(one);
  }

  difference(one) {
    if (this.view.id !== "compare") this.show(this.views.find((view) => view.id === "compare"));
    if (one.item >= 0) this.select(this.run.tree.rows.map((side) => side[one.item]), one);
    else this.pane.replaceChildren(differenceBlock(this, this.run, one));
    this.at = this.stops.indexOf(one);
    this.sayWhere();
  }

  // Fill the detail: the differences of a line, then its span; or what there is to see at all.
  tell(one = null) {
    const { run, pair } = this;
    const content = [];
    if (pair === null) content.push(run.compared ? differenceList(this, run) : overview(run));
    else {
      const found = run.differing.get(run.tree.itemOf(pair)) ?? [];
      const first = one === null ? found : [one, ...found.filter((it) => it !== one)];
      content.push(...first.map((it) => differenceBlock(this, run, it)));
      const shown = run.sides.map((side, n) => [side, pair[n]]).filter(([, row]) => row >= 0).reverse();
      shown.forEach(([side, row], n) => content.push(n
        ? later(`${side.label}: its partner`, () => spanDetail(this, side, row))
        : spanDetail(this, side, row, run.compared ? side.label : "")));
    }
    this.pane.replaceChildren(...content);
    this.pane.scrollTop = 0;
  }

  inside() {
    const { rows } = this;
    if (!rows || rows.chosen < 0) return;
    if (!rows.fold(rows.chosen, false) && rows.tree.size[rows.chosen] > 1) rows.move(1);
  }

  outside() {
    const { rows } = this;
    if (!rows || rows.chosen < 0) return;
    if (rows.fold(rows.chosen, true)) return;
    const above = rows.above(rows.chosen);
    if (above >= 0) this.chooseItem(above);
  }

  // -- steps: through matches while something is searched for, else through first causes ---------
  get stops() {
    if (this.words.value.trim()) return this.hits;
    return this.shown?.stops ?? this.run.causes;
  }

  found(hits, done) {
    const { tree } = this.run;
    const items = new Set();
    hits.forEach((rows, n) => rows.forEach((row) => {
      const item = tree.item[n].get(row);
      if (item !== undefined) items.add(item);
    }));
    this.hits = [...items].sort((a, b) => a - b);
    this.searching = !done;
    this.at = -1;
    this.sayWhere();
  }

  step(by) {
    const { stops } = this;
    if (!stops.length) return;
    this.at = this.at < 0 ? (by > 0 ? 0 : stops.length - 1) : (this.at + by + stops.length) % stops.length;
    const stop = stops[this.at];
    if (typeof stop === "number") this.select(this.run.tree.rows.map((side) => side[stop]));
    else this.difference(stop);
    this.sayWhere();
  }

  sayWhere() {
    const { stops, at } = this;
    const looking = Boolean(this.words.value.trim());
    const own = this.shown?.stops !== undefined;
    const what = looking ? "match" : own ? "step" : "cause";
    const many = looking ? "matches" : own ? "steps" : "causes";
    if (!looking && !own && !this.run.compared) this.count.textContent = "";
    else if (at >= 0) this.count.textContent = `${at + 1} of ${counted(stops.length, what, many)}`;
    else this.count.textContent = counted(stops.length, what, many) + (this.searching ? " …" : "");
    this.steps.hidden = !stops.length;
  }

  // -- the address ------------------------------------------------------------------------------
  remember(one) {
    const words = new URLSearchParams();
    if (this.entries.length > 1) words.set("run", this.entries.indexOf(this.entry) + 1);
    if (this.view.id !== this.views[0].id) words.set("view", this.view.id);
    if (one !== null) words.set("difference", one.id);
    else {
      const n = this.pair.at(-1) >= 0 ? this.pair.length - 1 : 0;
      words.set(n === this.pair.length - 1 ? "span" : "old", this.run.sides[n].nameOf(this.pair[n]));
    }
    try {
      history.replaceState(null, "", `#${words}`);
    } catch {
      // a page inside another one has no address of its own
    }
  }

  follow() {
    const words = new URLSearchParams(location.hash.slice(1));
    const entry = this.entries[Number(words.get("run")) - 1];
    if (entry && entry !== this.entry) this.open(entry);
    const view = this.views.find((it) => it.id === words.get("view"));
    if (view && view !== this.view) this.show(view);
    const one = this.run.differences.find((it) => it.id === words.get("difference"));
    if (one) this.difference(one);
    for (const [word, side] of [["span", this.run.side], ["old", this.run.sides[0]]]) {
      const row = words.has(word) ? side.rowNamed(words.get(word)) : -1;
      if (row >= 0) this.choose({ side, row });
    }
  }

  turnTheme() {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  }
}

function later(title, fill) {
  const block = make("details", { class: "later" }, make("summary", { text: title }));
  block.addEventListener("toggle", () => {
    if (block.open && block.childElementCount === 1) block.append(fill());
  });
  return block;
}

// What a run is in a line: how much there is of everything, or how much more.
function sumsOf(run) {
  const [old, side] = run.compared ? run.sides : [null, run.side];
  const { golden } = side;
  const change = (measure, tell) => {
    const now = measure(side);
    if (old === null) return tell(now);
    const before = measure(old);
    return before === now ? tell(now) : `${tell(before)} → ${tell(now)}`;
  };
  const sums = [["outcome", run.outcome], ["spans", change((it) => it.rows, grouped)],
    ["calls", change((it) => it.calls, grouped)]];
  if (golden.agents.rows) sums.push(["agents", change((it) => it.golden.agents.rows, grouped)]);
  if (side.timed) sums.push(["took", change((it) => it.whole, duration)]);
  if (side.used) sums.push(["tokens", change((it) => it.used, grouped)]);
  if (side.costs.size) sums.push(["cost", change((it) => it.costTold(), (it) => it || "not known")]);
  if (side.failed || old?.failed) sums.push(["failed", change((it) => it.failed, grouped)]);
  if (run.compared) sums.push(["differences", grouped(run.differences.length)]);
  if (!golden.head.complete(0)) sums.push(["it", "did not end"]);
  return sums.filter(([, told]) => told !== "");
}

// What stands beside the rows while nothing is chosen.
function overview(run) {
  const { side } = run;
  const { golden } = side;
  const root = make("article", { class: "span" }, make("h2", { text: line(golden.head.name(0), 300) }));
  const facts = [["kept as", side.label], ["started", golden.timing.get("started") || null],
    ["ended", golden.head.complete(0) ? "yes" : "no: it was cut short"]];
  root.append(factList(facts.filter(([, told]) => told !== null)));
  const agents = Array.from({ length: Math.min(golden.agents.rows, 200) }, (_, at) => [golden.agents.id(at),
    [golden.agents.type(at), golden.agents.role(at), golden.agents.version(at)].filter(Boolean).join(", ")
      || golden.agents.name(at)]);
  if (agents.length) part(root, counted(golden.agents.rows, "agent"), factList(agents));
  states(root, side, -1);
  const environment = golden.timing.get("environment");
  if (environment.size) part(root, "With", valueBlock(environment));
  const resource = golden.head.resource(0);
  if (resource) part(root, "From", valueBlock(resource));
  root.append(make("p", { class: "aside hint" }, "Choose a row to see all of it. ",
    make("kbd", { text: "?" }), " lists the keys."));
  return root;
}
