"""`python -m agenttrace`: the command line, where its script is not on the path."""

from __future__ import annotations

from agenttrace.cli import main

main(prog_name="agenttrace")
