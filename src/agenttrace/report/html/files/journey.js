// The journey of a value: where it came from, and where it went on to, as `analysis/journey.py` says.

const SHORTEST = 4;
const LONGEST = 20000; // of a longer text, the first
const MOST_STOPS = 100;
const MOST_GIVERS = 50;
const COMMON = new Set(["true", "false", "null", "none", "done", "error", "success", "failed"]);
const PACKED = new Set(["tool", "retrieval", "internal", "agent"]);
const WORDLESS = new Set(["type", "id", "name"]);
const [WHOLE, PART] = [1, 2]; // a leaf holds the text; a leaf is a part of it

function followedText(value) {
  if (typeof value === "string") return value.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
  if (typeof value !== "number" || !Number.isFinite(value) || Math.abs(value) >= 2 ** 53) return "";
  return Number.isInteger(value) ? String(value + 0) : Math.abs(value) >= 1e-4 ? String(value) : "";
}

function whyNot(text) {
  const size = /^-?[0-9]+(\.[0-9]+)?$/.test(text) ? text.replace(/[^0-9]/g, "").length
    : text.length < 2 * SHORTEST ? [...text].length : text.length;
  if (size < SHORTEST) return "too short";
  return COMMON.has(text.toLowerCase()) ? "too common" : "";
}

// Whether a text stands in another one, and neither of its ends is inside a word or number.
function standsIn(text, whole) {
  for (let at = whole.indexOf(text); at >= 0; at = whole.indexOf(text, at + 1)) {
    const end = at + text.length;
    const left = goesOn(text[0], whole[at - 1], whole[at - 2]);
    if (!left && !goesOn(text[text.length - 1], whole[end], whole[end + 1])) return true;
  }
  return false;
}

function goesOn(end, next, after) {
  if (next === ".") return /[0-9]/.test(end) && /[0-9]/.test(after ?? "");
  return next !== undefined && isOfWord(end) && isOfWord(next);
}

function isOfWord(sign) {
  return sign < "\u0530" && /[\p{L}\p{N}_]/u.test(sign);
}

