// Waiting, laid over the rows: who waited for whom at the end, circles, loops, tasks that starved.

addOverlay({
  id: "waiting",
  label: "‖ Waiting",
  heading: "waiting",
  fits: (side) => side.team.waiting !== null,
  stops: (side) => [...waitsOf(side).notes.keys()],
  note: (side, row) => waitsOf(side).notes.get(row),
  panel: (page, side) => new Findings(page, side, "who waited, and what went round in circles", waitsOf(side).findings),
  arrows: (side, row) => waitsOf(side).arrows.filter((it) => row < 0 || it.from === row || it.to === row),
});

function waitsOf(side) {
  side.waits ??= waitsFound(side.team.waiting());
  return side.waits;
}

function waitsFound(told) {
  const waits = told.get("waits").map(([agent, agents, words, isStuck, row]) => ({ agent, agents, words, isStuck, row }));
  const findings = [];
  const notes = [];
  const inDeadlock = new Set();
  for (const [kind, agents] of told.get("deadlocks")) {
    const held = waits.filter((it) => agents.includes(it.agent));
    held.forEach((it) => inDeadlock.add(it));
    findings.push({ sort: `✕ deadlock (${kind})`, isWrong: true, words: `${held.map((it) => line(it.words, 120)).join("; ")}:`, rows: held.map((it) => it.row) });
  }
  for (const one of waits) {
    const sort = inDeadlock.has(one) ? "✕ deadlock" : one.isStuck ? "✕ stuck" : "‖ waits";
    notes.push([one.row, { text: sort, title: line(one.words, 200), isWrong: one.isStuck }]);
    if (!inDeadlock.has(one)) findings.push({ sort, isWrong: one.isStuck, words: `${line(one.words, 120)}:`, rows: [one.row] });
  }
  for (const [rule, means, agents, times, isStalled, rows] of told.get("loops")) {
    const who = agents.map((it) => line(it, 40) || "nobody named").join(", ");
    const end = isStalled ? "; the run ended in it" : "";
    findings.push({ sort: `${isStalled ? "✕" : "↻"} ${rule}`, isWrong: isStalled, words: `${who}, ${times} times (${means})${end}:`, rows });
    rows.forEach((row, n) => notes.push([row, { text: `↻ ${rule} ${n + 1}/${rows.length}`, title: `${who}: ${means}${end}`, isWrong: isStalled }]));
  }
  for (const [task, queue, overtaken, rows] of told.get("starved")) {
    const words = `${line(task, 60)}${queue ? ` in ${line(queue, 40)}` : ""}: ${counted(overtaken, "later task")} overtook it`;
    findings.push({ sort: "✕ starved", isWrong: true, words: `${words}:`, rows });
    rows.forEach((row) => notes.push([row, { text: "✕ starved", title: words, isWrong: true }]));
  }
  return { findings, notes: notesOf(notes), arrows: waitArrows(waits) };
}

// From who waits to the waits of those that are waited for: a circle is one that is seen.
function waitArrows(waits) {
  const rows = new Map();
  for (const one of waits) gather(rows, one.agent, one.row);
  return waits.flatMap(({ agents, row }) => agents.flatMap((agent) => rows.get(agent) ?? [])
    .filter((to) => to !== row).map((to) => ({ sort: "wait", from: row, to })));
}
