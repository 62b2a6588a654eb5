"""Analysis: pure views of one trace; `Analysis` has them all."""

from __future__ import annotations

from agenttrace.analysis.answers import Analysis

__all__ = ["Analysis"]
