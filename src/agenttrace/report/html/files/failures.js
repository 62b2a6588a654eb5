// The cascade of failures, laid over the rows: where each began, what followed, where it could be held.

addOverlay({
  id: "failures",
  label: "✕ Failures",
  heading: "failed",
  fits: (side) => side.team.failed !== null,
  stops: (side) => [...failuresOf(side).notes.keys()],
  note: (side, row) => failuresOf(side).notes.get(row),
  panel: (page, side) => new Findings(page, side, "where failures began, and how far they spread", spreadsOf(side)),
  arrows: (side, row) => failuresOf(side).arrowsOf(row),
});

function failuresOf(side) {
  side.failures ??= failuresFound(side.team.failed());
  return side.failures;
}

function failuresFound(told) {
  const shown = told.get("shown");
  const failures = told.get("failures").map(([row, isError, hops, follows, why]) => ({ row, isError, hops, follows, why: shown[why] }));
  const then = new Map();
  const at = new Map();
  failures.forEach((one, n) => {
    at.set(one.row, one);
    if (one.follows >= 0) gather(then, failures[one.follows].row, one);
  });
  return {
    failures,
    notes: notesOf(failures.map((one) => [one.row, {
      text: one.follows < 0 ? (one.isError ? "✕ origin" : "▽ origin") : `${one.isError ? "✕" : "▽"} after ${counted(one.hops, "hop")}`,
      title: line(one.why, 400), isWrong: one.isError,
    }])),
    // The way from the origin to a failure, and what followed right after it.
    arrowsOf: (row) => {
      const arrows = (then.get(row) ?? []).map((one) => ({ sort: "failure", from: row, to: one.row }));
      for (let one = at.get(row); one !== undefined && one.follows >= 0; one = failures[one.follows]) {
        arrows.push({ sort: "failure", from: failures[one.follows].row, to: one.row });
      }
      return arrows;
    },
  };
}

// The origins in words; what spread before what was held.
function spreadsOf(side) {
  const { failures } = failuresOf(side);
  const found = side.team.failed().get("spreads").map(([origin, depth, breadth, agents, isContained, harmed, cut]) => {
    const { row, why } = failures[origin];
    const doer = side.team.doers[row];
    const who = doer === null ? "" : `${line(doer, 40)}: `;
    const far = depth ? `${counted(depth, "hop")} deep` : "nothing followed";
    const whom = breadth ? `, to ${line(agents.slice(0, 3).join(", "), 120)}${breadth > 3 ? ` and ${counted(breadth - 3, "other")}` : ""}` : "";
    const held = cut.length ? `; it could be held before ${listed(cut.map(([, to]) => `#${side.place[to] + 1}`))}` : "";
    const others = harmed.filter((it) => it !== row);
    return { isContained, sort: isContained ? "▽ contained" : "✕ spread", isWrong: !isContained,
      words: `${who}${line(why, 160)}; ${far}${whom}${others.length ? `, harmed ${counted(others.length, "span")}` : ""}${held}:`,
      rows: [row, ...others] };
  });
  return [...found.filter((it) => !it.isContained), ...found.filter((it) => it.isContained)];
}
