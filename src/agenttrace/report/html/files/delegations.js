// Delegations: how tasks were placed with agents: one drawn in lanes, all of them as a list.

addView({
  id: "delegations",
  label: "Delegations",
  fits: (run) => run.side.team.placed !== null,
  open(page, run, host) {
    const { side } = run;
    const [lines, find] = linesOfDelegations(side);
    const drawn = make("section", { class: "placing", "aria-label": "the steps of one task" });
    let shown = null;
    let lanes = null;
    const draw = (round) => {
      if (round === shown) return;
      shown = round;
      lanes = new Lanes(side, round, (row) => page.choose({ side, row }));
      drawn.replaceChildren(headOf(round), lanes.element);
      drawn.scrollTop = 0;
    };
    const rows = new Rows(treeOf(lines), columnsOfDelegations(side, lines, () => rows), {
      label: "Tasks that were placed with agents, and each step",
      choose: (item) => page.chooseItem(item),
      painted: () => {
        const chosen = lines[rows.chosen];
        draw(chosen?.round ?? shown ?? lines[0].round);
        lanes.mark(chosen?.act?.row);
      },
    });
    lines.forEach(({ depth }, item) => { rows.folded[item] = depth === 0 ? 1 : 0; });
    rows.unfold();
    draw(lines[0].round);
    host.append(make("div", { class: "drawn" }, drawn, rows.element));
    const broken = side.team.placed().flatMap((one) => one.broken.flatMap((it) => it.rows));
    return {
      ...followed(page, run, rows, lines, find),
      stops: broken.length ? itemsOf([...new Set(broken)], run) : undefined,
      close: () => rows.close(),
    };
  },
});

// A line a task, below it one a step; a span inside a step leads to it.
function linesOfDelegations(side) {
  const lines = [];
  const found = new Map();
  for (const round of side.team.placed()) {
    lines.push({ depth: 0, row: round.acts[0].row, round });
    for (const act of round.acts) {
      if (!found.has(act.row)) found.set(act.row, lines.length);
      lines.push({ depth: 1, row: act.row, round, act });
    }
  }
  const find = (row) => {
    for (let at = row; at >= 0; at = side.parent[at]) if (found.has(at)) return found.get(at);
    return -1;
  };
  return [lines, find];
}

function headOf(round) {
  const facts = [round.outcome ?? "outcome not recorded"];
  if (round.award !== null) facts.push(`awarded after ${duration(round.award)}`);
  if (round.whole !== null) facts.push(`all reported after ${duration(round.whole)}`);
  if (round.regret !== null && Number(round.regret)) facts.push(`${round.regret} more than the best bid`);
  if (round.broken.length) facts.push(counted(round.broken.length, "broken rule"));
  return make("p", { class: "where" }, make("b", { text: line(round.task, 80) || "(no name)" }),
    `  ${round.kind === "handoff" ? "handed over" : "contract net"}: ${facts.join(", ")}`);
}

function columnsOfDelegations(side, lines, rows) {
  return [
    { id: "what", label: "task, and each step", fill: (cell, item) => {
      const { round, act } = lines[item];
      if (act) {
        const isWrong = round.broken.some((one) => one.rows.includes(act.row));
        lineCell(cell, rows(), item, make("span", { class: "name", text: line(act.phase, 30) }),
          make("span", { class: "aside by", text: wayOfAct(round, act) }),
          isWrong ? make("span", { class: "wrong", text: "✕ broken rule" }) : "");
        return;
      }
      lineCell(cell, rows(), item, make("b", { class: "name", text: line(round.task, 80) || "(no name)" }),
        make("span", { class: "agent", text: line(round.manager ?? "nobody", 60) }),
        round.broken.length ? make("span", { class: "wrong", text: `✕ ${counted(round.broken.length, "broken rule")}` }) : "");
    } },
    { id: "said", label: "says", fill: (cell, item) => {
      const { round, act } = lines[item];
      cell.textContent = act ? wordsOf(side, act, round) : round.outcome ?? "–";
      if (!act && round.outcome === null) cell.title = "not recorded";
    } },
    { id: "took", label: "took", fill: (cell, item) => {
      const { round, act } = lines[item];
      if (act) cell.textContent = side.timed && act.phase === "execution" ? side.took(act.row) : "";
      else known(cell, round.whole, duration);
    } },
  ];
}
