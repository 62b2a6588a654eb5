// Where two values differ, place by place; texts that hold JSON are looked into.

const MOST_PLACES = 500;
const MOST_TOKENS = 500; // of each side: more are shown whole rather than compared word by word

function opened(value) {
  if (value instanceof Uint8Array) {
    const text = textOf(value);
    if (text !== null && !/[\u0000-\u0008\u000e-\u001f]/.test(text)) return opened(text);
    const packed = unpackedValue(value);
    return packed === NOTHING ? value : packed;
  }
  if (typeof value !== "string" || !/^\s{0,64}[[{]/.test(value) || value.length > 1e6) return value;
  try {
    return fromJson(JSON.parse(value));
  } catch {
    return value;
  }
}

function fromJson(value) {
  if (Array.isArray(value)) return value.map(fromJson);
  if (value === null || typeof value !== "object") return value;
  return new Map(Object.entries(value).map(([key, one]) => [key, fromJson(one)]));
}

const NOTHING = Symbol("nothing");

function textOf(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

// The value that bytes are the msgpack of; NOTHING where they are not.
function unpackedValue(bytes) {
  try {
    const reader = new Reader(bytes);
    const value = reader.value();
    return bytes.length && reader.at === bytes.length ? value : NOTHING;
  } catch {
    return NOTHING;
  }
}

// List the places at which two values differ: [{path, golden, run}].
function places(golden, run, path = "", found = []) {
  if (found.length >= MOST_PLACES) return found;
  const [left, right] = [opened(golden), opened(run)];
  if (left instanceof Map && right instanceof Map) {
    for (const key of new Set([...left.keys(), ...right.keys()])) {
      const step = path ? `${path}.${key}` : String(key);
      places(left.has(key) ? left.get(key) : NOTHING, right.has(key) ? right.get(key) : NOTHING,
        step, found);
    }
  } else if (Array.isArray(left) && Array.isArray(right)) {
    let head = 0;
    const shorter = Math.min(left.length, right.length);
    if (left.length !== right.length) {
      while (head < shorter && equal(left[head], right[head])) head += 1;
    }
    let tail = 0;
    if (left.length !== right.length) {
      while (tail < shorter - head && equal(left.at(-1 - tail), right.at(-1 - tail))) tail += 1;
    }
    for (let n = head; n < Math.max(left.length, right.length) - tail; n += 1) {
      places(n < left.length - tail ? left[n] : NOTHING, n < right.length - tail ? right[n] : NOTHING,
        `${path}[${n}]`, found);
    }
  } else if (!equal(left, right)) found.push({ path, golden: left, run: right });
  return found;
}

function equal(one, other) {
  if (one === other) return true;
  if (one instanceof Uint8Array && other instanceof Uint8Array) {
    return one.length === other.length && one.every((byte, n) => byte === other[n]);
  }
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((it, n) => equal(it, other[n]));
  }
  if (one instanceof Map && other instanceof Map) {
    return one.size === other.size
      && [...one].every(([key, it]) => other.has(key) && equal(it, other.get(key)));
  }
  return Number.isNaN(one) && Number.isNaN(other);
}

// Two texts as runs of what both have (0), only the first (-1), only the second (1).
function textRuns(left, right) {
  const [mine, its] = [left, right].map((text) => text.match(/\s+|[\p{L}\p{N}_]+|./gsu) ?? []);
  let head = 0;
  while (head < mine.length && head < its.length && mine[head] === its[head]) head += 1;
  let tail = 0;
  while (tail < mine.length - head && tail < its.length - head
    && mine.at(-1 - tail) === its.at(-1 - tail)) tail += 1;
  const between = [mine, its].map((tokens) => tokens.slice(head, tokens.length - tail));
  const middle = between.some((it) => it.length > MOST_TOKENS)
    ? [[-1, between[0].join("")], [1, between[1].join("")]] : longestCommon(...between);
  const runs = [[0, mine.slice(0, head).join("")], ...middle,
    [0, tail ? mine.slice(-tail).join("") : ""]];
  return runs.filter(([, text]) => text);
}

function longestCommon(mine, its) {
  const width = its.length + 1;
  const best = new Uint16Array((mine.length + 1) * width);
  for (let a = mine.length - 1; a >= 0; a -= 1) {
    for (let b = its.length - 1; b >= 0; b -= 1) {
      best[a * width + b] = mine[a] === its[b] ? best[(a + 1) * width + b + 1] + 1
        : Math.max(best[(a + 1) * width + b], best[a * width + b + 1]);
    }
  }
  const runs = [];
  const add = (sign, text) => {
    if (runs.at(-1)?.[0] === sign) runs.at(-1)[1] += text;
    else runs.push([sign, text]);
  };
  let [a, b] = [0, 0];
  while (a < mine.length || b < its.length) {
    if (a < mine.length && b < its.length && mine[a] === its[b]) [add(0, mine[a]), a += 1, b += 1];
    else if (b >= its.length || (a < mine.length && best[(a + 1) * width + b] >= best[a * width + b + 1])) {
      [add(-1, mine[a]), a += 1];
    } else [add(1, its[b]), b += 1];
  }
  return runs;
}
