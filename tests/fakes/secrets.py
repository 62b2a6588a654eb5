"""Secrets: one of each kind that we know, made up here and now, and what they stand in."""

from __future__ import annotations

import base64
import hashlib
import itertools
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_WORD = string.ascii_letters + string.digits


def drawn(seed: str, size: int, letters: str = _WORD) -> str:
    """So many letters, the same for one seed; a digit, a small and a great letter are among them.

    They are computed, so that no file of this repository holds anything like a secret.
    """
    stream = hashlib.shake_256(seed.encode()).digest(size)
    said = "".join(letters[byte % len(letters)] for byte in stream)
    head = "".join(one for one in "a7" if one in letters)
    return (said[:2] + head + said[2:])[:size]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A secret as it is met.

    Attributes:
        kind: What our marker calls it.
        secret: What must be nowhere.
        text: What it stands in, where it is known by that; else the secret itself.
    """

    kind: str
    secret: str
    text: str


def _seen(kind: str, secret: str, text: str = "{}") -> Sample:
    return Sample(kind=kind, secret=secret, text=text.format(secret))


def samples(seed: str = "") -> tuple[Sample, ...]:
    """One secret of each kind at least, others for another seed."""
    count = itertools.count()

    def some(size: int, letters: str = _WORD) -> str:
        return drawn(f"{seed} {next(count)}", size, letters)

    hexadecimal, upper = "0123456789abcdef", string.ascii_uppercase + string.digits
    key_id = "AKIA" + some(16, upper)
    pem = "\n".join(some(64) for _ in range(3))
    basic = base64.b64encode(f"me:{some(12)}".encode()).decode()
    claims = base64.urlsafe_b64encode(f'{{"sub":"{some(12)}"}}'.encode()).decode().rstrip("=")
    token = f"eyJ{some(24)}.{claims}.{some(40)}"
    return (
        _seen("openai-key", f"sk-proj-{some(40)}"),
        _seen("openai-key", f"sk-{some(48)}"),
        _seen("anthropic-key", f"sk-ant-api03-{some(80)}"),
        _seen("openrouter-key", f"sk-or-v1-{some(64, hexadecimal)}"),
        _seen("google-key", f"AIza{some(35)}"),
        _seen("google-token", f"ya29.{some(60)}"),
        _seen("google-secret", f"GOCSPX-{some(28)}"),
        _seen("huggingface-token", f"hf_{some(34)}"),
        _seen("groq-key", f"gsk_{some(52)}"),
        _seen("xai-key", f"xai-{some(80)}"),
        _seen("perplexity-key", f"pplx-{some(48)}"),
        _seen("replicate-token", f"r8_{some(37)}"),
        _seen("tavily-key", f"tvly-{some(32)}"),
        _seen("nvidia-key", f"nvapi-{some(64)}"),
        _seen("langsmith-key", f"lsv2_pt_{some(32, hexadecimal)}_{some(10, hexadecimal)}"),
        _seen("aws-key-id", key_id),
        _seen("aws-secret-key", some(40), f"{key_id} {{}}"),
        _seen("secret-key", some(40), "aws_secret_access_key = {}"),
        _seen("secret-key", some(40), '{{"SecretAccessKey": "{}"}}'),
        _seen("azure-key", f"{some(52)}JQQJ99{some(26)}"),
        _seen("azure-secret", f"{some(3)}8Q~{some(34)}"),
        _seen("secret-key", f"{some(86)}==", "AccountName=a;AccountKey={};EndpointSuffix=b"),
        _seen("databricks-token", f"dapi{some(32, hexadecimal)}"),
        _seen("digitalocean-token", f"dop_v1_{some(64, hexadecimal)}"),
        _seen("vault-token", f"hvs.{some(24)}"),
        _seen("github-token", f"ghp_{some(36)}"),
        _seen("github-token", f"ghs_{some(36)}"),
        _seen("github-token", f"github_pat_{some(22)}_{some(59)}"),
        _seen("gitlab-token", f"glpat-{some(20)}"),
        _seen("npm-token", f"npm_{some(36)}"),
        _seen("pypi-token", f"pypi-AgEIcHlwaS5vcmc{some(70)}"),
        _seen("slack-token", f"xoxb-{some(12, string.digits)}-{some(24)}"),
        _seen("slack-webhook", f"T{some(8)}/B{some(8)}/{some(24)}", "hooks.slack.com/services/{}"),
        _seen("telegram-token", f"{some(10, string.digits)}:AA{some(33)}"),
        _seen("stripe-key", f"sk_live_{some(24)}"),
        _seen("webhook-secret", f"whsec_{some(32)}"),
        _seen("sendgrid-key", f"SG.{some(22)}.{some(43)}"),
        _seen("shopify-token", f"shpat_{some(32, hexadecimal)}"),
        _seen("jwt", token),
        _seen(
            "private-key",
            pem,
            "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
        ),
        _seen("bearer-token", some(30), "Bearer {}"),
        _seen("authorization", basic, "Authorization: Basic {}"),
        _seen("url-password", some(14), "https://me:{}@internal.example/x"),
        _seen("url-password", some(14), "postgresql+psycopg://app:{}@db:5432/orders"),
        _seen("cookie", some(26), "Cookie: sessionid={}; theme=dark"),
        _seen("cookie", some(26), "Set-Cookie: sid={}; Path=/; HttpOnly"),
        _seen("api-key", some(32, hexadecimal), "x-api-key: {}"),
        _seen("api-key", some(32), "MISTRAL_API_KEY={}"),
        _seen("password", some(12), '{{"password": "{}"}}'),
        _seen("token", some(24), "{{'access_token': '{}'}}"),
        _seen("secret", some(24), "https://a.example/?client_secret={}&x=1"),
    )


def leaks(found: bytes | str, secrets: tuple[Sample, ...]) -> list[str]:
    """The kinds of the secrets of which something can be read, twelve characters in a row."""
    text = found if isinstance(found, str) else found.decode("latin-1")
    return [
        sample.kind
        for sample in secrets
        if any(part in text for part in _parts(sample.secret.replace("\n", "\\n")))
        or any(part in text for part in _parts(sample.secret))
    ]


def _parts(secret: str) -> Iterator[str]:
    size = min(len(secret), 12)
    for start in range(0, len(secret) - size + 1, size):
        yield secret[start : start + size]


def leaking(folder: Path, secrets: tuple[Sample, ...]) -> dict[str, list[str]]:
    """Every file below a folder of which a secret can be read, by its name and its content."""
    return {
        str(path.relative_to(folder)): found
        for path in sorted(folder.rglob("*"))
        if path.is_file() and (found := leaks(path.name.encode() + path.read_bytes(), secrets))
    }
