"""Explore: traces that nobody recorded, and runs in which something of the world is changed."""