// A text that says an object or a list in JSON is what it says.
function jsonIn(text) {
  if (text.length > 1e6 || !/^[ \t\r\n]{0,64}[[{]/.test(text)) return text;
  try {
    return fromJson(JSON.parse(text));
  } catch {
    return text;
  }
}

class Journey {
  // Follows one text through a side; `go` gives way to the page in between.
  constructor(side, text) {
    Object.assign(this, { side, text: text.slice(0, LONGEST), golden: side.golden, bits: new Map() });
    side.reach ??= new Reach(side);
  }

  async of(row, go) {
    const { side } = this;
    const found = { text: this.text, here: [], cameFrom: [], wentTo: [], leftOff: false, whyNot: whyNot(this.text) };
    if (found.whyNot) return found;
    this.hot = [];
    for (const pool of [this.golden.pools.payload, side.saidPool]) {
      const hot = new Uint8Array(pool.size);
      this.hot.push(hot);
      for (let index = 0; index < pool.size; index += 1) {
        hot[index] = this.bitsOf(pool.raw(index), hot);
        if (index % 64 === 0) await go();
      }
    }
    let givers = 0;
    for (let one = 0; one < side.rows; one += 1) {
      if (this.bitsOfAnswer(one) & WHOLE && this.holds(this.answered(one)) && (givers += 1) > MOST_GIVERS) {
        return { ...found, whyNot: "too common" };
      }
      if (one % 64 === 0) await go();
    }
    const reach = side.reach.of(row);
    for (const one of side.order) {
      await go();
      const [before, after] = [this.given(one, reach), this.taken(one, reach)];
      for (const [stops, where] of [[found.cameFrom, before], [found.wentTo, after]]) {
        if (where.length && stops.length < MOST_STOPS) stops.push({ row: one, where });
        else if (where.length) found.leftOff = true;
      }
      if (found.leftOff && found.cameFrom.length + found.wentTo.length >= 2 * MOST_STOPS) break;
    }
    found.here = this.whole(row);
    if (this.shots(row).some((at) => this.holds(this.state(at)))) found.here.push("state");
    return found;
  }

  // -- what is stored once is looked through once ---------------------------------------------
  bitsOf(raw, hot) {
    if (raw instanceof Reference) return hot[raw.index];
    if (raw instanceof Uint8Array) {
      const value = unpackedValue(raw);
      return this.bitsOf(UTF8.decode(raw), hot) | (value === NOTHING ? 0 : this.bitsOf(value, hot));
    }
    if (typeof raw === "string" || typeof raw === "number") {
      let bits = 0;
      for (const leaf of eachLeaf(raw)) bits |= this.bitsOfLeaf(leaf);
      return bits;
    }
    let bits = 0;
    if (Array.isArray(raw)) for (const one of raw) bits |= this.bitsOf(one, hot);
    else if (raw instanceof Map) for (const one of raw.values()) bits |= this.bitsOf(one, hot);
    return bits;
  }

  bitsOfLeaf(leaf) {
    if (standsIn(this.text, leaf)) return WHOLE | (leaf === this.text ? PART : 0);
    return leaf.length <= this.text.length && !whyNot(leaf) && standsIn(leaf, this.text) ? PART : 0;
  }

  bitsOfAnswer(row) {
    const { golden, side } = this;
    const n = side.said.get(row);
    let bits = n === undefined ? 0 : this.bitsOf(side.saidCells.get("answers")[n], this.hot[1]);
    for (const at of golden.range("answers", row)) {
      bits |= this.bitsOf(golden.answers.failure.raw(at), this.hot[0]);
      if (golden.cut.has(at)) bits |= WHOLE | PART;
      for (const chunk of golden.range("chunks", at)) bits |= this.bitsOf(golden.chunks.data.raw(chunk), this.hot[0]);
    }
    return bits;
  }

  bitsOfAsked(row) {
    const n = this.side.said.get(row);
    const own = this.bitsOf(this.golden.spans.question.raw(row), this.hot[0]);
    return n === undefined ? own : own | this.bitsOf(this.side.saidCells.get("requests")[n], this.hot[1]);
  }

  bitsOfSent(row) {
    return this.bitsOf(this.golden.spans.attributes.raw(row), this.hot[0]);
  }

  // -- what of a span holds the text, or is a part of it ---------------------------------------
  whole(row) {
    const found = [];
    if (this.bitsOfAnswer(row) & WHOLE && this.holds(this.answered(row))) found.push("answer");
    if (this.bitsOfSent(row) & WHOLE && this.holds(this.sent(row))) found.push("message");
    if (this.bitsOfAsked(row) & WHOLE && this.holds(this.asked(row))) found.push("question");
    return found;
  }

  given(row, reach) {
    const found = [];
    if (reach.earlier(row)) {
      if (this.bitsOfAnswer(row) && this.holds(this.answered(row), WHOLE | PART)) found.push("answer");
      if (this.bitsOfSent(row) && this.holds(this.sent(row), WHOLE | PART)) found.push("message");
    }
    const knew = (at) => (this.side.reach.hasLanes
      ? reach.knew(this.golden.snapshots.lane(at), this.golden.snapshots.seq(at)) : reach.earlier(row));
    if (this.shots(row).some((at) => knew(at) && this.holds(this.state(at), WHOLE | PART))) found.push("state");
    return found;
  }

  taken(row, reach) {
    const found = reach.later(row) ? this.whole(row).filter((it) => it !== "answer") : [];
    const told = (at) => (this.side.reach.hasLanes
      ? reach.told(this.golden.snapshots.lane(at), this.golden.snapshots.seq(at)) : reach.later(row));
    if (this.shots(row).some((at) => told(at) && this.holds(this.state(at)))) found.push("state");
    return found;
  }

  holds(values, wanted = WHOLE) {
    for (const value of values) {
      for (const leaf of eachLeaf(value)) if (this.bitsOfLeaf(leaf) & wanted) return true;
    }
    return false;
  }

  asked(row) {
    const request = this.side.request(row);
    const said = request === null ? [] : spokenIn(request.get("messages"));
    if (said.length) return said;
    const question = this.golden.spans.question(row);
    const isRequest = question instanceof Map && ["method", "path", "body"].every((it) => question.has(it));
    return [isRequest ? question.get("body") : question];
  }

  answered(row) {
    const answer = this.golden.answersOf(row).at(-1);
    if (answer === undefined) return [];
    const said = this.side.responses(row).at(-1) ?? null;
    const values = said !== null && said.get("messages").length ? spokenIn(said.get("messages"))
      : answer.chunks.map((bytes) => this.spoken(row, bytes));
    return answer.failure ? [...values, answer.failure.get("message")] : values;
  }

  spoken(row, bytes) {
    const value = PACKED.has(this.golden.spans.kind(row)) ? unpackedValue(bytes) : NOTHING;
    return value === NOTHING ? UTF8.decode(bytes) : value;
  }

  sent(row) {
    return [this.golden.spans.attributes(row).get("message.content") ?? null];
  }

  shots(row) {
    return shotsOf(this.side).get(row) ?? [];
  }

  state(at) {
    const { snapshots } = this.golden;
    return [snapshots.goal(at), snapshots.beliefs(at), snapshots.working_memory(at), snapshots.perceptions(at),
      ...snapshots.extra(at).values()];
  }
}

// The texts and numbers in a value, also those in JSON that stands in a text.
function* eachLeaf(value) {
  const ahead = [value];
  while (ahead.length) {
    const last = ahead.pop();
    const at = typeof last === "string" ? jsonIn(last) : last;
    if (at instanceof Uint8Array) continue;
    if (Array.isArray(at)) for (const one of at) ahead.push(one);
    else if (at instanceof Map) {
      for (const [key, one] of at) if (key !== "!") ahead.push(one);
    } else {
      const text = followedText(at);
      if (text) yield text;
    }
  }
}

function spokenIn(messages) {
  return messages.flatMap((message) => (message.get("parts") ?? [])).filter((part) => part instanceof Map)
    .map((part) => new Map([...part].filter(([key]) => !WORDLESS.has(key))));
}
