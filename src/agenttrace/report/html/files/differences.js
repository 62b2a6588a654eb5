// A difference: its class, its place, both values with what differs in them, and what follows.

const CLASS_WORDS = {
  structure: "what was called", order: "in which order", link: "led by what",
  tool_args: "what a tool was asked", tool_result: "what a tool said",
  llm_input: "what a model was asked", llm_output: "what a model said", state: "what agents knew",
  event: "what went on", status: "how it ended", cost: "what it cost", latency: "how long it took",
  metadata: "what else is known",
};

function differenceBlock(page, run, one) {
  const block = make("section", { class: "difference", "data-difference": one.id });
  const cause = run.causes.indexOf(one);
  const head = make("h2", {}, make("span", { class: "class", text: one.kind }),
    ` ${one.what}`, make("span", { class: "aside", text: ` · ${CLASS_WORDS[one.kind] ?? ""}` }));
  block.append(head, factList([["place", one.place],
    ...(cause >= 0 ? [["cause", `${cause + 1} of ${run.causes.length}`]] : [])]));
  const sides = run.sides.map((side) => side.label);
  const [golden, its] = one.sides();
  if (one.what === "missing" || one.what === "extra" || one.what === "moved") {
    block.append(bothSides(sides, golden, its));
  } else {
    const found = places(golden, its);
    found.forEach((it) => block.append(placeBlock(it, sides)));
    if (found.length >= MOST_PLACES) {
      block.append(make("p", { class: "aside", text: `the first ${MOST_PLACES} places are shown` }));
    }
    if (!found.length) block.append(bothSides(sides, golden, its));
  }
  follows(page, run, one, block);
  return block;
}

function bothSides(labels, golden, run) {
  const both = make("div", { class: "both" });
  [[golden, "−", "gone"], [run, "+", "come"]].forEach(([value, sign, word], n) => {
    if (value === null || value === NOTHING) return;
    both.append(make("div", { class: `side ${word}` },
      make("p", { class: "which", text: `${sign} ${line(labels[n], 60)}` }), valueBlock(value)));
  });
  return both;
}

function placeBlock({ path, golden, run }, labels) {
  const block = make("div", { class: "place" },
    make("p", { class: "path" }, make("code", { text: line(path || "the value", 200) })));
  const texts = [golden, run].map((it) => (typeof it === "string" ? it : null));
  if (texts.includes(null) || texts.some((it) => it.length > 2e5)) {
    block.append(bothSides(labels, golden, run));
    return block;
  }
  const runs = textRuns(...texts);
  [["−", "gone", -1, "del"], ["+", "come", 1, "ins"]].forEach(([sign, word, only, tag], n) => {
    const text = make("pre", { class: "text" });
    runs.filter(([which]) => which === 0 || which === only).forEach(([which, said], at, all) => {
      const shown = which === 0 ? shortened(said, at > 0, at < all.length - 1) : said;
      text.append(which === 0 ? safe(shown) : make(tag, { text: safe(shown) }));
    });
    block.append(make("div", { class: `side ${word}` },
      make("p", { class: "which", text: `${sign} ${line(labels[n], 60)}` }), text));
  });
  return block;
}

const NEAR = 160; // how much of what is equal is shown beside what differs

function shortened(text, before, after) {
  if (text.length <= 2 * NEAR + 20) return text;
  return `${before ? text.slice(0, NEAR) : ""} … ${after ? text.slice(-NEAR) : ""}`;
}

const MOST_FOLLOWING = 50;
const FEW = 20; // so many are in sight at once; more are unfolded

function follows(page, run, one, block) {
  const all = one.cause ? [] : run.differences.filter((it) => it.cause === one.id);
  if (one.cause) {
    const cause = run.differences.find((it) => it.id === one.cause);
    if (cause) {
      block.append(make("p", {}, "follows from ",
        button(told(cause), () => page.difference(cause), { class: "go" })));
    }
  }
  if (!all.length) return;
  const list = make("ul", { class: "edges" });
  all.slice(0, MOST_FOLLOWING).forEach((it) => list.append(
    make("li", {}, button(told(it), () => page.difference(it), { class: "go" }), where(it))));
  if (all.length > MOST_FOLLOWING) {
    list.append(make("li", { class: "aside", text: `and ${grouped(all.length - MOST_FOLLOWING)} more` }));
  }
  block.append(make("details", { open: all.length <= FEW }, make("summary", { text: `so also ${counted(all.length, "difference")}` }), list));
}

function told(one) {
  return `${one.kind} ${one.what}: ${line(one.title, 80)}`;
}

// What many have in common is told apart by where it stands.
function where(one) {
  return one.place ? make("span", { class: "aside", text: ` at ${line(one.place, 120)}` }) : null;
}

// The first thing to read: how many differences there are, and each first cause.
function differenceList(page, run) {
  const root = make("article", { class: "span" });
  const { causes, differences } = run;
  root.append(make("h2", { text: differences.length
    ? `${counted(differences.length, "difference")}, ${counted(causes.length, "first cause")}`
    : "No difference" }));
  if (!differences.length) return root;
  const kinds = new Map(Object.keys(CLASS_WORDS).map((kind) => [kind, 0]));
  differences.forEach((it) => kinds.set(it.kind, (kinds.get(it.kind) ?? 0) + 1));
  root.append(factList([...kinds].filter(([, count]) => count).map(([kind, count]) => [kind, `${count} · ${CLASS_WORDS[kind] ?? ""}`])));
  const list = make("ol", { class: "edges causes" });
  causes.slice(0, 500).forEach((it) => list.append(make("li", {},
    button(told(it), () => page.difference(it), { class: "go" }), where(it),
    it.consequences ? make("span", { class: "aside", text: `, and ${it.consequences} that follow${it.consequences === 1 ? "s" : ""}` }) : null)));
  part(root, "First causes", list);
  return root;
}
