"""The tests: `stories` first, then `contracts`, `unit`, and the rest by purpose."""
