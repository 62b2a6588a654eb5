// The Collective State Vector: what every agent knew and wanted when a span had ended.
//
// A cut is followed back as causal/past.py does it: through program order, spawns, joins, messages
// and links. Which states lie inside it, and which of them is an agent's latest, follows.

class Vectors {
  constructor(side) {
    this.side = side;
    const { golden, team } = side;
    const { lanes, spans, snapshots } = golden;
    this.lanes = new Map();
    this.joined = new Map();
    this.told = new Map();
    this.last = new Map();
    for (let row = 0; row < side.rows; row += 1) this.reach(spans.lane(row), endOf(spans, row));
    for (let at = 0; at < lanes.rows; at += 1) {
      const path = lanes.path(at);
      this.lanes.set(path, at);
      if (path > 1) this.reach(lanes.parent(at), lanes.spawn_seq(at));
      for (const join of golden.range("joins", at)) this.join(path, golden.joins.by(join), golden.joins.seq(join));
    }
    const { late_joins: late } = golden;
    for (let at = 0; at < late.rows; at += 1) this.join(lanes.path(late.lane(at)), late.by(at), late.seq(at));
    this.agents = new Map();
    for (let at = 0; at < snapshots.rows; at += 1) {
      this.reach(snapshots.lane(at), snapshots.seq(at));
      this.keep(snapshots.agent(at), snapshots.lane(at), at);
    }
    this.agents = new Map([...this.agents].sort(([a], [b]) => inOrder(a, b)).map(
      ([agent, kept]) => [agent, [...kept].sort(([a], [b]) => this.compare(a, b))]));
    const [texts, known] = team.knows;
    const wanted = new Set(texts);
    const numbers = new Map();
    for (const path of known.length ? [1, ...this.last.keys(), ...this.lanes.keys()] : []) {
      const text = golden.pools.text(path);
      if (wanted.has(text)) numbers.set(text, path);
    }
    const number = (n) => numbers.get(texts[n]) ?? 1;
    for (const [lane, seq, source, sent] of known) gather(this.told, number(lane), [seq, number(source), sent]);
    this.cuts = new Map();
  }

  reach(lane, step) {
    this.last.set(lane, Math.max(this.last.get(lane) ?? 0, step));
  }

  join(path, by, seq) {
    this.reach(by, seq);
    gather(this.joined, by, [seq, path]);
  }

  keep(agent, lane, at) {
    if (!this.agents.has(agent)) this.agents.set(agent, new Map());
    gather(this.agents.get(agent), lane, at);
  }

  // Lanes as Python sorts their paths: step by step, by kind, name and number.
  compare(a, b) {
    const { pools } = this.side.golden;
    const [first, second] = [pools.path(a), pools.path(b)];
    for (let n = 0; n < Math.min(first.length, second.length); n += 1) {
      const found = inOrder(first[n].kind, second[n].kind) || inOrder(first[n].name, second[n].name)
        || first[n].occurrence - second[n].occurrence;
      if (found) return found;
    }
    return first.length - second.length;
  }

  // By lane, the last step that belongs to the moment at which a span had ended.
  cutOf(row) {
    const { golden, parent } = this.side;
    const { spans, lanes } = golden;
    const lane = spans.lane(row);
    if (spans.kind(row) === "run" && parent[row] < 0) return this.cut([this.whole(lane)]);
    const end = endOf(spans, row);
    const inside = (this.joined.get(lane) ?? []).filter(([seq, path]) => {
      const at = this.lanes.get(path);
      return seq === end && lanes.spawn_seq(at) > spans.seq(row) && lanes.parent(at) === lane;
    });
    return this.cut([[lane, end], ...inside.map(([, path]) => this.whole(path))]);
  }

