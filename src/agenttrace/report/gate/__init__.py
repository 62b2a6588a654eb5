"""Gate: a GateResult for a reviewer, for CI, and for the page on which a change is discussed."""
