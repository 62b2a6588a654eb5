// Reach: of one span, what had ended when it began, and what began when it had ended.
//
// The moments of a trace and what comes right before each, as `causal/moments.py` has them. A moment
// is a number: first the ends of the spans, by row, then the steps of the lanes, then messages.

class Reach {
  constructor(side) {
    const { golden } = side;
    Object.assign(this, { side, golden, rows: side.rows, from: [], to: [] });
    this.hasLanes = golden.lanes.rows > 0;
    this.place();
    this.joins = this.lanesAndJoins();
    this.messages = this.hasLanes ? this.queued() : [];
    this.chain();
    this.connect();
    [this.into, this.outof] = [waysOf(this.to, this.from, this.size), waysOf(this.from, this.to, this.size)];
  }

  // Where each span begins and the last step before it ends; in a trace without lanes, by its times.
  place() {
    const { spans, timing } = this.golden;
    const [begins, ends] = timing.get("spans");
    this.lane = new Int32Array(this.rows);
    this.at = new Float64Array(this.rows);
    this.end = new Float64Array(this.rows);
    for (let row = 0; row < this.rows; row += 1) {
      this.lane[row] = this.hasLanes ? spans.lane(row) : 1;
      this.at[row] = this.hasLanes ? spans.seq(row) : begins[row];
      const isRun = spans.kind(row) === "run" && this.side.parent[row] < 0; // it lasts as long as its lane
      this.end[row] = !this.hasLanes ? ends[row] : isRun ? Infinity : Math.max(spans.seq(row), spans.end_seq(row));
    }
    for (let row = 0; row < this.rows && !this.hasLanes; row += 1) {
      for (let at = this.side.parent[row]; at >= 0 && this.end[at] < ends[row]; at = this.side.parent[at]) {
        this.end[at] = ends[row];
      }
    }
  }

  // [lane that ended, lane that was told, its last step before]
  lanesAndJoins() {
    const { golden } = this;
    const found = [];
    for (let at = 0; at < golden.lanes.rows; at += 1) {
      for (const n of golden.range("joins", at)) {
        found.push([golden.lanes.path(at), golden.joins.by(n), golden.joins.seq(n)]);
      }
    }
    for (let n = 0; n < golden.late_joins.rows; n += 1) {
      found.push([golden.lanes.path(golden.late_joins.lane(n)), golden.late_joins.by(n), golden.late_joins.seq(n)]);
    }
    return found;
  }

  // The messages that queues carried: [sender, sent, receiver, known, message], as `causal/delivery/edges.py`.
  queued() {
    const { deliveries, lanes, pools, turns } = this.golden;
    const paths = new Set(Array.from({ length: lanes.rows }, (_, at) => lanes.path(at)));
    const starts = sums(deliveries.rows, (row) => deliveries.turns(row));
    const isQueues = (row) => pools.steps[deliveries.receive(row)]?.kind === "receive";
    const laneOf = (position) => {
      let at = pools.before[position];
      while (at > 1 && !paths.has(at)) at = pools.before[at];
      return at > 1 ? at : 1;
    };
    const received = new Map();
    for (let row = 0; row < deliveries.rows; row += 1) {
      if (!isQueues(row) || deliveries.turns(row)) continue;
      const receive = deliveries.receive(row);
      gather(received, pools.before[receive], pools.steps[receive].occurrence);
    }
    for (const all of received.values()) all.sort((a, b) => a - b);
    const part = (lane, heard) => {
      const all = received.get(lane) ?? [];
      return past(all, heard - 1) / (all.length + 1);
    };
    const found = [];
    for (let row = 0; row < deliveries.rows; row += 1) {
      const [message, receive] = [deliveries.message(row), deliveries.receive(row)];
      if (message === 0 || !isQueues(row)) continue;
      const sender = laneOf(message);
      const sent = deliveries.sent(row) + part(sender, deliveries.heard(row));
      const receiver = pools.before[receive];
      if (deliveries.turns(row)) {
        const names = Array.from({ length: deliveries.turns(row) },
          (_, n) => pools.text(turns.message(starts[row] + n)));
        found.push([sender, sent, this.turnAt(receiver, names.sort().join(", ")), 0, message]);
      } else {
        const known = deliveries.seq(row) + part(receiver, pools.steps[receive].occurrence + 1);
        found.push([sender, sent, receiver, known, message]);
      }
    }
    return found;
  }

