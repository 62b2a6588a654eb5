"""Causal: who caused what. Positions, lanes, the active run, spawns, and the order they make."""
