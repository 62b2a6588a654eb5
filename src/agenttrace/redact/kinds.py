"""Kinds: the secrets that are known by how they look, whoever says them and wherever.

Each kind is found by a literal that it cannot do without, and only there is its pattern tried. So a
text without any of the literals costs a few searches, and one with many costs no more than its
length: every pattern begins at its literal, and either stops within a bounded number of characters
or cannot begin again inside what it has read.

The forms are those that the issuers document, or that their own scanners look for; what has no form
of its own (an AWS secret, an Azure key of 32 hex digits) is found by its name: see `named`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of secret.

    Attributes:
        name: What stands in its place, in angle brackets: `openai-key`.
        hints: Literals, one of which every secret of the kind holds; empty: it is always tried.
        pattern: Matches it; its first group, where it has one, is the secret.
        back: How many characters before a hint it may begin; 0: it begins with the hint.
    """

    name: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    back: int = 0


_LEFT = r"(?<![A-Za-z0-9_-])"
_RIGHT = r"(?![A-Za-z0-9_-])"


def _kind(name: str, hints: str, pattern: str, *, back: int = 0, whole: bool = True) -> Kind:
    """Make a kind; a whole one stands between characters that are no part of a word."""
    text = f"{_LEFT}{pattern}" if whole else pattern
    return Kind(name=name, hints=tuple(hints.split()), pattern=re.compile(text), back=back)


