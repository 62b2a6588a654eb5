// Following a value: what is shown in a detail can be clicked, and tells its journey beneath.

const MOST_PARTS = 50;
const WHERE = { answer: "its answer", message: "its message", question: "what it was asked", state: "a state kept in it" };

// Make the values of a detail clickable, also those that come into it later.
function followable(page, root, side, row) {
  const arm = () => {
    for (const shown of root.querySelectorAll("dd > code, pre")) {
      if (VALUES.has(shown) && !shown.dataset.followed) armed({ page, root, side, row }, shown);
    }
  };
  arm();
  new MutationObserver(arm).observe(root, { childList: true, subtree: true });
  return root;
}

// A short value is a button itself; a text keeps its letters to be selected, and has one beneath.
function armed(place, shown) {
  shown.dataset.followed = "yes";
  const value = VALUES.get(shown);
  const title = "where it came from, and where it went on to";
  if (shown.tagName === "CODE") {
    const leaf = button("", () => follow(place, leaf, value), { class: "followable", title });
    shown.replaceWith(leaf);
    leaf.append(shown);
    return;
  }
  const beneath = button("where from, where to", () => {
    const selection = getSelection();
    const part = selection.rangeCount && shown.contains(selection.getRangeAt(0).commonAncestorContainer)
      ? followedText(String(selection)) : "";
    follow(place, beneath, part || value);
  }, { class: "follow", title: `${title}: of what is selected, or of all of it` });
  beneath.addEventListener("mousedown", (event) => event.preventDefault()); // what is selected stays so
  shown.after(beneath);
}

async function follow(place, after, value) {
  const panel = make("section", { class: "journey", "aria-label": "journey of a value", "aria-live": "polite" });
  place.root.querySelector(".journey")?.remove();
  after.after(panel);
  await fillJourney(place, panel, value);
}

async function fillJourney(place, panel, value) {
  if (value instanceof Map || Array.isArray(value)) {
    const leaves = leafTexts(value);
    if (leaves.length === 1 && !whyNot(leaves[0])) await fillJourney(place, panel, leaves[0]);
    else panel.replaceChildren(...partsOf(place, panel, leaves));
    return;
  }
  const text = followedText(value);
  panel.append(make("p", { class: "aside", text: "looking …" }));
  let until = performance.now() + SLICE;
  const go = async () => {
    if (performance.now() < until) return;
    await new Promise((rest) => { setTimeout(rest); });
    until = performance.now() + SLICE;
    if (!panel.isConnected) throw new LeftAlone();
  };
  try {
    const found = await place.side.journey(place.row, value, go);
    panel.replaceChildren(...toldJourney(place, found, text || pretty(value, 100)));
    panel.dataset.state = "told";
  } catch (problem) {
    if (!(problem instanceof LeftAlone)) throw problem;
  }
}

// Nobody looks at it any more.
class LeftAlone extends Error {}

function leafTexts(value) {
  return [...new Set([...eachLeaf(value)].reverse())];
}

// A value of several parts: the ones that can be followed.
function partsOf(place, panel, leaves) {
  const fit = leaves.filter((it) => !whyNot(it));
  if (!fit.length) return [make("p", { text: "All of its parts are too short, or too common, to be followed." })];
  const list = make("ul", { class: "parts" }, ...fit.slice(0, MOST_PARTS).map((leaf) => make("li", {},
    button(line(leaf, 80), () => fillJourney(place, panel, leaf), { class: "followable" }))));
  const left = leaves.length - Math.min(fit.length, MOST_PARTS);
  const more = left ? [make("p", { class: "aside", text: `${counted(left, "other part")} ${
    left === 1 ? "is" : "are"} left off: too short, too common, or beyond the first ${MOST_PARTS}` })] : [];
  return [make("p", { text: "Which part of it?" }), list, ...more];
}

function toldJourney(place, found, text) {
  const told = [make("p", {}, make("code", { text: line(text, 120) }))];
  if (found.whyNot) {
    told[0].append(` is ${found.whyNot} to be followed: ${found.whyNot === "too short"
      ? "it would turn up by accident" : "that it turns up elsewhere says nothing"}.`);
    return told;
  }
  if (found.here.length) told[0].append(make("span", { class: "aside",
    text: ` here in ${found.here.map((it) => WHERE[it]).join(", ")}` }));
  told.push(...stopList(place, "Came from", found.cameFrom, text, "Found nowhere before: no earlier answer, message or state holds it, word for word."));
  told.push(...stopList(place, "Went on to", found.wentTo, text, "Found nowhere after: nothing later was asked, told or kept with it, word for word."));
  if (found.leftOff) told.push(make("p", { class: "aside", text: `There are more: the earliest ${MOST_STOPS} of each are listed.` }));
  return told;
}

function stopList(place, title, stops, text, nowhere) {
  const head = make("h4", { text: stops.length ? `${title} · ${stops.length}` : title });
  if (!stops.length) return [head, make("p", { class: "aside", text: nowhere })];
  const { side } = place;
  return [head, make("ul", { class: "edges" }, ...stops.map(({ row, where }) => make("li", {},
    button(`#${side.place[row] + 1} ${line(side.golden.spans.name(row), 60)}`, () => goTo(place, row, text), { class: "go" }),
    make("span", { class: "aside", text: `  ${where.map((it) => WHERE[it]).join(", ")}` }))))];
}

// To a span of the journey, with a way back to where it was told.
function goTo(place, row, text) {
  const { page, side } = place;
  page.choose({ side, row });
  page.pane.prepend(button(`‹ back to #${side.place[place.row] + 1} and ${line(text, 40)}`, () => {
    page.choose({ side, row: place.row });
    const root = page.pane.querySelector("article.span");
    const panel = make("section", { class: "journey", "aria-label": "journey of a value" });
    root.querySelector("h2").after(panel);
    fillJourney({ ...place, root }, panel, text);
  }, { class: "go" }));
  page.pane.focus();
}
