"""Adapters: one framework or transport each, turned into questions for the door.

None imports its framework: it patches what the program has loaded, and what it loads later.
"""
