// Reading msgpack, the form of the data block and of the goldens in it.
//
// A mapping becomes a Map, never an object: a key of a trace may be called `__proto__`.

class Reference {
  // One value that stands for a stored one (code 1), or for the beginning of a list (code 2).
  constructor(code, index) {
    this.code = code;
    this.index = index;
  }
}

const UTF8 = new TextDecoder();
const SHORT = 24; // up to this length, joining ASCII by hand is faster than a decoder

class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
  }

  value() {
    const head = this.bytes[this.at++];
    if (head < 0x80) return head;
    if (head < 0x90) return this.map(head & 0x0f);
    if (head < 0xa0) return this.list(head & 0x0f);
    if (head < 0xc0) return this.text(head & 0x1f);
    if (head >= 0xe0) return head - 0x100;
    switch (head) {
      case 0xc0: return null;
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xc4: return this.part(this.unsigned(1));
      case 0xc5: return this.part(this.unsigned(2));
      case 0xc6: return this.part(this.unsigned(4));
      case 0xc7: return this.extension(this.unsigned(1));
      case 0xc8: return this.extension(this.unsigned(2));
      case 0xc9: return this.extension(this.unsigned(4));
      case 0xca: return this.view.getFloat32(this.skipped(4));
      case 0xcb: return this.view.getFloat64(this.skipped(8));
      case 0xcc: return this.unsigned(1);
      case 0xcd: return this.unsigned(2);
      case 0xce: return this.unsigned(4);
      case 0xcf: return exact(this.view.getBigUint64(this.skipped(8)));
      case 0xd0: return this.view.getInt8(this.skipped(1));
      case 0xd1: return this.view.getInt16(this.skipped(2));
      case 0xd2: return this.view.getInt32(this.skipped(4));
      case 0xd3: return exact(this.view.getBigInt64(this.skipped(8)));
      case 0xd4: case 0xd5: case 0xd6: case 0xd7: case 0xd8:
        return this.extension(1 << (head - 0xd4));
      case 0xd9: return this.text(this.unsigned(1));
      case 0xda: return this.text(this.unsigned(2));
      case 0xdb: return this.text(this.unsigned(4));
      case 0xdc: return this.list(this.unsigned(2));
      case 0xdd: return this.list(this.unsigned(4));
      case 0xde: return this.map(this.unsigned(2));
      case 0xdf: return this.map(this.unsigned(4));
      default: throw new Error(`no msgpack at byte ${this.at - 1}`);
    }
  }

  // Step over one value without making it.
  skip() {
    for (let left = 1; left > 0; left -= 1) {
      const head = this.bytes[this.at++];
      let over = 0;
      if (head < 0x80 || head >= 0xe0 || (head >= 0xc0 && head <= 0xc3)) continue;
      if (head < 0x90) left += 2 * (head & 0x0f);
      else if (head < 0xa0) left += head & 0x0f;
      else if (head < 0xc0) over = head & 0x1f;
      else if (head <= 0xc6) over = this.unsigned(1 << (head - 0xc4));
      else if (head <= 0xc9) over = 1 + this.unsigned(1 << (head - 0xc7));
      else if (head <= 0xcb) over = 4 << (head - 0xca);
      else if (head <= 0xcf) over = 1 << (head - 0xcc);
      else if (head <= 0xd3) over = 1 << (head - 0xd0);
      else if (head <= 0xd8) over = 1 + (1 << (head - 0xd4));
      else if (head <= 0xdb) over = this.unsigned(1 << (head - 0xd9));
      else if (head <= 0xdd) left += this.unsigned(2 << (head - 0xdc));
      else left += 2 * this.unsigned(2 << (head - 0xde));
      this.at += over;
    }
  }

  skipped(size) {
    const at = this.at;
    this.at += size;
    return at;
  }

  unsigned(size) {
    const at = this.skipped(size);
    if (size === 1) return this.bytes[at];
    return size === 2 ? this.view.getUint16(at) : this.view.getUint32(at);
  }

  part(size) {
    const at = this.skipped(size);
    return this.bytes.subarray(at, at + size);
  }

  text(size) {
    const at = this.skipped(size);
    if (size <= SHORT) {
      let made = "";
      let byte = 0;
      let here = at;
      for (; here < at + size && (byte = this.bytes[here]) < 0x80; here += 1) {
        made += String.fromCharCode(byte);
      }
      if (here === at + size) return made;
    }
    return UTF8.decode(this.bytes.subarray(at, at + size));
  }

  list(size) {
    const made = new Array(size);
    for (let n = 0; n < size; n += 1) made[n] = this.value();
    return made;
  }

  map(size) {
    const made = new Map();
    for (let n = 0; n < size; n += 1) {
      const key = this.value();
      made.set(key, this.value());
    }
    return made;
  }

  extension(size) {
    const code = this.view.getInt8(this.skipped(1));
    return new Reference(code, this.part(size).reduce((sum, byte) => sum * 256 + byte, 0));
  }
}

// A whole number of 64 bits: a number where it fits into one exactly.
function exact(big) {
  const number = Number(big);
  return Number.isSafeInteger(number) ? number : big;
}
