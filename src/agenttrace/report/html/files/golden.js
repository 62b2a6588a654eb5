// Reading a golden: its sections, its tables, its values. A cell is read when it is asked for.
//
// What a column is stored as stands in the document's `tables`, which Python made of the schema
// that writes goldens (docs/reference/golden-format.md).

const MAGIC_BYTES = 11;

class Pool {
  // Stored values; each is decoded once, at its first use.
  constructor() {
    this.blobs = [];
    this.blobOf = [];
    this.placeOf = [];
    this.known = new Map();
  }

  extend(bytes) {
    const reader = new Reader(bytes);
    while (reader.at < bytes.length) {
      this.blobOf.push(this.blobs.length);
      this.placeOf.push(reader.at);
      reader.skip();
    }
    this.blobs.push(bytes);
    return this;
  }

  get size() {
    return this.placeOf.length;
  }

  raw(index) {
    return new Reader(this.blobs[this.blobOf[index]], this.placeOf[index]).value();
  }

  value(index) {
    if (this.known.has(index)) return this.known.get(index);
    // A conversation begins like the one before it: follow the beginnings back, then come forward.
    const chain = [];
    let at = index;
    let found;
    for (;;) {
      if (this.known.has(at)) { found = this.known.get(at); break; }
      const raw = this.raw(at);
      chain.push([at, raw]);
      if (!begins(raw)) break;
      at = raw[0].index;
    }
    for (const [place, raw] of chain.reverse()) {
      found = begins(raw) ? found.concat(raw.slice(1).map((one) => this.open(one))) : this.open(raw);
      this.known.set(place, found);
    }
    return found;
  }

  // A value with everything that it refers to.
  open(value) {
    if (value instanceof Reference) return value.code === 1 ? this.value(value.index) : null;
    if (Array.isArray(value)) return value.map((one) => this.open(one));
    if (!(value instanceof Map)) return value;
    const made = new Map();
    for (const [key, one] of value) made.set(key, this.open(one));
    return made;
  }
}

function begins(raw) {
  return Array.isArray(raw) && raw[0] instanceof Reference && raw[0].code === 2;
}

class Pools {
  // What rows refer to: values, the keys of mappings, positions (by number: 0 none, 1 the run).
  constructor() {
    this.payload = new Pool();
    this.shapes = [[]];
    this.before = [0, 0];
    this.steps = [null, null];
  }

  extend(pools) {
    this.shapes.push(...pools.get("shapes"));
    const positions = pools.get("positions");
    if (positions.length) {
      const [before, kinds, names, occurrences] = positions;
      before.forEach((start, n) => {
        this.before.push(start);
        this.steps.push({ kind: kinds[n], name: names[n], occurrence: occurrences[n] });
      });
    }
    this.payload.extend(pools.get("values"));
  }

  path(position) {
    const steps = [];
    for (let at = position; at > 1; at = this.before[at]) steps.push(this.steps[at]);
    return steps.reverse();
  }

  text(position) {
    return this.path(position).map((it) => `${it.kind}:${it.name}#${it.occurrence}`).join("/") || "/";
  }

  label(position) {
    return this.path(position).map(shortStep).join("/") || "/";
  }
}

const LANE_KINDS = new Set(["task", "job", "thread", "process"]);

function shortStep({ kind, name, occurrence }) {
  const last = name.replace(/\.py$/, "").split(".").pop();
  if (kind === "agent") return occurrence ? `${last}#${occurrence}` : last;
  return `${LANE_KINDS.has(kind) ? "" : `${kind}:`}${last}#${occurrence}`;
}

