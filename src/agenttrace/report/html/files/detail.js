// The detail of a span: all that is known of it, the gist first.

// `label` says of which side it is, where there are two.
function spanDetail(page, side, row, label = "") {
  const { golden } = side;
  const { spans, pools } = golden;
  const kind = spans.kind(row);
  const root = make("article", { class: "span" });
  if (label) root.append(make("p", { class: "aside", text: line(label, 120) }));
  root.append(make("h2", {}, ...spanWords(side, row)));
  const facts = [
    ["took", side.timed ? `${side.took(row)}, after ${duration(side.begins[row])}` : "not known"],
    ["agent", spans.agent(row)], ["task", spans.task(row)],
    ["status", spans.status_code(row) === "UNSET" ? null : spans.status_code(row)],
    ["because", spans.status_message(row) || null],
    ["stands at", spans.position(row) > 1 ? pools.text(spans.position(row)) : null],
    ["lane", spans.lane(row) > 1 ? pools.text(spans.lane(row)) : null],
    ["code", golden.siteOf(row)],
    ["side", spans.wire_kind(row) === "internal" ? null : spans.wire_kind(row)],
    ["mark", spans.mark(row) || null],
    ["echoed", spans.echoed(row) ? "copied from the recording, below an answer" : null],
  ].filter(([, told]) => told !== null && told !== undefined);
  root.append(factList(facts));
  asked(root, side, row);
  answered(root, side, row);
  used(root, side, row);
  states(root, side, row);
  events(root, golden.eventsOf(row));
  neighbours(page, root, side, row);
  const known = golden.attributesOf(row);
  if (known.size) part(root, "Known", valueBlock(known));
  foreign(root, spans, row);
  const blurred = [...spans.fidelity(row)].filter(([, it]) => it !== "present");
  if (blurred.length) part(root, "Payloads", factList(blurred));
  return followable(page, root, side, row);
}

function part(root, title, ...children) {
  root.append(make("section", {}, make("h3", { text: title }), ...children));
}

function factList(facts) {
  const list = make("dl", { class: "facts" });
  for (const [word, told] of facts) {
    list.append(make("dt", { text: line(String(word), 60) }), make("dd", { text: safe(String(told)) }));
  }
  return list;
}

function asked(root, side, row) {
  const request = side.request(row);
  if (request === null) {
    const question = side.golden.spans.question(row);
    if (question !== null || side.golden.spans.digest(row).length) part(root, "Asked", valueBlock(question));
    return;
  }
  const messages = request.get("messages");
  part(root, `Prompt · ${counted(messages.length, "message")}`, conversation(messages));
  const rest = new Map([["model", request.get("model")], ...request.get("parameters")]);
  part(root, "Asked with", valueBlock(rest));
  if (request.get("tools").length) {
    const tools = make("details", {},
      make("summary", { text: counted(request.get("tools").length, "tool") }),
      valueBlock(request.get("tools")));
    root.append(tools);
  }
}

function answered(root, side, row) {
  const answers = side.golden.answersOf(row);
  const responses = side.responses(row);
  const packs = ["tool", "retrieval"].includes(side.golden.spans.kind(row));
  answers.forEach((answer, n) => {
    const title = answers.length > 1 ? `Try ${n + 1} of ${answers.length}` : "Answer";
    const facts = [answer.end === "complete" ? null : answer.end, statusOf(answer),
      side.timed ? duration(answer.took) : null,
      answer.streamed ? counted(answer.chunks.length, "chunk") : null].filter(Boolean);
    const body = [];
    const response = responses[n] ?? null;
    if (response !== null && (response.get("messages").length || response.get("error"))) {
      if (response.get("error")) body.push(textBlock(response.get("error")));
      body.push(conversation(response.get("messages")), rawBlock(answer));
    } else if (packs) {
      body.push(...answer.chunks.slice(0, 100).map(packedBlock));
      if (answer.chunks.length > 100) {
        body.push(make("p", { class: "aside", text: `and ${grouped(answer.chunks.length - 100)} more` }));
      }
    } else if (answer.chunks.length) body.push(saidBlock(joined(answer.chunks)));
    if (answer.failure) body.push(failureBlock(answer.failure));
    part(root, `${title}${facts.length ? ` · ${facts.join(" · ")}` : ""}`, ...body);
  });
}

