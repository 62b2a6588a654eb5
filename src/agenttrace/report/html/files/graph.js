// The interaction graph: who led whom to something; drawn, and beneath as a list with every number.

const MOST_NODES = 40; // more agents than this are drawn as groups
const MOST_LINES = 200; // of more, those that carry most are drawn
const MOST_LABELS = 24;

addView({
  id: "graph",
  label: "Agents",
  fits: (run) => run.side.team.channels.length > 0,
  open(page, run, host) {
    const { team } = run.side;
    const [lines, find] = linesOfTeam(team);
    const tree = treeOf(lines);
    const rows = new Rows(tree, columnsOfTeam(run.side, lines, () => rows), {
      label: "Agents, whom each leads to something, and each time",
      choose: (item) => page.chooseItem(item),
      painted: () => drawing.mark(rows.chosen < 0 ? null : lines[rows.chosen].agent),
    });
    rows.foldAll(true);
    for (let item = 0; item < tree.items; item += 1) {
      rows.folded[item] = tree.size[item] > 1 && (lines[item].depth === 1 || team.agents.size > MOST_NODES);
    }
    rows.unfold();
    const drawing = new Drawing(team, (agent) => page.chooseItem(find.agent(agent)));
    host.append(make("div", { class: "drawn" }, drawing.element, rows.element));
    return { ...followed(page, run, rows, lines, find.row), close: () => { rows.close(); drawing.close(); } };
  },
});

// A line an agent, below it one a channel, below that one each time; and what finds them.
function linesOfTeam(team) {
  const from = new Map();
  for (const one of team.channels) {
    if (from.has(one.source)) from.get(one.source).push(one);
    else from.set(one.source, [one]);
  }
  const lines = [];
  const agents = new Map();
  const effects = new Map();
  for (const [agent, did] of team.agents) {
    agents.set(agent, lines.length);
    lines.push({ depth: 0, row: did[0], agent, out: from.get(agent) ?? [] });
    for (const channel of from.get(agent) ?? []) {
      lines.push({ depth: 1, row: firstOf(channel), agent, channel });
      channel.effects.forEach((effect, n) => {
        const row = effect < 0 ? channel.causes[n] : effect;
        const isOnly = channel.effects.length === 1;
        if (!effects.has(row)) effects.set(row, lines.length - (isOnly ? 1 : 0));
        if (!isOnly) lines.push({ depth: 2, row, agent, channel, once: true });
      });
    }
  }
  const agent = (name) => agents.get(name) ?? -1;
  return [lines, { agent, row: (row) => effects.get(row) ?? agent(team.doers[row]) }];
}

const firstOf = ({ effects, causes }) => (effects[0] < 0 ? causes[0] : effects[0]);

function columnsOfTeam(side, lines, rows) {
  const sum = (one, what) => (one.out.length ? one.out.reduce(
    (all, it) => (all === null || it[what] === null ? null : all + it[what]), 0) : undefined);
  const filled = (what, tell) => (cell, item) => {
    const one = lines[item];
    const number = one.once ? undefined : one.channel ? one.channel[what] : sum(one, what);
    if (number !== undefined) known(cell, number, tell);
  };
  return [
    { id: "what", label: "agent, whom it leads, and to what", fill: (cell, item) => {
      const { agent, channel, once, row } = lines[item];
      if (once) lineCell(cell, rows(), item, ...spanWords(side, row));
      else if (channel) {
        lineCell(cell, rows(), item, make("span", { class: "name", text: `→ ${line(channel.target, 80)}` }),
          make("span", { class: "aside by", text: line(channel.kind, 40) }));
      } else {
        lineCell(cell, rows(), item, make("b", { class: "name", text: line(agent, 80) }),
          make("span", { class: "aside by", text: line(side.team.types.get(agent) ?? "", 40) }));
      }
    } },
    { id: "times", label: "times", fill: (cell, item) => {
      const { channel, once, out } = lines[item];
      if (!once) cell.textContent = grouped(channel ? channel.effects.length : timesOf(out));
    } },
    { id: "bytes", label: "bytes", fill: filled("bytes") },
    { id: "tokens", label: "tokens", fill: filled("tokens") },
    side.timed && { id: "took", label: "latency", fill: (cell, item) => {
      const { channel, once } = lines[item];
      if (channel && !once) known(cell, channel.latency, duration);
    } },
  ].filter(Boolean);
}

