// The states of a team, step by step: a slider over the rows, and each agent's state at that moment.

const MOST_STATES = 40; // agents whose states are shown at once
const MOST_LEAVES = 60; // values of one state
const MOST_TICKS = 400;

addOverlay({
  id: "states",
  label: "States",
  fits: (side) => side.team.knows !== null,
  stops: (side) => {
    const { snapshots } = side.golden;
    const rows = Array.from({ length: snapshots.rows }, (_, at) => side.rowOf(snapshots.span(at)));
    return [...new Set(rows)].filter((row) => row >= 0);
  },
  panel: (page, side) => new StatesPanel(page, side),
});

class StatesPanel {
  constructor(page, side) {
    Object.assign(this, { page, side, row: null });
    side.vectors ??= new Vectors(side);
    // Spans by when they end: what is inside another one ends before it.
    this.ended = new Int32Array(side.rows);
    for (let row = 0; row < side.rows; row += 1) this.ended[this.placeOf(row)] = row;
    this.slider = make("input", { type: "range", class: "scrubber", min: 1, max: side.rows, step: 1,
      "aria-label": "step of the run",
      on: { input: () => page.choose({ side, row: this.ended[this.slider.value - 1] }) } });
    this.where = make("p", { class: "where" });
    this.cards = make("div", { class: "cards" });
    this.element = make("section", { class: "states", "aria-label": "states of the team" },
      make("div", { class: "slide" }, this.slider, this.ticks()), this.where, this.cards);
  }

  placeOf(row) {
    const { place, depth, size } = this.side;
    return place[row] - depth[row] + size[row] - 1;
  }

  // A mark under the slider for each step at which a state was kept.
  ticks() {
    const { snapshots } = this.side.golden;
    const found = new Set();
    for (let at = 0; at < snapshots.rows; at += 1) {
      const row = this.side.rowOf(snapshots.span(at));
      const place = row < 0 ? this.side.rows - 1 : this.placeOf(row);
      found.add(Math.round((MOST_TICKS * place) / Math.max(1, this.side.rows - 1)));
    }
    const svg = draw("svg", { class: "ticks", viewBox: `0 0 ${MOST_TICKS} 1`, preserveAspectRatio: "none", "aria-hidden": "true" });
    for (const x of found) svg.append(draw("path", { class: "tick", d: `M${x},0 V1` }));
    return svg;
  }

  // Show the moment at which a span had ended; -1: the end of the run.
  follow(chosen) {
    const row = chosen < 0 ? this.ended.at(-1) : chosen;
    if (row === this.row) return;
    this.row = row;
    const place = this.placeOf(row);
    const now = this.at(row);
    const before = place > 0 ? this.at(this.ended[place - 1]) : new Map();
    const conflicts = conflictsOf(new Map([...now].map(([agent, it]) => [agent, it.state])));
    const all = [...this.side.vectors.agents.keys()].map((agent) => stateCard(agent, now.get(agent), before.get(agent), conflicts));
    const changed = all.filter((it) => it.changes);
    this.slider.value = place + 1;
    this.where.replaceChildren(...this.words(row, place, now.size, changed, conflicts.size));
    this.slider.setAttribute("aria-valuetext", this.where.textContent);
    const first = all.length > MOST_STATES ? [...changed, ...all.filter((it) => !it.changes)].slice(0, MOST_STATES) : all;
    this.cards.replaceChildren(...first.map((it) => this.card(it)));
    if (all.length > MOST_STATES) {
      this.cards.append(make("p", { class: "aside", text: `the first ${MOST_STATES} of ${counted(all.length, "agent")}, those that changed before others` }));
    }
  }

  at(row) {
    const found = this.side.vectors.at(row);
    return new Map([...found].map(([agent, shot]) => [agent, { shot, state: stateOf(this.side, shot) }]));
  }

