"""Hostile texts: what a stranger writes into a trace to change the report that quotes it."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import example
from hypothesis import strategies as st

ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</details></summary></code></pre>",
    "![beacon](https://example.com/beacon.png)",
    "[press](javascript:alert(1))",
    "https://example.com/auto www.example.com me@example.com",
    "@everyone @octocat #1 GH-1 org/repo#2",
    "a | b | c \\| d \\\\| e",
    "` `` ``` ```` ~~~",
    "```\n## out\n```",
    "| --- |\n|:-:|",
    "\n\n# a heading\n\n- a list\n> a quote",
    "::error file=a.py::no",
    "\n::set-output name=x::y\n::stop-commands::z",
    "##[error]no ##[add-mask]yes",
    "%0A::error::no%0D%25",
    "]]> <![CDATA[ <!-- &lt; &amp; &#0;",
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]>',
    "\x00\x01\x1b[31m\x1b]8;;http://x\x07\x7f\x85\x9b",
    "\u202e\u2066reversed\u2069\u200b\ufeff\u2028\u2029",
    "\ufffe\uffff\ufdd0\ud800\udfff",
    "\r overprint \t\v\f",
    "$(rm -rf ~) ${{ github.token }} {0.__class__} %s",
    "</code> &#64; *bold* _it_ ~~no~~ <b>",
    "     ",
    "`",
    "\\",
)
"""Each was an attack on some program that shows traces, tests or builds."""


def hostile_texts() -> st.SearchStrategy[str]:
    """Attacks, alone and in any text."""
    piece = st.sampled_from(ATTACKS) | st.text(max_size=12)
    return st.lists(piece, min_size=1, max_size=3).map("".join).filter(bool)


def every_attack(test: Callable[..., None]) -> Callable[..., None]:
    """Try each attack by itself, before chance mixes them."""
    for attack in ATTACKS:
        test = example(said=attack)(test)
    return test
