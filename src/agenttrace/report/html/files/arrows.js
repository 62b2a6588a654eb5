// Causes across the tree: links, messages and joins of a span, as a list and as arrows.

class Edges {
  constructor(side) {
    this.side = side;
    const { golden } = side;
    this.into = new Map();
    this.outof = new Map();
    this.lanes = this.byLane();
    for (let row = 0; row < side.rows; row += 1) {
      for (const at of golden.range("links", row)) {
        const from = golden.links.span(at);
        const other = golden.links.trace(at);
        const told = {
          sort: "link", word: golden.links.relationship(at), more: golden.links.attributes(at),
        };
        const place = other === null ? side.rowOf(from) : -1;
        if (place >= 0) this.add(place, row, told);
        else this.keep(this.into, row, { ...told, foreign: hex(from), of: other });
      }
    }
    for (let at = 0; at < golden.deliveries.rows; at += 1) this.addDelivery(at);
    for (let at = 0; at < golden.lanes.rows; at += 1) this.addJoins(at);
  }

  add(from, to, told) {
    if (from < 0 || to < 0 || from === to) return;
    this.keep(this.into, to, { ...told, row: from });
    this.keep(this.outof, from, { ...told, row: to });
  }

  keep(map, row, edge) {
    if (map.has(row)) map.get(row).push(edge);
    else map.set(row, [edge]);
  }

  byLane() {
    const lanes = new Map();
    const { spans } = this.side.golden;
    this.stands = new Map();
    for (let row = 0; row < this.side.rows; row += 1) {
      if (spans.position(row) > 1) this.stands.set(spans.position(row), row);
      if (spans.kind(row) === "run") continue;
      const lane = spans.lane(row);
      if (!lanes.has(lane)) lanes.set(lane, []);
      lanes.get(lane).push(row);
    }
    for (const rows of lanes.values()) rows.sort((a, b) => spans.seq(a) - spans.seq(b));
    return lanes;
  }

  // The last span of a lane up to a step, and the first after it; -1: there is none.
  around(lane, seq) {
    const rows = this.lanes.get(lane) ?? [];
    const { spans } = this.side.golden;
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (spans.seq(rows[middle]) <= seq) low = middle + 1;
      else high = middle;
    }
    return [rows[low - 1] ?? -1, rows[low] ?? -1];
  }

  laneOf(position) {
    const { before } = this.side.golden.pools;
    for (let at = before[position]; at > 1; at = before[at]) if (this.lanes.has(at)) return at;
    return 1;
  }

  addDelivery(at) {
    const { deliveries } = this.side.golden;
    const [message, receive] = [deliveries.message(at), deliveries.receive(at)];
    if (message === 0) return;
    const from = this.stands.get(message) ?? this.around(this.laneOf(message), deliveries.sent(at))[0];
    const to = this.stands.get(receive) ?? this.around(this.laneOf(receive), deliveries.seq(at))[1];
    this.add(from, to, { sort: "message", word: deliveries.channel(at) || "a message" });
  }

  addJoins(at) {
    const { golden } = this.side;
    const rows = this.lanes.get(golden.lanes.path(at)) ?? [];
    if (!rows.length) return;
    for (const join of golden.range("joins", at)) {
      const to = this.around(golden.joins.by(join), golden.joins.seq(join))[1];
      this.add(rows.at(-1), to, { sort: "join", word: golden.pools.label(golden.lanes.path(at)) });
    }
  }
}

function edgesOf(side) {
  side.edges ??= new Edges(side);
  return side.edges;
}

const MOST_ARROWS = 200;
const FAR = 3000; // how far beyond the edge an arrow is drawn that leads out of sight

// Draw the arrows of a row, and more, over the part of the list that is in sight.
function drawArrows(svg, rows, side, row, { left, width }, more) {
  svg.replaceChildren();
  if ((row < 0 && !more.length) || width < 60) return;
  const edges = row < 0 ? { into: new Map(), outof: new Map() } : edgesOf(side);
  const top = rows.element.scrollTop;
  const point = (one, time) => {
    const y = rows.middle(rows.tree.item.at(-1).get(one) ?? 0) - top;
    return [left + ((time - side.first) / side.whole) * width, Math.max(-FAR, Math.min(FAR, y))];
  };
  const all = [
    ...(edges.into.get(row) ?? []).map((edge) => ({ ...edge, from: edge.row, to: row })),
    ...(edges.outof.get(row) ?? []).map((edge) => ({ ...edge, from: row, to: edge.row })),
  ].filter((edge) => edge.row !== undefined);
  for (const { sort, from, to } of [...more, ...all].slice(0, MOST_ARROWS)) {
    const [x1, y1] = point(from, sort === "link" && side.begins[to] < side.ends[from]
      ? side.begins[from] : side.ends[from]);
    const [x2, y2] = point(to, side.begins[to]);
    const bow = Math.max(14, Math.abs(x2 - x1) / 2);
    const curve = `M${x1},${y1} C${x1 + bow},${y1} ${x2 - bow},${y2} ${x2 - 5},${y2}`;
    svg.append(draw("path", { class: `arrow a-${sort}`, d: curve }),
      draw("path", { class: "tip", d: `M${x2 - 7},${y2 - 4} L${x2 - 1},${y2} L${x2 - 7},${y2 + 4} Z` }));
  }
}
