// A team: who did what, how they led each other to something, and what kept the run from ending.

// Rows that were kept as steps from the one before.
function rowsOf(steps) {
  let row = -1;
  return steps.map((step) => (row += step));
}

// What is unpacked when it is first asked for; null: there is nothing.
function laterValue(bytes, made = (value) => value) {
  if (bytes === null) return null;
  let known;
  return () => (known ??= made(new Reader(bytes).value()));
}

class TeamOf {
  constructor(side, told) {
    this.side = side;
    this.channels = told.get("channels").map(
      ([source, target, kind, bytes, tokens, latency, effects, causes]) => ({
        source, target, kind, bytes, tokens, latency, effects: rowsOf(effects), causes: rowsOf(causes),
      }),
    );
    const [rows, took, on, drag] = told.get("path");
    this.used = told.get("used").map(([what, parts]) => [what, parts.map(
      ([name, models, tools, tokens, least, usd, toolUsd, why, rows]) => ({
        name, calls: rows.length, models, tools, tokens, least, usd, toolUsd, why, rows: rowsOf(rows),
      }),
    )]);
    this.knows = told.get("knows");
    this.waiting = laterValue(told.get("waiting"));
    this.failed = laterValue(told.get("failed"));
    this.placed = laterValue(told.get("placed"), (all) => all.map(
      ([task, kind, manager, outcome, award, whole, regret, acts, broken]) => ({
        task, kind, manager, outcome, award, whole, regret,
        acts: acts.map(([phase, party, row, said]) => ({ phase, party, row, outcome: said })),
        broken: broken.map(([rule, why, rows]) => ({ rule, why, rows })),
      }),
    ));
    this.path = { rows: rowsOf(rows), took, drag: new Map(on.map((row, n) => [row, drag[n]])) };
  }

  // By row, the agent that did it: its own, else that of the nearest span around it; null: nobody.
  get doers() {
    if (this.known === undefined) {
      const { side } = this;
      this.known = new Array(side.rows).fill(null);
      for (const row of side.order) {
        this.known[row] = side.golden.spans.agent(row)
          ?? (side.parent[row] < 0 ? null : this.known[side.parent[row]]);
      }
    }
    return this.known;
  }

  // By agent, the rows of what it did, in the order of reading; agents sorted by when they begin.
  get agents() {
    if (this.did === undefined) {
      this.did = new Map();
      for (const row of this.side.order) {
        const doer = this.doers[row];
        if (doer === null) continue;
        if (this.did.has(doer)) this.did.get(doer).push(row);
        else this.did.set(doer, [row]);
      }
    }
    return this.did;
  }

  // What an agent is, as it says itself: its type, its role, its name.
  get types() {
    if (this.said === undefined) {
      const { agents } = this.side.golden;
      this.said = new Map();
      for (let at = 0; at < agents.rows; at += 1) {
        this.said.set(agents.id(at), agents.type(at) || agents.role(at) || "");
      }
    }
    return this.said;
  }

  // By row on the critical path, the stretches of time in which the path is the row's own.
  get stretches() {
    if (this.held === undefined) {
      this.held = new Map();
      const { rows, took } = this.path;
      let at = rows.length ? this.beginOfPath() : 0;
      rows.forEach((row, n) => {
        const stretch = [at, at + took[n]];
        at += took[n];
        if (this.held.has(row)) this.held.get(row).push(stretch);
        else this.held.set(row, [stretch]);
      });
    }
    return this.held;
  }

  // A path lasts as long as its root, which holds the first and the last stretch inside itself.
  beginOfPath() {
    const whole = this.path.took.reduce((sum, it) => sum + it, 0);
    let row = this.path.rows[0];
    while (this.side.ends[row] - this.side.begins[row] < whole && this.side.parent[row] >= 0) {
      row = this.side.parent[row];
    }
    return this.side.begins[row];
  }
}
