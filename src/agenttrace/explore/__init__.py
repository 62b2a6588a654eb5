"""Explore: traces that nobody recorded, and runs that nobody has seen yet."""