  // The lane of a turn; a long name ends in a digest, and is known by its beginning.
  turnAt(worker, name) {
    const { pools } = this.golden;
    if (this.turns === undefined) {
      this.turns = new Map();
      pools.steps.forEach((step, at) => {
        if (step?.kind === "turn") this.turns.set(`${pools.before[pools.before[at]]} ${step.name.slice(0, 83)}`, at);
      });
    }
    return this.turns.get(`${pools.before[worker]} ${name.slice(0, 83)}`) ?? -1;
  }

  // The steps of each lane that matter, in order, and the number of the first.
  chain() {
    const steps = new Map();
    const add = (lane, ...all) => {
      if (!steps.has(lane)) steps.set(lane, new Set());
      for (const one of all) steps.get(lane).add(one);
    };
    const { lanes, snapshots } = this.golden;
    for (let row = 0; row < this.rows; row += 1) {
      add(this.lane[row], this.at[row]);
      if (this.hasLanes) add(this.lane[row], this.end[row]);
    }
    for (let at = 0; at < lanes.rows; at += 1) {
      add(lanes.path(at), 0, Infinity);
      if (lanes.path(at) !== 1) add(lanes.parent(at), lanes.spawn_seq(at));
    }
    for (let at = 0; at < snapshots.rows && this.hasLanes; at += 1) {
      if (steps.has(snapshots.lane(at))) add(snapshots.lane(at), snapshots.seq(at));
    }
    for (const [sender, sent, receiver, known] of this.messages) {
      if (steps.has(sender)) add(sender, Math.floor(sent));
      if (steps.has(receiver)) add(receiver, known);
    }
    this.size = this.rows;
    this.chains = new Map();
    this.steps = [];
    for (const [lane, all] of steps) {
      const sorted = Float64Array.from(all).sort();
      this.chains.set(lane, { first: this.size, sorted });
      for (const step of sorted) this.steps.push([lane, step]);
      this.size += sorted.length;
    }
  }

  // The moment of a lane at a step, or the last one before it.
  moment(lane, step) {
    const { first, sorted } = this.chains.get(lane);
    return first + past(sorted, step) - 1;
  }

  follow(from, to) {
    this.from.push(from);
    this.to.push(to);
  }

  // Put a moment before every later step of a lane; a message at this one may have gone before.
  precede(moment, lane, step) {
    const chain = this.chains.get(lane);
    if (chain === undefined) return;
    let place = past(chain.sorted, step);
    while (this.hasLanes && chain.sorted[place] < step + 1) place += 1;
    if (place < chain.sorted.length) this.follow(moment, chain.first + place);
  }

  connect() {
    const { lanes } = this.golden;
    for (const { first, sorted } of this.chains.values()) {
      for (let n = 1; n < sorted.length; n += 1) this.follow(first + n - 1, first + n);
    }
    for (let row = 0; row < this.rows; row += 1) {
      this.follow(this.moment(this.lane[row], this.end[row]), row);
      this.precede(row, this.lane[row], this.end[row]);
    }
    for (let at = 0; at < lanes.rows; at += 1) {
      const path = lanes.path(at);
      if (path !== 1) this.follow(this.moment(lanes.parent(at), lanes.spawn_seq(at)), this.chains.get(path).first);
    }
    for (const [path, by, seq] of this.joins) this.precede(this.moment(path, Infinity), by, seq);
    this.connectSpans();
    this.connectMessages();
  }

