"""Gate: what a change does to the behaviour of agents, and whether it may be merged."""