const timesOf = (channels) => channels.reduce((all, it) => all + it.effects.length, 0);

class Drawing {
  // Agents as buttons in layers, the led below those that lead; arrows lie behind them.
  constructor(team, choose) {
    this.groups = groupsOf(team);
    this.lines = linesBetween(team, this.groups.of);
    this.nodes = new Map();
    this.svg = draw("svg", { class: "ways", "aria-hidden": "true" });
    this.layers = make("div", { class: "layers" });
    for (const layer of layersOf(this.groups.members, this.lines)) {
      this.layers.append(make("div", { class: "layer" }, ...layer.map((name) => this.node(team, name, choose))));
    }
    const hidden = this.lines.length - MOST_LINES;
    this.element = make("div", { class: "graph", role: "group", "aria-label": "interaction graph" },
      make("div", { class: "paper" }, this.svg, this.layers),
      hidden > 0 ? make("p", { class: "aside", text: `${counted(hidden, "channel")} more in the list` }) : null);
    this.watch = new ResizeObserver(() => this.drawWays());
    this.watch.observe(this.element);
  }

  node(team, name, choose) {
    const members = this.groups.members.get(name);
    const told = members.length > 1 ? counted(members.length, "agent") : counted(team.agents.get(members[0]).length, "span");
    const node = make("button", { type: "button", class: "node", "aria-pressed": "false", on: { click: () => choose(members[0]) } },
      make("b", { text: line(name, 60) }), make("span", { class: "aside", text: told }));
    this.nodes.set(name, node);
    return node;
  }

  // Show whose line is chosen, and what leads from and to it.
  mark(agent) {
    const chosen = agent === null ? null : this.groups.of.get(agent);
    if (this.chosen === chosen) return;
    this.nodes.get(this.chosen)?.setAttribute("aria-pressed", "false");
    this.chosen = chosen;
    const node = this.nodes.get(chosen);
    node?.setAttribute("aria-pressed", "true");
    if (node) this.element.scrollTop = node.offsetTop - this.element.clientHeight / 2;
    this.drawWays();
  }

  drawWays() {
    const paper = this.layers.getBoundingClientRect();
    this.svg.setAttribute("width", this.layers.clientWidth);
    this.svg.setAttribute("height", this.layers.clientHeight);
    this.svg.replaceChildren();
    const labels = [];
    const boxes = [];
    const pairs = new Set(this.lines.map(({ source, target }) => `${target}\n${source}`));
    for (const way of this.lines.slice(0, MOST_LINES)) {
      const [from, to] = [way.source, way.target].map((name) => this.nodes.get(name).getBoundingClientRect());
      const isOn = [way.source, way.target].includes(this.chosen);
      const { curve, tip, spots } = wayOf(from, to, paper, pairs.has(`${way.source}\n${way.target}`));
      this.svg.append(draw("path", { class: `way${isOn ? " is-on" : ""}`, d: curve }),
        draw("path", { class: "tip", d: tip }));
      if (isOn || this.lines.length <= MOST_LABELS) {
        const words = `${grouped(way.times)}×`;
        const [x, y] = freeOf(spots, words.length * 8 + 4, boxes);
        const label = draw("text", { class: "told", x, y: y + 4 });
        label.textContent = words;
        labels.push(label);
      }
    }
    this.svg.append(...labels);
  }

  close() {
    this.watch.disconnect();
  }
}

