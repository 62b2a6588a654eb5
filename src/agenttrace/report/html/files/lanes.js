// Lanes: how one task was placed, as a sequence of steps between the one who places it and bidders.

const MOST_LANES = 12;
const MOST_ACTS = 100;

// Each phase as a person says it, and which way it goes: out to bidders, back, or nowhere.
const PHASES = {
  announcement: ["announces", "out"], bid: ["bids", "back"], refusal: ["refuses", "back"],
  award: ["awards", "out"], rejection: ["rejects", "out"], execution: ["works", "own"],
  report: ["reports", "back"], cancel: ["cancels", "out"],
};

const PARTS = { handoff: ["hands over", "takes over"], "contract-net": ["manager", "bidder"] };

// Who turns to whom, in words.
function wayOfAct({ manager }, { phase, party }) {
  const [from, to] = [line(manager ?? "", 40) || "nobody", line(party, 40) || "nobody named"];
  if (phase === "announcement") return `${from} → all`;
  const way = PHASES[phase]?.[1] ?? "own";
  return way === "own" ? to : way === "out" ? `${from} → ${to}` : `${to} → ${from}`;
}

class Lanes {
  // `choose(row)` is told which step was pressed.
  constructor(side, round, choose) {
    this.buttons = [];
    this.marked = null;
    const { shown, lanes, more } = lanesOf(round);
    this.column = new Map(lanes.map((party, n) => [party, n + 1]));
    const acts = round.acts.filter(({ party, phase }) => this.column.has(party) || phase === "announcement");
    const drawn = acts.slice(0, MOST_ACTS);
    this.grid = make("div", { class: "lanes" }, ...lanes.map((party, n) => this.head(party, n, round)));
    this.grid.style.gridTemplateColumns = `repeat(${lanes.length}, minmax(9.5rem, 1fr))`;
    this.line = 2;
    const open = round.broken.map((one) => ({ ...one, left: new Set(one.rows) }));
    for (const act of drawn) {
      const isWrong = open.some((one) => one.rows.includes(act.row));
      this.step(side, act, round, isWrong, choose);
      for (const one of open) {
        if (one.left.delete(act.row) && !one.left.size && !drawn.slice(drawn.indexOf(act) + 1).some((it) => one.rows.includes(it.row))) {
          this.say(one);
          one.told = true;
        }
      }
    }
    for (const one of open) if (!one.told) this.say(one);
    for (const rail of this.grid.querySelectorAll(".rail")) rail.style.gridRow = `2 / ${this.line + 1}`;
    this.element = make("div", { class: "round" }, this.grid);
    if (more) this.element.append(make("p", { class: "aside", text: `${shown} of ${counted(shown + more, "bidder")}: who was awarded, whom a broken rule is about, then the first` }));
    if (acts.length > drawn.length) this.element.append(make("p", { class: "aside", text: `the first ${drawn.length} of ${counted(acts.length, "step")}` }));
  }

  head(party, n, round) {
    const head = make("div", { class: "party" }, make("b", { text: line(party, 40) || "nobody named" }),
      make("span", { class: "aside", text: PARTS[round.kind]?.[n ? 1 : 0] ?? "" }));
    head.style.gridColumn = n + 1;
    const rail = make("div", { class: "rail" });
    rail.style.gridColumn = n + 1;
    const both = document.createDocumentFragment();
    both.append(head, rail);
    return both;
  }

  step(side, act, round, isWrong, choose) {
    const [word, way] = PHASES[act.phase] ?? [act.phase, "own"];
    const party = this.column.get(act.party) ?? 1;
    const last = act.phase === "announcement" ? this.column.size : party;
    const isOwn = way === "own" || last === 1;
    const told = [make("span", { class: "act" }, isWrong ? "✕ " : "", make("b", { text: round.kind === "handoff" && act.phase === "award" ? "hands over" : line(word, 30) }), ` ${wordsOf(side, act, round)}`)];
    if (!isOwn) told.push(make("span", { class: `wire is-${way}`, "aria-hidden": "true" }));
    const step = make("button", { type: "button", class: `step${isOwn ? " is-own" : ""}${isWrong ? " is-wrong" : ""}`,
      "aria-pressed": "false", title: wayOfAct(round, act), on: { click: () => choose(act.row) } }, ...told);
    const [begin, end] = isOwn ? [last, last] : [1, last];
    step.style.gridColumn = `${begin} / ${end + 1}`;
    step.style.gridRow = this.line;
    step.style.marginInline = isOwn ? "0.4rem" : `${50 / (end - begin + 1)}%`;
    this.line += 1;
    this.buttons.push([act.row, step]);
    this.grid.append(step);
  }

  say({ rule, why }) {
    const words = make("p", { class: "wrong", text: `✕ ${line(why, 200)} (${rule})` });
    words.style.gridRow = this.line;
    this.line += 1;
    this.grid.append(words);
  }

  // Show which step is the chosen span's, and where it is.
  mark(row) {
    if (row === this.marked) return;
    this.marked = row;
    for (const [own, step] of this.buttons) step.setAttribute("aria-pressed", String(own === row));
    const chosen = this.buttons.find(([own]) => own === row)?.[1];
    chosen?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}

// Who has a lane: the manager, then bidders as they come; of too many those that matter most.
function lanesOf({ manager, acts, broken }) {
  const rows = new Set(broken.flatMap((one) => one.rows));
  const weight = new Map();
  for (const { phase, party, row } of acts) {
    if (phase === "announcement" || (party === manager && phase !== "bid" && phase !== "execution")) continue;
    const own = phase === "award" ? 2 : rows.has(row) ? 1 : 0;
    weight.set(party, Math.max(weight.get(party) ?? 0, own));
  }
  const all = [...weight.keys()];
  const kept = new Set([...all].sort((a, b) => weight.get(b) - weight.get(a)).slice(0, MOST_LANES));
  const parties = all.filter((party) => kept.has(party));
  return { lanes: [manager ?? "", ...parties], shown: parties.length, more: all.length - parties.length };
}

// What a step says: the bid, the deadline, the outcome.
function wordsOf(side, act, round) {
  const said = side.golden.spans.attributes(act.row);
  if (act.phase === "announcement") {
    const until = said.get("delegation.deadline");
    return `${line(round.task, 40)}${until === undefined || until === null ? "" : `, until ${brief(until)}`}`;
  }
  if (act.phase === "bid") return said.has("delegation.bid") ? brief(said.get("delegation.bid")) : "";
  if (act.phase === "report") return line(act.outcome ?? "", 30);
  return "";
}
