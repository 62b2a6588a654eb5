"""The table of all cassettes of real traffic: who is asked, how often, and whether it is driven."""

from __future__ import annotations

from tests.fakes.cassettes import CASSETTES, DRIVEN, Interaction, cassettes, interactions

_SDKS = {
    "anthropic": "anthropic",
    "bedrock": "botocore",
    "generativelanguage": "google-genai",
    "groq": "groq",
    "mistral": "mistralai",
}
_ELSEWHERE = {
    "websocket/test_tool_call_round.yaml": "frames of a websocket, which is not seen",
    "yaml-python-tags/anthropic_v1_messages_beta_true_post_1913e018.yaml": (
        "needs Python tags, which a safe reader refuses"
    ),
}
"""Not among the project's own data, and why not."""


def markdown() -> str:
    """The table, and its sum."""
    rows = [_row(str(path.relative_to(CASSETTES))) for path in cassettes()]
    rows += [(name, "", 0, "", f"no: {why}") for name, why in _ELSEWHERE.items()]
    driven = sum(row[4] == "yes" for row in rows)
    lines = [
        f"{driven} of {len(rows)} cassettes are driven.",
        "",
        "| cassette | languages | questions | SDKs | driven |",
        "|---|---|---|---|---|",
        *(f"| `{row[0]}` | {row[1]} | {row[2] or ''} | {row[3]} | {row[4]} |" for row in rows),
    ]
    return "\n".join(lines)


def _row(name: str) -> tuple[str, str, int, str, str]:
    found = list(interactions(CASSETTES / name))
    asked = [one for one in found if one.asks_a_model]
    spoken = sorted({one.provider.name if one.provider else "plain HTTP" for one in asked})
    sdks = sorted({sdk_of(one) for one in asked})
    driven = "yes" if name.partition("/")[0] in DRIVEN else "no"
    return name, ", ".join(spoken), len(asked), ", ".join(sdks), driven


def sdk_of(one: Interaction) -> str:
    """The distribution whose client asks this host."""
    return next((sdk for part, sdk in _SDKS.items() if part in one.host), "openai")