// From box to box: down on the left of the middle, up on the right, and below those of one layer;
// of two that lead to each other there, the one to the left hangs lower.
function wayOf(from, to, paper, isPair) {
  const down = from.bottom <= to.top;
  const level = from.top === to.top;
  const middle = (box, other) => {
    const lean = Math.max(-0.3, Math.min(0.3, (other.left - box.left) / 1500)) * box.width;
    return box.left + box.width / 2 + lean + (down ? -9 : 9) - paper.left;
  };
  const [x1, x2] = [middle(from, to), middle(to, from)];
  const y1 = (down || level ? from.bottom : from.top) - paper.top;
  const y2 = (down ? to.top - 2 : to.bottom + 2) - paper.top;
  const bow = isPair && to.left < from.left ? 46 : 22;
  const [c1, c2] = level ? [y1 + bow, y2 + bow] : [(y1 + y2) / 2, (y1 + y2) / 2];
  const t = level ? 0.5 : down ? 0.75 : 0.25; // where its number stands: near the lower box
  const along = (s, a, b, c, d) => (1 - s) ** 3 * a + 3 * (1 - s) ** 2 * s * b + 3 * (1 - s) * s * s * c + s ** 3 * d;
  const places = [0, -0.1, 0.1, -0.2, 0.2, -0.3, 0.3, -0.4, 0.4, -0.5, 0.5].map((more) => t + more);
  const back = down ? -6 : 6;
  return {
    curve: `M${x1},${y1} C${x1},${c1} ${x2},${c2} ${x2},${y2}`,
    tip: `M${x2 - 4},${y2 + back} L${x2},${y2} L${x2 + 4},${y2 + back} Z`,
    spots: places.filter((s) => s > 0.1 && s < 0.9).map((s) => [along(s, x1, x1, x2, x2), along(s, y1, c1, c2, y2)]),
  };
}

// The first of these places at which a text of so many pixels lies on no other; else the first.
function freeOf(spots, width, boxes) {
  const isFree = ([x, y]) => boxes.every(([left, top, other]) => Math.abs(x - left) >= (width + other) / 2 || Math.abs(y - top) >= 15);
  const [x, y] = spots.find(isFree) ?? spots[0];
  boxes.push([x, y, width]);
  return [x, y];
}

// Agents one by one, or by type where they are many; the smallest groups together as the rest.
function groupsOf(team) {
  const names = [...team.agents.keys()];
  const isMany = names.length > MOST_NODES;
  const stem = (name) => name.replace(/[\s#:_./-]*\d+$/, "") || name;
  const members = new Map();
  for (const name of names) {
    const group = isMany ? team.types.get(name) || stem(name) : name;
    if (members.has(group)) members.get(group).push(name);
    else members.set(group, [name]);
  }
  if (members.size > MOST_NODES) {
    const small = [...members].sort((a, b) => b[1].length - a[1].length).slice(MOST_NODES - 1);
    for (const [group] of small) members.delete(group);
    members.set("all others", small.flatMap(([, inside]) => inside));
  }
  const of = new Map();
  for (const [group, inside] of members) for (const name of inside) of.set(name, group);
  return { members, of };
}

// The channels between groups, those that were used most first.
function linesBetween(team, of) {
  const ways = new Map();
  for (const one of team.channels) {
    const [source, target] = [of.get(one.source), of.get(one.target)];
    if (source === undefined || target === undefined || source === target) continue;
    const key = `${source}\n${target}`;
    if (!ways.has(key)) ways.set(key, { source, target, times: 0 });
    ways.get(key).times += one.effects.length;
  }
  return [...ways.values()].sort((a, b) => b.times - a.times);
}

// Who is led by nobody stands on top, and each as far below as the fewest steps lead to it. Within
// a layer stands further left whom somebody further left leads.
function layersOf(members, ways) {
  const next = new Map([...members.keys()].map((name) => [name, []]));
  const led = new Set();
  for (const { source, target } of ways) {
    next.get(source).push(target);
    led.add(target);
  }
  const layer = new Map();
  const order = [...members.keys()].filter((name) => !led.has(name));
  const layers = [];
  const reach = (first) => {
    let ahead = first.filter((name) => !layer.has(name));
    for (let depth = 0; ahead.length; depth += 1) {
      for (const name of ahead) layer.set(name, depth);
      (layers[depth] ??= []).push(...ahead);
      ahead = [...new Set(ahead.flatMap((name) => next.get(name)))].filter((name) => !layer.has(name));
    }
  };
  reach(order);
  for (const name of members.keys()) reach([name]);
  return layers;
}
