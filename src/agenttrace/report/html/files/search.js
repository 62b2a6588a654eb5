// Search: in names first, at once; then in everything that was asked, answered and known.

const SLICE = 10; // milliseconds of work before the page may breathe

class Search {
  // `found(rows, done)` is told the rows of each side that match, in the order of the run's tree.
  constructor(sides, found) {
    Object.assign(this, { sides, found, turn: 0 });
  }

  async look(words) {
    this.turn += 1;
    const { turn } = this;
    const wanted = words.trim().toLowerCase();
    const hits = this.sides.map(() => new Set());
    if (!wanted) {
      this.found(hits, true);
      return;
    }
    for (const work of [inNames, inPayloads]) {
      for (const [n, side] of this.sides.entries()) {
        let until = performance.now() + SLICE;
        for (const row of work(side, wanted)) {
          if (row >= 0) hits[n].add(row);
          if (performance.now() < until) continue;
          await new Promise((go) => { setTimeout(go); });
          if (turn !== this.turn) return;
          until = performance.now() + SLICE;
        }
      }
      this.found(hits, work === inPayloads);
    }
  }
}

function* inNames(side, wanted) {
  const { spans } = side.golden;
  for (let row = 0; row < side.rows; row += 1) {
    const words = `${spans.name(row)}\n${spans.kind(row)}\n${spans.agent(row) ?? ""}\n${
      spans.operation(row)}\n${spans.status_code(row)}\n${side.golden.siteOf(row) ?? ""}`;
    yield words.toLowerCase().includes(wanted) ? row : -1;
  }
}

// What is stored once is looked through once; what refers to it is known by that.
function* inPayloads(side, wanted) {
  const { golden } = side;
  const pool = golden.pools.payload;
  const hot = new Uint8Array(pool.size);
  const holds = (raw) => {
    if (typeof raw === "string") return raw.toLowerCase().includes(wanted);
    if (raw instanceof Reference) return hot[raw.index] === 1;
    if (raw instanceof Uint8Array) return UTF8.decode(raw).toLowerCase().includes(wanted);
    if (Array.isArray(raw)) return raw.some(holds);
    if (raw instanceof Map) return [...raw].some(([key, one]) => holds(key) || holds(one));
    return raw !== null && raw !== undefined && String(raw) === wanted;
  };
  for (let index = 0; index < pool.size; index += 1) {
    hot[index] = holds(pool.raw(index)) ? 1 : 0;
    yield -1;
  }
  const { spans, answers, chunks, events } = golden;
  for (let row = 0; row < side.rows; row += 1) {
    const isHit = holds(spans.question.raw(row)) || holds(spans.attributes.raw(row))
      || holds(spans.status_message.raw(row))
      || golden.range("answers", row).some((at) => holds(answers.failure.raw(at))
        || golden.range("chunks", at).some((n) => holds(chunks.data.raw(n))))
      || golden.range("events", row).some((at) => holds(events.attributes.raw(at)));
    yield isHit ? row : -1;
  }
}
