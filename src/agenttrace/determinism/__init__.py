"""Determinism: the world held still while a run is replayed: its time, its chance, its network."""
