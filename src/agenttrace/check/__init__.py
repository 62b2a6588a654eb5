"""Check: pure questions asked of traces."""
