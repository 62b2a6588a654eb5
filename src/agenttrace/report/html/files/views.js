// Views: what can be shown of a run, each in a file of its own that registers itself here.
//
// A view is {id, label, fits(run), open(page, run, host)}. `open` fills `host` and gives back
// {rows, tree, pair(item), item(pair), stops, close()}: the list that keys move through, how its
// items and pairs of rows (one of each side, -1 for none) belong together, the items of the run's
// tree that n and p go through (none: the first causes), and what ends it.

const VIEWS = [];

function addView(view) {
  VIEWS.push(view);
}
