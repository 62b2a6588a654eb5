// Costs: what was used, by agent, by model and by tool, down to each call.

const NOBODY = { agent: "by no agent", model: "by a model without a name", tool: "in no tool" };

addView({
  id: "costs",
  label: "Costs",
  fits: (run) => run.side.team.used.length > 0,
  open(page, run, host) {
    const { side } = run;
    const [lines, find] = linesOfCosts(side.team);
    const columns = columnsOfCosts(side, lines, () => rows);
    const rows = new Rows(treeOf(lines), columns, {
      label: "What was used, by agent, model and tool, and each call",
      choose: (item) => page.chooseItem(item),
    });
    lines.forEach(({ depth }, item) => { rows.folded[item] = depth === 1 ? 1 : 0; });
    rows.unfold();
    rows.element.classList.add("costs");
    host.append(rows.element);
    return { ...followed(page, run, rows, lines, find), close: () => rows.close() };
  },
});

// A line for what is told apart, below it one a part, the dearest first, below that one a call.
function linesOfCosts(team) {
  const lines = [];
  const calls = new Map();
  const agents = new Map();
  for (const [what, parts] of team.used) {
    const shares = sharesOf(parts);
    lines.push({ depth: 0, row: parts[0].rows[0], what });
    const dearest = [...parts].sort((a, b) => shares.of(b) - shares.of(a) || b.calls - a.calls);
    for (const part of dearest) {
      if (what === "agent") agents.set(part.name, lines.length);
      lines.push({ depth: 1, row: part.rows[0], what, part, shares });
      for (const row of part.rows) {
        if (!calls.has(row)) calls.set(row, lines.length);
        lines.push({ depth: 2, row, call: true });
      }
    }
  }
  return [lines, (row) => calls.get(row) ?? agents.get(team.doers[row]) ?? -1];
}

// What the parts are measured by: money where all of it is known, else tokens, else calls.
function sharesOf(parts) {
  const ways = [
    ["cost", (part) => (part.usd === null ? null : Number(part.usd) + Number(part.toolUsd ?? 0))],
    ["tokens", (part) => part.tokens],
    ["calls", (part) => part.calls],
  ];
  for (const [word, of] of ways) {
    const whole = parts.reduce((sum, part) => (sum === null || of(part) === null ? null : sum + of(part)), 0);
    if (whole) return { word, of, whole };
  }
  return { word: "calls", of: (part) => part.calls, whole: 1 };
}

// Where no model was called, tokens and dollars of models are no 0: there are none to speak of.
function columnsOfCosts(side, lines, rows) {
  const parts = side.team.used.flatMap(([, inside]) => inside);
  const only = (tell) => (cell, item) => { if (lines[item].part) tell(cell, lines[item].part); };
  return [
    { id: "what", label: "who, and for what", fill: (cell, item) => {
      const { what, part, call, row } = lines[item];
      if (call) lineCell(cell, rows(), item, ...spanWords(side, row), agentWords(side, row) ?? "");
      else if (part) lineCell(cell, rows(), item, make("span", { class: "name", text: part.name === null ? NOBODY[what] : line(part.name, 120) }));
      else lineCell(cell, rows(), item, make("b", { class: "name", text: `by ${what}` }));
    } },
    { id: "when", label: "share", fill: (cell, item) => {
      const { part, shares } = lines[item];
      if (!part) return;
      const share = (100 * shares.of(part)) / shares.whole;
      const bar = make("div", { class: "bar k-internal" });
      bar.style.width = `max(${share}%, 2px)`;
      cell.append(make("div", { class: "lane" }, bar));
      cell.title = `${three(share)} % of the ${shares.word}`;
    } },
    { id: "times", label: "calls", fill: only((cell, { calls }) => { cell.textContent = grouped(calls); }) },
    side.used && { id: "tokens", label: "tokens", fill: (cell, item) => {
      const { part, call, row } = lines[item];
      if (call && side.tokens.has(row)) cell.textContent = grouped(side.tokens.get(row));
      else if (part?.models && part.tokens === null && part.least) known(cell, part.least, (it) => `≥ ${grouped(it)}`);
      else if (part?.models) known(cell, part.tokens);
    } },
    parts.some((part) => Number(part.usd)) && { id: "cost", label: "models cost", fill: (cell, item) => {
      const { part, call, row } = lines[item];
      if (call && side.tokens.has(row)) cell.textContent = side.costOf(row);
      else if (part?.models) known(cell, part.usd, (it) => money(Number(it)));
      if (part?.why) cell.title = part.why;
    } },
    parts.some((part) => part.toolUsd !== null) && { id: "cost", label: "tools cost",
      fill: only((cell, { toolUsd }) => known(cell, toolUsd, (it) => money(Number(it)))) },
  ].filter(Boolean);
}