  cut(ahead) {
    const { lanes } = this.side.golden;
    const known = new Map();
    while (ahead.length) {
      const [lane, step] = ahead.pop();
      if (step <= (known.get(lane) ?? -1)) continue;
      known.set(lane, step);
      const at = this.lanes.get(lane);
      if (at !== undefined && lane > 1) ahead.push([lanes.parent(at), lanes.spawn_seq(at)]);
      for (const [seq, path] of this.joined.get(lane) ?? []) if (seq + 1 <= step) ahead.push(this.whole(path));
      for (const [seq, source, sent] of this.told.get(lane) ?? []) if (seq <= step) ahead.push([source, sent]);
    }
    return known;
  }

  // The end of a lane comes after its last step.
  whole(lane) {
    return [lane, (this.last.get(lane) ?? 0) + 1];
  }

  // By agent, a snapshot inside a cut that no other of its snapshots there comes after; of several
  // such, the later lane's.
  at(row) {
    const cut = this.cutOf(row);
    const found = new Map();
    for (const [agent, lanes] of this.agents) {
      const shots = lanes.map(([lane, kept]) => this.lastWithin(kept, cut.get(lane) ?? -1))
        .filter((shot) => shot >= 0).reverse();
      const latest = shots.find((shot) => !shots.some((other) => other !== shot && this.knows(other, shot)));
      if (shots.length) found.set(agent, latest ?? shots[0]); // a circle, which only foreign traces hold
    }
    return found;
  }

  lastWithin(kept, step) {
    const { snapshots } = this.side.golden;
    return kept[past(kept, Math.floor(step), (shot) => snapshots.seq(shot)) - 1] ?? -1;
  }

  // Whether the first of two snapshots was kept with the second one in its past.
  knows(first, second) {
    const { snapshots } = this.side.golden;
    if (!this.cuts.has(first)) {
      if (this.cuts.size >= MOST_CUTS) this.cuts.clear();
      this.cuts.set(first, this.cut([[snapshots.lane(first), snapshots.seq(first)]]));
    }
    return Math.floor(this.cuts.get(first).get(snapshots.lane(second)) ?? -1) >= snapshots.seq(second);
  }
}

const MOST_CUTS = 200; // pasts of snapshots that are remembered

const inOrder = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

const endOf = (spans, row) => Math.max(spans.seq(row), spans.end_seq(row));

// What counts of a state, by key, as assertions name them.
function stateOf(side, at) {
  const { snapshots } = side.golden;
  const known = new Map([["goal", snapshots.goal(at)], ["beliefs", snapshots.beliefs(at)],
    ["working_memory", snapshots.working_memory(at)], ["perceptions", snapshots.perceptions(at)],
    ["status", snapshots.status(at) || null]]);
  const more = [...snapshots.extra(at)].sort(([a], [b]) => inOrder(a, b)).map(
    ([key, value]) => [known.has(key) ? `extra.${key}` : key, value]);
  return new Map([...[...known].filter(([, value]) => value !== null), ...more]);
}

// The same one level deeper where a value is an object: what is compared, and marked, one by one.
function leavesOf(state) {
  const leaves = new Map();
  for (const [key, value] of state) {
    if (!isObject(value) || !value.size) leaves.set(key, value);
    else for (const [inner, one] of value) leaves.set(`${key}.${inner}`, one);
  }
  return leaves;
}

const isObject = (value) => value instanceof Map && !value.has("!");

const sameValue = (a, b) => a === b || pretty(a) === pretty(b);

// By key of their beliefs, what agents believe, where they do not all believe the same.
function conflictsOf(states) {
  const beliefs = new Map();
  for (const [agent, state] of states) {
    const held = state.get("beliefs");
    if (held === undefined) continue;
    for (const [key, value] of isObject(held) ? held : [["", held]]) {
      const leaf = key === "" && !isObject(held) ? "beliefs" : `beliefs.${key}`;
      gather(beliefs, leaf, [agent, value]);
    }
  }
  return new Map([...beliefs].filter(([, all]) => all.some(([, value]) => !sameValue(value, all[0][1]))));
}
