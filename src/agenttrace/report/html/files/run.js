// A run on the page: one trace, or a golden and a run beside one another.

// Each is a call, also where nobody knows what was asked.
const CALLS = new Set(["llm", "tool", "retrieval"]);

class Side {
  constructor(told, tables) {
    this.label = told.get("label");
    this.golden = new Golden(told.get("golden"), tables);
    const { golden } = this;
    this.rows = golden.spans.rows;
    this.order = new Int32Array(this.rows);
    this.order.set(rowsOf(told.get("order")));
    this.place = new Int32Array(this.rows);
    this.order.forEach((row, place) => { this.place[row] = place; });
    const [ids, late] = told.get("late");
    this.late = new Map(ids.map((id, n) => [hex(id), late[n]]));
    this.nest();
    this.time();
    const said = told.get("said");
    this.said = new Map(said.get("rows").map((row, n) => [row, n]));
    this.saidCells = said;
    this.saidPool = new Pool().extend(said.get("values"));
    const [rows, costs] = told.get("costs");
    this.costs = new Map(rows.map((row, n) => [row, Number(costs[n])]));
    this.team = new TeamOf(this, told.get("team"));
    this.total();
  }

  // The row of a span that another names; what chance may cut short is named by its id.
  rowOf(named) {
    return named instanceof Uint8Array ? this.late.get(hex(named)) ?? -1 : named - 1;
  }

  // Parents, depths, and how many spans stand below each, in the order of reading.
  nest() {
    const { spans } = this.golden;
    this.parent = new Int32Array(this.rows).fill(-1);
    this.depth = new Int32Array(this.rows);
    this.size = new Int32Array(this.rows).fill(1);
    for (const row of this.order) {
      const above = this.rowOf(spans.parent(row));
      if (above >= 0) {
        this.parent[row] = above;
        this.depth[row] = this.depth[above] + 1;
      }
    }
    for (let place = this.rows - 1; place >= 0; place -= 1) {
      const row = this.order[place];
      if (this.parent[row] >= 0) this.size[this.parent[row]] += this.size[row];
    }
  }

  // When each span ran; of a trace without times, at which steps.
  time() {
    const { spans, timing } = this.golden;
    [this.begins, this.ends] = timing.get("spans");
    this.timed = this.begins.some((begin, row) => this.ends[row] > begin);
    if (!this.timed) {
      this.begins = Array.from({ length: this.rows }, (_, row) => spans.seq(row));
      this.ends = this.begins.map((seq, row) => Math.max(seq, spans.end_seq(row)) + 1);
    }
    this.first = this.begins.reduce((least, it) => Math.min(least, it), Infinity);
    this.last = this.ends.reduce((most, it) => Math.max(most, it), -Infinity);
    if (!this.rows) [this.first, this.last] = [0, 1];
    this.whole = Math.max(1, this.last - this.first);
  }

  total() {
    const { golden } = this;
    this.tokens = new Map();
    this.used = 0;
    this.calls = 0;
    this.unpriced = 0;
    this.failed = 0;
    for (let row = 0; row < this.rows; row += 1) {
      const kind = golden.spans.kind(row);
      if (golden.spans.digest(row).length || CALLS.has(kind)) this.calls += 1;
      if (this.isWrong(row)) this.failed += 1;
      if (kind !== "llm" || golden.starts.usages[row] === golden.starts.usages[row + 1]) continue;
      let used = 0;
      for (const at of golden.range("tokens", golden.starts.usages[row])) {
        used += golden.tokens.input(at) + golden.tokens.output(at);
      }
      this.tokens.set(row, used);
      this.used += used;
      if (!this.costs.has(row)) this.unpriced += 1;
    }
    this.cost = 0;
    for (const cost of this.costs.values()) this.cost += cost;
  }

  isWrong(row) {
    const code = this.golden.spans.status_code(row);
    return code !== "OK" && code !== "UNSET";
  }

  took(row) {
    const span = this.ends[row] - this.begins[row];
    return this.timed ? duration(span) : String(span);
  }

  costOf(row) {
    return this.costs.has(row) ? money(this.costs.get(row), 2) : "";
  }

  costTold() {
    if (!this.costs.size) return "";
    return this.unpriced ? `${money(this.cost)} and more` : money(this.cost);
  }

  // How a link to a span names it: its id where that is its own, else its causal position.
  nameOf(row) {
    const { spans, pools } = this.golden;
    return spans.id(row) ?? pools.text(spans.position(row));
  }

  rowNamed(name) {
    if (/^\d+$/.test(name) && Number(name) >= 1 && Number(name) <= this.rows) {
      return this.order[Number(name) - 1];
    }
    if (this.names === undefined) {
      this.names = new Map();
      for (let row = this.rows - 1; row >= 0; row -= 1) this.names.set(this.nameOf(row), row);
    }
    return this.names.get(name) ?? -1;
  }

  // What a model was asked, and what each attempt was answered; null: nobody understood it.
  request(row) {
    const n = this.said.get(row);
    return n === undefined ? null : this.saidPool.open(this.saidCells.get("requests")[n]);
  }