  connectSpans() {
    const { golden, side } = this;
    const { spans, links, deliveries } = golden;
    const stands = new Map();
    for (let row = 0; row < this.rows; row += 1) {
      if (spans.position(row) > 1) stands.set(spans.position(row), row);
      const began = this.moment(this.lane[row], this.at[row]);
      for (const at of golden.range("links", row)) {
        const cause = links.trace(at) === null ? side.rowOf(links.span(at)) : -1;
        if (cause >= 0 && !this.isAround(cause, row)) this.follow(cause, began);
      }
      const parent = side.parent[row];
      if (parent < 0) continue;
      const around = this.moment(this.lane[parent], this.at[parent]);
      if (around !== began) this.follow(around, began);
      if (this.lane[parent] === this.lane[row] && this.end[row] <= this.end[parent]) this.follow(row, parent);
    }
    for (let at = 0; at < deliveries.rows; at += 1) {
      const [sent, received] = [stands.get(deliveries.message(at)), stands.get(deliveries.receive(at))];
      if (sent !== undefined && received !== undefined) {
        this.follow(sent, this.moment(this.lane[received], this.at[received]));
      }
    }
  }

  isAround(outer, row) {
    for (let at = row; at >= 0; at = this.side.parent[at]) if (at === outer) return true;
    return false;
  }

  // What a sender knew: its last step, and what had ended since, if the message was not sent inside it.
  connectMessages() {
    if (!this.messages.length) return;
    const { spans } = this.golden;
    const ended = new Map(this.messages.map(([sender, sent]) => [`${sender} ${Math.floor(sent)}`, []]));
    for (let row = 0; row < this.rows; row += 1) ended.get(`${this.lane[row]} ${this.end[row]}`)?.push(row);
    for (const [sender, sent, receiver, known, text] of this.messages) {
      if (!this.chains.has(sender) || !this.chains.has(receiver)) continue;
      const message = this.size;
      this.size += 1;
      this.follow(this.moment(sender, sent), message);
      for (const row of ended.get(`${sender} ${Math.floor(sent)}`)) {
        if (!this.standsIn(text, spans.position(row))) this.follow(row, message);
      }
      this.follow(message, this.moment(receiver, known));
    }
  }

  // Whether a position begins with another one; 1 is the run's own, at which nothing else stands.
  standsIn(position, outer) {
    const { before } = this.golden.pools;
    for (let at = position; at > 1; at = before[at]) if (at === outer) return true;
    return false;
  }

  // Both sides of a span: whether a span, and a state at a step of a lane, is before it or after it.
  of(row) {
    const [earlier, known] = this.walked(this.into, this.moment(this.lane[row], this.at[row]), Math.max);
    const [later, knows] = this.walked(this.outof, row, Math.min);
    known.set(this.lane[row], Math.max(known.get(this.lane[row]) ?? -1, this.at[row]));
    knows.set(this.lane[row], Math.min(knows.get(this.lane[row]) ?? Infinity, this.end[row] + 0.5));
    return {
      earlier: (one) => one !== row && earlier[one] === 1,
      later: (one) => one !== row && later[this.moment(this.lane[one], this.at[one])] === 1,
      knew: (lane, seq) => seq <= (known.get(lane) ?? -1),
      told: (lane, seq) => seq >= (knows.get(lane) ?? Infinity),
    };
  }

  walked({ starts, ends }, start, nearest) {
    const found = new Uint8Array(this.size);
    const steps = new Map();
    const ahead = [start];
    while (ahead.length) {
      const at = ahead.pop();
      for (let n = starts[at]; n < starts[at + 1]; n += 1) {
        const one = ends[n];
        if (found[one]) continue;
        found[one] = 1;
        ahead.push(one);
        const step = this.steps[one - this.rows];
        if (step !== undefined) steps.set(step[0], steps.has(step[0]) ? nearest(steps.get(step[0]), step[1]) : step[1]);
      }
    }
    return [found, steps];
  }
}

function gather(map, key, one) {
  if (map.has(key)) map.get(key).push(one);
  else map.set(key, [one]);
}

// How many of some things, sorted by a number of theirs, are not above one.
function past(sorted, most, of = (one) => one) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (of(sorted[middle]) <= most) low = middle + 1;
    else high = middle;
  }
  return low;
}

// By moment, those that edges lead to from it.
function waysOf(from, to, size) {
  const starts = new Int32Array(size + 1);
  for (const one of from) starts[one + 1] += 1;
  for (let n = 0; n < size; n += 1) starts[n + 1] += starts[n];
  const next = starts.slice();
  const ends = new Int32Array(from.length);
  from.forEach((one, n) => { ends[next[one]] = to[n]; next[one] += 1; });
  return { starts, ends };
}
