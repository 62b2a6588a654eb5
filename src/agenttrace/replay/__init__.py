"""Replay: sources that answer from a recording, paces that time it, and why it does not fit."""