KINDS = (
    # -- models -----------------------------------------------------------------------------------
    _kind("anthropic-key", "sk-ant-", r"sk-ant-[A-Za-z0-9_-]{20,}"),
    _kind("openrouter-key", "sk-or-", r"sk-or-[A-Za-z0-9_-]{20,}"),
    _kind("langfuse-key", "sk-lf- pk-lf-", r"[sp]k-lf-[0-9a-f-]{36}"),
    _kind("openai-key", "sk- sess-", r"(?:sk-(?=[A-Za-z_-]*[0-9A-Z])|sess-)[A-Za-z0-9_-]{20,}"),
    _kind("google-key", "AIza", rf"AIza[A-Za-z0-9_-]{{35}}{_RIGHT}"),
    _kind("google-token", "ya29.", r"ya29\.[A-Za-z0-9_-]{20,}"),
    _kind("google-secret", "GOCSPX-", r"GOCSPX-[A-Za-z0-9_-]{28}"),
    _kind("huggingface-token", "hf_ api_org_", r"(?:hf_|api_org_)[A-Za-z0-9]{30,}"),
    _kind("groq-key", "gsk_", r"gsk_[A-Za-z0-9]{40,}"),
    _kind("xai-key", "xai-", r"xai-[A-Za-z0-9_-]{40,}"),
    _kind("perplexity-key", "pplx-", r"pplx-[A-Za-z0-9]{32,}"),
    _kind("replicate-token", "r8_", r"r8_[A-Za-z0-9]{37,}"),
    _kind("tavily-key", "tvly-", r"tvly-[A-Za-z0-9_-]{20,}"),
    _kind("nvidia-key", "nvapi-", r"nvapi-[A-Za-z0-9_-]{40,}"),
    _kind("langsmith-key", "lsv2_", r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}"),
    # -- clouds -----------------------------------------------------------------------------------
    _kind(
        "aws-key-id",
        "AKIA ASIA ABIA ACCA",
        r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])",
    ),
    _kind(  # the secret has no form of its own: it is known by the id before it
        "aws-secret-key",
        "AKIA ASIA",
        r"(?:AKIA|ASIA)[A-Z0-9]{16}[^A-Za-z0-9+/]{1,8}((?:[A-Za-z0-9+/]|\\/){40})"
        r"(?![A-Za-z0-9+/=])",
    ),
    _kind("bedrock-key", "ABSK bedrock-api-key-", r"(?:ABSK|bedrock-api-key-)[A-Za-z0-9+/=]{60,}"),
    _kind("azure-key", "JQQJ99", rf"[A-Za-z0-9]{{52}}JQQJ99[A-Za-z0-9]{{26}}{_RIGHT}", back=52),
    _kind(
        "azure-secret",
        "Q~",
        rf"[A-Za-z0-9_~.-]{{3}}[0-9]Q~[A-Za-z0-9_~.-]{{31,34}}{_RIGHT}",
        back=4,
    ),
    _kind("azure-signature", "sig=", r"sig=([A-Za-z0-9+/%]{40,}(?:=|%3D)?)"),
    _kind("databricks-token", "dapi", r"dapi[0-9a-f]{32}(?:-[0-9])?"),
    _kind("digitalocean-token", "dop_v1_ doo_v1_ dor_v1_", r"do[opr]_v1_[0-9a-f]{64}"),
    _kind("vault-token", "hvs. hvb.", r"hv[sb]\.[A-Za-z0-9_-]{24,}"),
    # -- code and packages ------------------------------------------------------------------------
    _kind("github-token", "github_pat_", r"github_pat_[A-Za-z0-9_]{36,}"),
    _kind("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9_.-]{36,}"),
    _kind("gitlab-token", "glpat- gldt- glrt- glptt-", r"gl(?:pat|dt|rt|ptt)-[A-Za-z0-9_.-]{20,}"),
    _kind("npm-token", "npm_", r"npm_[A-Za-z0-9]{36,}"),
    _kind("pypi-token", "pypi-", r"pypi-[A-Za-z0-9_-]{50,}"),
    # -- messages and money -----------------------------------------------------------------------
    _kind("slack-token", "xox", r"xox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,}"),
    _kind("slack-token", "xapp-", r"xapp-[0-9]-[A-Za-z0-9-]{20,}"),
    _kind(
        "slack-webhook",
        "hooks.slack.com",
        r"hooks\.slack\.com\\?/(?:services|workflows|triggers)\\?/((?:[A-Za-z0-9_+-]|\\?/){20,})",
        whole=False,
    ),
    _kind(
        "discord-webhook",
        "/api/webhooks/",
        r"/api/webhooks/[0-9]{17,20}/([A-Za-z0-9_-]{40,})",
        whole=False,
    ),
    _kind("telegram-token", ":AA", rf"[0-9]{{8,10}}:AA[A-Za-z0-9_-]{{32,34}}{_RIGHT}", back=10),
    _kind(
        "stripe-key",
        "sk_live_ sk_test_ rk_live_ rk_test_",
        r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,}",
    ),
    _kind("webhook-secret", "whsec_", r"whsec_[A-Za-z0-9+/=]{24,}"),
    _kind("sendgrid-key", "SG.", r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,}"),
    _kind("shopify-token", "shpat_ shpss_ shpca_ shppa_", r"shp(?:at|ss|ca|pa)_[0-9a-fA-F]{32}"),
    # -- by standard ------------------------------------------------------------------------------
    _kind("jwt", "eyJ", r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"),
    _kind(  # RFC 7468; also with its line ends escaped, and cut short
        "private-key",
        "-----BEGIN",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:(?:\s|\\r|\\n)*(?:Proc-Type|DEK-Info): [A-Za-z0-9,-]{1,80})*"
        r"(?:[A-Za-z0-9+/=\s]|\\+[nr/])*+"
        r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?",
        whole=False,
    ),
    _kind("age-key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    _kind(  # RFC 6750, section 2.1, in whatever text it is quoted
        "bearer-token",
        "earer EARER",
        r"(?i:bearer)[ \t]+(?=[A-Za-z_./+=~-]*[0-9])([A-Za-z0-9._~+/-]{16,}=*)",
        back=1,
    ),
    _kind(  # RFC 3986, section 3.2.1: the password of a user in any URL, of databases too
        "url-password",
        "://",
        r"://[^\s/?#@:\"'<>\\]{0,256}:([^\s/?#\"'<>\\]{1,512})@",
        whole=False,
    ),
    _kind(
        "url-password",
        r":\/\/",
        r":\\/\\/[^\s/?#@:\"'<>\\]{0,256}:([^\s/?#\"'<>\\]{1,512})@",
        whole=False,
    ),
)
"""What is looked for in every text; of two that match the same, the first names it."""
