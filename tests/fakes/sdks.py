"""Real SDKs, driven by recorded requests: each request is made by the SDK's own method again.

An SDK's class for its client is named by the host that was asked. Arguments that a method has no
name for go into `extra_body`, as a person would send them.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import anthropic
import botocore.session
import groq
import openai
from botocore.config import Config
from botocore.exceptions import ClientError
from google import genai
from google.genai import types
from mistralai.client import Mistral

from agenttrace.model.values import plain
from tests.fakes.cassettes import Interaction

STATUS_ERRORS = (openai.APIStatusError, anthropic.APIStatusError, groq.APIStatusError)


@dataclass(frozen=True)
class Outcome:
    """What an SDK made of an answer.

    Attributes:
        kind: The class: of the parsed object, or of the error.
        said: The parsed object; of a stream, each event; of an error, what it tells.
        status: Of the last attempt.
        retries: How often the SDK asked again.
    """

    kind: type[Any]
    said: Any
    status: int
    retries: int


def asking(url: str, one: Interaction) -> Callable[[], Outcome]:
    """How one recorded request is made again, against another host."""
    if "anthropic" in one.host:
        return lambda: _stainless(_anthropic(url, one), one, {"betas": _betas(one)})
    if "groq" in one.host:
        return lambda: _stainless(_groq(url), one, {})
    if "mistral" in one.host:
        return lambda: _mistral(url, one)
    if "generativelanguage" in one.host:
        return lambda: _gemini(url, one)
    if "bedrock" in one.host:
        return lambda: _bedrock(url, one)
    return lambda: _stainless(_openai(url, one), one, {})


# -- SDKs that Stainless generates: OpenAI, Anthropic, Groq --------------------------------------
def _openai(url: str, one: Interaction) -> Any:
    kind = "/responses" if one.path.endswith("/responses") else "/chat/completions"
    client = openai.OpenAI(base_url=url + one.path.removesuffix(kind), api_key="none")
    return client, client.responses if kind == "/responses" else client.chat.completions


def _anthropic(url: str, one: Interaction) -> Any:
    client = anthropic.Anthropic(base_url=url, api_key="none")
    return client, client.beta.messages if "beta=true" in one.query else client.messages


def _groq(url: str) -> Any:
    client = groq.Groq(base_url=url, api_key="none")
    return client, client.chat.completions


def _betas(one: Interaction) -> list[str]:
    named = one.headers.get("anthropic-beta", "")
    return named.split(",") if named else []


def _stainless(made: Any, one: Interaction, more: dict[str, Any]) -> Outcome:
    client, resource = made
    known = inspect.signature(resource.create).parameters
    body = plain(one.body)
    given = {key: value for key, value in body.items() if key in known}
    given |= {key: value for key, value in more.items() if value and key in known}
    extra = {key: value for key, value in body.items() if key not in known}
    with client:
        try:
            raw = resource.with_raw_response.create(**given, extra_body=extra or None, timeout=600)
            said = raw.parse()
            found = list(said) if body.get("stream") is True else said
        except STATUS_ERRORS as error:
            retried = error.response.request.headers.get("x-stainless-retry-count", "0")
            told = (str(error), error.body)
            return Outcome(type(error), told, error.status_code, int(retried))
        return Outcome(type(said), found, raw.status_code, raw.retries_taken)


# -- others -------------------------------------------------------------------------------------
def _mistral(url: str, one: Interaction) -> Outcome:
    with Mistral(api_key="none", server_url=url) as client:
        given = {key: value for key, value in plain(one.body).items() if key != "stream"}
        said = client.chat.complete(**given)
    return Outcome(type(said), said, 200, 0)


def _gemini(url: str, one: Interaction) -> Outcome:
    client = genai.Client(api_key="none", http_options=types.HttpOptions(base_url=url))
    body = plain(one.body)
    config = {
        **body.get("generationConfig", {}),
        **{key: body[key] for key in ("systemInstruction", "tools", "toolConfig") if key in body},
    }
    given = {
        "model": one.path.rpartition("/")[2].partition(":")[0],
        "contents": body["contents"],
        "config": types.GenerateContentConfig.model_validate(config),
    }
    with contextlib.closing(client):
        if ":stream" in one.path:
            events = list(client.models.generate_content_stream(**given))
            return Outcome(list, [_without_head(it) for it in events], 200, 0)
        said = client.models.generate_content(**given)
    return Outcome(type(said), _without_head(said), 200, 0)


def _without_head(said: Any) -> Any:
    """Leave the HTTP headers of the day out."""
    return said.model_copy(update={"sdk_http_response": None})


_BEDROCK = {
    "converse": ("converse", "output"),
    "converse-stream": ("converse_stream", "stream"),
    "invoke-with-response-stream": ("invoke_model_with_response_stream", "body"),
}
"""By the end of the path: the client's method, and where its answer has what was said."""


def _bedrock(url: str, one: Interaction) -> Outcome:
    before, _, verb = one.path.rpartition("/")
    model = unquote(before.removeprefix("/model/"))
    method, said_in = _BEDROCK[verb]
    body = plain(one.body)
    given = {"body": json.dumps(body)} if verb.startswith("invoke") else body
    client = _session().create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="none",
        aws_secret_access_key="none",
        config=Config(read_timeout=600),
    )
    with contextlib.closing(client):
        try:
            said = getattr(client, method)(modelId=model, **given)
        except ClientError as error:  # the client makes a class of its own for each code
            said = error.response
            head = said["ResponseMetadata"]
            return Outcome(
                ClientError, (str(error), said), head["HTTPStatusCode"], head["RetryAttempts"]
            )
        head = said["ResponseMetadata"]
        if said_in != "output":
            said = {**said, said_in: list(said[said_in])}
    return Outcome(dict, said, head["HTTPStatusCode"], head["RetryAttempts"])


@functools.cache
def _session() -> Any:
    """One session for all: it reads the descriptions of the services from disk."""
    return botocore.session.Session()