// Give what reads one column, row by row.
function columnOf([kind, fallback], cells, pools) {
  if (cells === undefined) {
    if (kind === "map") return () => new Map();
    return () => (kind === "ids" ? null : fallback);
  }
  if (kind === "word") return (row) => cells[0][cells[1][row]];
  if (kind === "value") {
    return Object.assign((row) => pools.payload.open(cells[row]), { raw: (row) => cells[row] });
  }
  if (kind === "ids") {
    const ids = new Map(cells[0].map((row, n) => [row, hex(cells[1][n])]));
    return (row) => ids.get(row) ?? null;
  }
  if (kind === "map") {
    const ends = sums(cells[0].length, (row) => pools.shapes[cells[0][row]].length);
    const read = (row) => new Map(pools.shapes[cells[0][row]].map(
      (key, n) => [key, pools.payload.open(cells[1][ends[row] + n])],
    ));
    const raw = (row) => [...pools.shapes[cells[0][row]], cells[1].slice(ends[row], ends[row + 1])];
    return Object.assign(read, { raw });
  }
  return (row) => cells[row];
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Where the parts of each row begin, when row n has `count(n)` of them.
function sums(rows, count) {
  const starts = new Int32Array(rows + 1);
  for (let row = 0; row < rows; row += 1) starts[row + 1] = starts[row] + count(row);
  return starts;
}

class Table {
  // The rows of content, then those of what chance may cut short.
  constructor(columns, parts, pools) {
    const sizes = parts.map((part) => part?.get("rows") ?? 0);
    this.rows = sizes[0] + (sizes[1] ?? 0);
    for (const [name, told] of columns) {
      const readers = parts.map((part) => columnOf(told, part?.get(name), pools));
      const at = (what) => (row) => (row < sizes[0]
        ? readers[0][what]?.(row) : readers[1][what]?.(row - sizes[0]));
      this[name] = (row) => (row < sizes[0] ? readers[0](row) : readers[1](row - sizes[0]));
      this[name].raw = at("raw"); // as it is stored, references and all
    }
  }
}

class Golden {
  constructor(bytes, tables) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const start = MAGIC_BYTES + 8;
    const length = view.getUint32(MAGIC_BYTES);
    const header = new Reader(bytes.subarray(start, start + length)).value();
    const sections = new Map(header.get("sections").map(([name, offset, size]) => [
      name, new Reader(bytes.subarray(start + length + offset, start + length + offset + size)),
    ]));
    this.pools = new Pools();
    const parts = ["content", "ragged"].map((name) => {
      this.pools.extend(sections.get(name).value());
      return sections.get(name).value();
    });
    const [content, ragged] = parts;
    for (const name of ["spans", "answers", "chunks", "events", "links", "usages", "tokens",
      "lanes", "joins", "agents", "snapshots", "deliveries", "turns"]) {
      this[name] = new Table(tables.get(name), parts.map((part) => part.get(name)), this.pools);
    }
    for (const name of ["fates", "late_joins", "arrivals", "arrived"]) {
      this[name] = new Table(tables.get(name), [ragged.get(name)], this.pools);
    }
    this.head = new Table(tables.get("trace"), [content.get("trace")], this.pools);
    this.timing = sections.get("timing").value();
    this.sites = sections.get("sites").value();
    this.sure = { lanes: content.get("lanes")?.get("rows") ?? 0 };
    this.sure.answers = content.get("answers")?.get("rows") ?? 0;
    const of = (table, column) => sums(this[table].rows, (row) => this[table][column](row));
    this.starts = {
      answers: of("spans", "answers"), events: of("spans", "events"),
      links: of("spans", "links"), usages: of("spans", "usages"),
      chunks: of("answers", "chunks"), tokens: of("usages", "tokens"),
      joins: of("lanes", "joins"), arrived: of("arrivals", "arrived"),
    };
    this.cut = this.cutAnswers();
  }

  // Which arrival each answer of content has that chance cut off.
  cutAnswers() {
    const found = new Map();
    for (let row = 0; row < this.sure.answers; row += 1) {
      const end = this.answers.end(row);
      if (end === "cancelled" || end === "open") found.set(row, found.size);
    }
    return found;
  }

  range(table, row) {
    const starts = this.starts[table];
    return Array.from({ length: starts[row + 1] - starts[row] }, (_, n) => starts[row] + n);
  }

  answersOf(row) {
    return this.range("answers", row).map((at) => {
      const late = this.cut.get(at);
      const isLate = late !== undefined && late < this.arrivals.rows;
      return {
        head: isLate ? this.arrivals.head(late) : this.answers.head(at),
        chunks: isLate
          ? this.range("arrived", late).map((n) => this.arrived.data(n))
          : this.range("chunks", at).map((n) => this.chunks.data(n)),
        streamed: isLate ? this.arrivals.streamed(late) : this.answers.streamed(at),
        failure: this.answers.failure(at),
        end: this.answers.end(at),
        took: this.timing.get("answers")[1][at] - this.timing.get("answers")[0][at],
      };
    });
  }

  eventsOf(row) {
    const traces = this.sites.get("event_traces");
    return this.range("events", row).map((at) => {
      const attributes = this.events.attributes(at);
      const n = traces[0].indexOf(at);
      if (n >= 0) attributes.set("exception.stacktrace", traces[1][n]);
      return { name: this.events.name(at), seq: this.events.seq(at), attributes };
    });
  }

  usageOf(row) {
    return this.range("usages", row).map((at) => ({
      cost: this.usages.cost_usd(at),
      tool: this.usages.tool_cost_usd(at),
      spent: this.timing.get("spent")[at],
      models: this.range("tokens", at).map((n) => ({
        model: this.tokens.model(n), input: this.tokens.input(n), output: this.tokens.output(n),
        cacheRead: this.tokens.cache_read(n), cacheWrite: this.tokens.cache_write(n),
        reasoning: this.tokens.reasoning(n),
      })),
    }))[0] ?? null;
  }

  siteOf(row) {
    const [words, indices] = this.sites.get("spans");
    return words[indices[row]];
  }

  attributesOf(row) {
    const found = this.spans.attributes(row);
    const traces = this.sites.get("span_traces");
    const n = traces[0].indexOf(row);
    if (n >= 0) found.set("exception.stacktrace", traces[1][n]);
    return found;
  }

  laneEnd(row) {
    if (row >= this.sure.lanes || !this.lanes.ragged(row)) return this.lanes.end(row);
    let nth = 0;
    for (let before = 0; before < row; before += 1) nth += this.lanes.ragged(before) ? 1 : 0;
    return this.fates.end(nth);
  }
}