function statusOf(answer) {
  const status = answer.head instanceof Map ? answer.head.get("status") : null;
  return status === null || status === undefined ? null : `HTTP ${line(String(status), 10)}`;
}

function rawBlock(answer) {
  const block = make("details", {}, make("summary", { text: "as it came" }));
  block.addEventListener("toggle", () => {
    if (block.open && block.childElementCount === 1) block.append(saidBlock(joined(answer.chunks)));
  });
  return block;
}

// A tool's value, or whatever else the bytes are.
function packedBlock(bytes) {
  const value = unpackedValue(bytes);
  return value === NOTHING ? saidBlock(bytes) : valueBlock(value);
}

function joined(chunks) {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  chunks.reduce((at, chunk) => { whole.set(chunk, at); return at + chunk.length; }, 0);
  return whole;
}

function failureBlock(failure) {
  return make("div", { class: "failure" },
    make("p", {}, make("span", { class: "wrong", text: `✕ ${line(failure.get("type"), 120)}` })),
    textBlock(String(failure.get("message"))),
    ...failure.get("causes").map((cause) => make("p", { class: "aside", text: `because ${line(cause)}` })));
}

function used(root, side, row) {
  const usage = side.golden.usageOf(row);
  if (usage === null) return;
  const facts = usage.models.map((it) => [it.model, [`${grouped(it.input)} in`,
    it.cacheRead ? `${grouped(it.cacheRead)} of them from the cache` : null,
    it.cacheWrite ? `${grouped(it.cacheWrite)} into the cache` : null,
    `${grouped(it.output)} out`,
    it.reasoning ? `${grouped(it.reasoning)} of them reasoning` : null].filter(Boolean).join(", ")]);
  if (usage.models.length || side.costs.has(row)) {
    facts.push(["cost", money(side.costs.get(row) ?? null)]);
  }
  for (const [category, ns] of usage.spent ?? []) facts.push([category, duration(ns)]);
  if (facts.length) part(root, "Used", factList(facts));
}

// By span, the rows of the states that were kept inside it; -1: of none.
function shotsOf(side) {
  if (side.shots === undefined) {
    const { snapshots } = side.golden;
    side.shots = new Map();
    for (let at = 0; at < snapshots.rows; at += 1) gather(side.shots, side.rowOf(snapshots.span(at)), at);
  }
  return side.shots;
}

function states(root, side, row) {
  const { snapshots } = side.golden;
  for (const at of shotsOf(side).get(row) ?? []) {
    part(root, `State of ${line(snapshots.agent(at), 60) || "the run"}`, valueBlock(stateOf(side, at)));
  }
}

function events(root, found) {
  for (const event of found) {
    part(root, `Event · ${line(event.name, 80)} at step ${event.seq}`,
      ...(event.attributes.size ? [valueBlock(event.attributes)] : []));
  }
}

const MOST_NEIGHBOURS = 100;

function neighbours(page, root, side, row) {
  const edges = edgesOf(side);
  for (const [title, all] of [["Comes of", edges.into.get(row)], ["Leads to", edges.outof.get(row)]]) {
    if (!all) continue;
    const list = make("ul", { class: "edges" });
    for (const edge of all.slice(0, MOST_NEIGHBOURS)) {
      const words = make("span", { class: "aside", text: `${edge.sort} · ${line(edge.word, 60)}  ` });
      const whither = edge.row === undefined
        ? make("code", { text: `${edge.foreign}${edge.of ? ` of trace ${edge.of}` : ""}` })
        : button(`#${side.place[edge.row] + 1} ${line(side.golden.spans.name(edge.row), 60)}`,
          () => page.choose({ side, row: edge.row }), { class: "go" });
      list.append(make("li", {}, words, whither));
      if (edge.more?.size) list.lastChild.append(valueBlock(edge.more));
    }
    if (all.length > MOST_NEIGHBOURS) {
      list.append(make("li", { class: "aside", text: `and ${grouped(all.length - MOST_NEIGHBOURS)} more` }));
    }
    part(root, title, list);
  }
}

function foreign(root, spans, row) {
  const scope = spans.scope(row);
  if (scope !== null) part(root, "Made by", valueBlock(scope));
  const resource = spans.resource(row);
  if (resource !== null) part(root, "From", valueBlock(resource));
}
