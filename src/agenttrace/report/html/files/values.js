// Values as elements: what is long is shown in part, and more of it when it is asked for.

const SOON = 4000; // characters that are shown at once
const MORE = 200000; // and each time that more is asked for
const HEAD = 256; // bytes of binary data that are shown

const VALUES = new WeakMap(); // what an element shows, as it is

function valued(element, value) {
  VALUES.set(element, value);
  return element;
}

function textBlock(text, kind = "text", value = text) {
  const block = valued(make("pre", { class: kind }), value);
  let shown = 0;
  const add = (count) => {
    // never between the halves of a character
    let end = Math.min(text.length, shown + count);
    if (end < text.length && /[\ud800-\udbff]/.test(text[end - 1])) end -= 1;
    block.append(safe(text.slice(shown, end)));
    shown = end;
  };
  add(text.length > SOON * 1.5 ? SOON : text.length);
  if (shown === text.length) return block;
  const left = () => `show ${grouped(Math.min(MORE, text.length - shown))} more of ${
    grouped(text.length - shown)} characters`;
  const more = button(left(), () => {
    add(MORE);
    if (shown < text.length) more.textContent = left();
    else more.remove();
  }, { class: "more" });
  return make("div", {}, block, more);
}

function bytesBlock(bytes) {
  const lines = [];
  for (let at = 0; at < Math.min(bytes.length, HEAD); at += 16) {
    const part = bytes.subarray(at, at + 16);
    const letters = Array.from(part, (b) => (b > 31 && b < 127 ? String.fromCharCode(b) : "·"));
    lines.push(`${at.toString(16).padStart(4, "0")}  ${
      hex(part).replace(/../g, "$& ").padEnd(48)} ${letters.join("")}`);
  }
  const told = bytes.length > HEAD ? `, the first ${HEAD} shown` : "";
  return make("div", {}, make("p", { class: "aside", text: `${counted(bytes.length, "byte")}${told}` }),
    make("pre", { class: "bytes", text: lines.join("\n") }));
}

// Bytes that the world said: text where they are text.
function saidBlock(bytes) {
  if (!bytes.length) return make("p", { class: "aside", text: "empty" });
  const text = textOf(bytes);
  return text === null ? bytesBlock(bytes) : valueBlock(text);
}

function valueBlock(value) {
  if (value instanceof Uint8Array) return bytesBlock(value);
  if (typeof value === "string") {
    const inner = opened(value);
    return inner === value ? textBlock(value) : valueBlock(inner);
  }
  if (value instanceof Map && value.size && value.size <= 200 && !value.has("!")) {
    const list = make("dl", { class: "pairs" });
    for (const [key, one] of value) {
      const short = shortValue(one);
      list.append(make("dt", { text: line(String(key), 120) }), short === null
        ? make("dd", { class: "long" }, inlineBlock(one)) : make("dd", {}, valued(make("code", { text: short }), one)));
    }
    return list;
  }
  return textBlock(pretty(value), "value", value);
}

const SHORT_VALUE = 60;

// What fits beside its name; null: it needs room of its own.
function shortValue(value) {
  if (typeof value === "string") {
    const fits = value.length <= SHORT_VALUE && !value.includes("\n") && opened(value) === value;
    return fits ? safe(value) || "(empty)" : null;
  }
  if (value instanceof Uint8Array) return null;
  const text = pretty(value, SHORT_VALUE);
  return text.length <= SHORT_VALUE && !text.includes("\n") ? text : null;
}

// A value inside a list of pairs that is too long for one line.
function inlineBlock(value) {
  if (value instanceof Uint8Array) return bytesBlock(value);
  if (typeof value === "string") {
    const inner = opened(value);
    return inner === value ? textBlock(value) : textBlock(pretty(inner), "value", inner);
  }
  return textBlock(pretty(value), "value", value);
}

// Write a value as JSON would, with bytes and types in brackets; at most so many characters.
function pretty(value, most = 2e6) {
  const parts = [];
  let room = most;
  const put = (text) => { parts.push(text); room -= text.length; };
  const write = (one, indent) => {
    if (room < 0) return;
    if (one === null || one === undefined) put("null");
    else if (one === NOTHING) put("(nothing)");
    else if (typeof one === "string") put(JSON.stringify(one));
    else if (one instanceof Uint8Array) put(`<${counted(one.length, "byte")}>`);
    else if (Array.isArray(one) || one instanceof Map) writeAll(one, indent);
    else put(String(one));
  };
  const writeAll = (all, indent) => {
    const isMap = all instanceof Map;
    if (isMap && all.has("!")) put(`<${String(all.get("!"))}> `);
    const entries = isMap ? [...all].filter(([key]) => key !== "!") : all;
    if (!entries.length) { put(isMap ? "{}" : "[]"); return; }
    const flat = !isMap && entries.length <= 8
      && entries.every((it) => typeof it === "number" || typeof it === "boolean");
    put(isMap ? "{" : "[");
    entries.forEach((entry, n) => {
      if (room < 0) return;
      put(flat ? (n ? ", " : "") : `${n ? "," : ""}\n${indent}  `);
      if (isMap) put(`${JSON.stringify(String(entry[0]))}: `);
      write(isMap ? entry[1] : entry, `${indent}  `);
    });
    put(flat ? "]" : `\n${indent}${isMap ? "}" : "]"}`);
  };
  write(value, "");
  if (room < 0) parts.push("\n… cut: it is longer than the page shows");
  return parts.join("");
}
