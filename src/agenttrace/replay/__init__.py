"""Replay: sources that answer from a recording, paces that time it, and what to say when it does not fit."""