  responses(row) {
    const n = this.said.get(row);
    return n === undefined ? [] : this.saidPool.open(this.saidCells.get("answers")[n]);
  }

  // Where a value of a span came from, and went on to; `go` is awaited now and then.
  journey(row, value, go = () => {}) {
    return new Journey(this, followedText(value)).of(row, go);
  }
}

class Entry {
  // One run of the page; it is unpacked when it is looked at.
  constructor([title, outcome, data], tables) {
    Object.assign(this, { title, outcome, data, tables });
  }

  get run() {
    this.known ??= new Run(this, new Reader(this.data).value(), this.tables);
    return this.known;
  }
}

class Difference {
  // Its two sides are opened when they are shown.
  constructor(told, pool) {
    const { golden, run, ...rest } = Object.fromEntries(told);
    Object.assign(this, rest);
    this.sides = () => [pool.open(golden), pool.open(run)];
  }
}

class Run {
  constructor(entry, told, tables) {
    this.title = entry.title;
    this.outcome = entry.outcome;
    this.notes = told.get("notes");
    this.sides = told.get("traces").map((trace) => new Side(trace, tables));
    this.side = this.sides.at(-1);
    this.compared = this.sides.length === 2;
    const pool = new Pool().extend(told.get("values") ?? new Uint8Array());
    this.differences = (told.get("differences") ?? []).map((one) => new Difference(one, pool));
    this.causes = this.differences.filter((one) => !one.cause);
    this.tree = this.compared ? mergedTree(this.sides, told.get("partners")) : oneTree(this.side);
    this.differing = new Map();
    for (const one of this.differences) {
      const item = this.tree.itemOf(one.rows);
      one.item = item;
      if (item >= 0) this.differing.set(item, [...(this.differing.get(item) ?? []), one]);
    }
  }
}

class Tree {
  // What is shown row by row: for each item a row of each side (-1: none), its depth, its size.
  constructor(rows, depth, size) {
    Object.assign(this, { rows, depth, size, items: depth.length });
    this.item = rows.map((side) => {
      const items = new Map();
      side.forEach((row, item) => { if (row >= 0) items.set(row, item); });
      return items;
    });
  }

  itemOf(rows) {
    for (const side of [rows.length - 1, 0]) {
      const item = this.item[side]?.get(rows[side]);
      if (item !== undefined) return item;
    }
    return -1;
  }

  // The rows of both sides that stand on the line of one of them.
  pairOf(side, row) {
    const item = this.item[side].get(row);
    return this.rows.map((rows) => rows[item]);
  }
}

function oneTree(side) {
  const { order, depth, size } = side;
  return new Tree([order], order.map((row) => depth[row]), order.map((row) => size[row]));
}

// Two trees as one: what corresponds is one item; what only one side has stands where it stood.
function mergedTree(sides, partners) {
  const twin = new Int32Array(sides[0].rows).fill(-1);
  const back = new Int32Array(sides[1].rows).fill(-1);
  for (const [mine, its] of partners) [twin[mine], back[its]] = [its, mine];
  const [mine, its] = sides.map(childrenOf);
  const rows = [[], []];
  const depth = [];
  const waiting = [];
  const below = (left, right, level) => {
    const found = [];
    const ours = mine(left);
    const theirs = its(right);
    const here = new Set(theirs);
    let next = 0;
    for (const one of ours) {
      if (here.has(twin[one])) {
        while (next < theirs.length && theirs[next] !== twin[one]) {
          const other = theirs[next];
          if (back[other] >= 0 && mine.parent(back[other]) === left) break;
          found.push([-1, other, level]);
          next += 1;
        }
        if (theirs[next] === twin[one]) next += 1;
        found.push([one, twin[one], level]);
      } else found.push([one, -1, level]);
    }
    const placed = new Set(found.map((it) => it[1]));
    theirs.forEach((one) => { if (!placed.has(one)) found.push([-1, one, level]); });
    for (let n = found.length - 1; n >= 0; n -= 1) waiting.push(found[n]);
  };
  below(-1, -1, 0);
  while (waiting.length) {
    const [left, right, level] = waiting.pop();
    rows[0].push(left);
    rows[1].push(right);
    depth.push(level);
    below(left < 0 ? null : left, right < 0 ? null : right, level + 1);
  }
  return new Tree(rows.map((side) => Int32Array.from(side)), Int32Array.from(depth), sizesOf(depth));
}

// How many items stand below each, itself among them.
function sizesOf(depth) {
  const size = new Int32Array(depth.length).fill(1);
  const open = [];
  for (let item = 0; item <= depth.length; item += 1) {
    while (open.length && (item === depth.length || depth[open.at(-1)] >= depth[item])) {
      const done = open.pop();
      size[done] = item - done;
    }
    open.push(item);
  }
  return size;
}

// What asks for the spans right below one, in the order of reading; -1: those at the top.
function childrenOf(side) {
  const lists = new Map();
  for (const row of side.order) {
    const above = side.parent[row];
    if (!lists.has(above)) lists.set(above, []);
    lists.get(above).push(row);
  }
  const ask = (row) => (row === null ? [] : lists.get(row) ?? []);
  ask.parent = (row) => side.parent[row];
  return ask;
}