  words(row, place, known, changed, conflicts) {
    const { side } = this;
    const { spans } = side.golden;
    const doer = side.team.doers[row];
    const said = [`${counted(known, "state")} known`];
    if (changed.length) said.push(`${listed(changed.map((it) => nameOf(it.agent)))} changed`);
    if (conflicts) said.push(`${counted(conflicts, "belief")} in conflict`);
    return [make("b", { text: `Step ${grouped(place + 1)} of ${grouped(side.rows)}` }),
      `: ${spans.kind(row)} ${line(spans.name(row), 60)}${doer === null ? "" : ` of ${line(doer, 40)}`} had ended. `,
      `${said.join(", ")}.`];
  }

  card({ agent, shot, lines, more }) {
    const card = make("section", { class: `state${shot === undefined ? " is-unknown" : ""}` },
      make("h2", { text: nameOf(agent) }));
    if (shot === undefined) {
      card.append(make("p", { class: "aside", text: "nothing known of it here" }));
      return card;
    }
    card.append(this.keptIn(shot));
    const list = make("dl", { class: "pairs" });
    for (const { key, words, marks } of lines) {
      list.append(make("dt", { class: marks.length ? "is-marked" : null, text: line(key, 80) }),
        make("dd", {}, words, ...marks.map(([sort, text]) => make("span", { class: `sort-${sort}`, text }))));
    }
    card.append(list);
    if (more) card.append(make("p", { class: "aside", text: `and ${counted(more, "more value", "more values")}` }));
    return card;
  }

  keptIn(shot) {
    const { side, page } = this;
    const row = side.rowOf(side.golden.snapshots.span(shot));
    if (row < 0) return make("p", { class: "aside", text: "kept outside every span" });
    return make("p", { class: "aside" }, "kept in ", spanLink(page, side, row));
  }

  close() {}
}

const nameOf = (agent) => line(agent, 60) || "the run";

function listed(names) {
  return names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${counted(names.length - 3, "other")}` : names.join(", ");
}

// What a card says of one agent: each value, what it was a step before, and who believes otherwise.
function stateCard(agent, now, before, conflicts) {
  const [leaves, old] = [now, before].map((it) => (it === undefined ? new Map() : leavesOf(it.state)));
  // What a concurrent agent does not know has not changed by that.
  const same = now === undefined || now.shot === before?.shot;
  const lines = [];
  let changes = 0;
  let more = 0;
  for (const key of same ? leaves.keys() : new Set([...leaves.keys(), ...old.keys()])) {
    const marks = [];
    if (!same && !leaves.has(key)) marks.push(["gone", `− was ${brief(old.get(key))}`]);
    else if (!same && !old.has(key)) marks.push(["come", "+ new here"]);
    else if (!same && !sameValue(leaves.get(key), old.get(key))) marks.push(["changed", `≠ was ${brief(old.get(key))}`]);
    if (marks.length) changes += 1;
    const others = leaves.has(key) ? (conflicts.get(key) ?? []).filter(([who, value]) => who !== agent && !sameValue(value, leaves.get(key))) : [];
    if (others.length) {
      marks.push(["conflict", `⚡ ${listed(others.map(([who, value]) => `${nameOf(who)}: ${brief(value)}`))}`]);
    }
    if (lines.length >= MOST_LEAVES && !marks.length) more += 1;
    else lines.push({ key, marks, words: leaves.has(key) ? briefBlock(leaves.get(key)) : null });
  }
  return { agent, shot: now?.shot, lines, changes, more };
}

const BRIEF = 60;

function brief(value) {
  if (value instanceof Uint8Array) return counted(value.length, "byte");
  const text = typeof value === "string" ? value : pretty(value, 4 * BRIEF).replace(/\n\s*/g, " ");
  return shortValue(value) ?? line(text, BRIEF);
}

// A value in a line; what has no room there opens below it.
function briefBlock(value) {
  const short = shortValue(value);
  if (short !== null) return make("code", { text: short });
  return later(brief(value), () => inlineBlock(value));
}
