"""Explore: many replays of one golden, each with something of the world changed."""
