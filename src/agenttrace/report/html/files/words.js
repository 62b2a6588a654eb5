// Times, tokens and money as a person reads them; text that cannot hide or turn around.

function duration(ns) {
  if (ns === 0) return "0";
  if (ns < 1e3) return `${ns} ns`;
  if (ns < 1e6) return `${three(ns / 1e3)} µs`;
  if (ns < 1e9) return `${three(ns / 1e6)} ms`;
  if (ns < 6e10) return `${three(ns / 1e9)} s`;
  const seconds = Math.round(ns / 1e9);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

function three(number) {
  if (number >= 100) return String(Math.round(number));
  return String(Number(number.toPrecision(3)));
}

function counted(count, one, many = `${one}s`) {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
}

function money(usd, digits = 3) {
  if (usd === null) return "not known";
  if (usd === 0) return "$0";
  if (Math.abs(usd) >= 1) return `$${usd.toFixed(2)}`;
  return `$${usd.toFixed(Math.min(12, digits - 1 - Math.floor(Math.log10(Math.abs(usd))))).replace(/0+$/, "")}`;
}

function signed(number, tell) {
  if (number === 0) return "±0";
  return `${number > 0 ? "+" : "−"}${tell(Math.abs(number))}`;
}

// Control and invisible characters, and those that turn the direction of text, are written out.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

function safe(text) {
  return text.replace(UNSEEN, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

// The same on one line.
function line(text, most = 200) {
  const short = text.length > most ? `${text.slice(0, most - 1)}…` : text;
  return safe(short.replace(/\r?\n|\r/g, "⏎").replace(/\t/g, " "));
}
