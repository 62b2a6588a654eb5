"""Catalog: every language that we speak, and which one a request is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.providers.anthropic_messages import AnthropicMessages
from agenttrace.providers.bedrock_converse import BedrockConverse
from agenttrace.providers.gemini import Gemini
from agenttrace.providers.openai_chat import OpenAIChat
from agenttrace.providers.openai_responses import OpenAIResponses

if TYPE_CHECKING:
    from agenttrace.model.values import Value
    from agenttrace.providers.provider import Provider

_PROVIDERS: tuple[Provider, ...] = (
    OpenAIChat(),
    OpenAIResponses(),
    AnthropicMessages(),
    Gemini(),
    BedrockConverse(),
)


def all_providers() -> tuple[Provider, ...]:
    """Every provider, in the order in which they are asked."""
    return _PROVIDERS


def provider_for(method: str, path: str, body: Value) -> Provider | None:
    """The provider whose language a request is in; None: no model that we know is asked."""
    return next((one for one in _PROVIDERS if one.speaks(method, path, body)), None)


def named(name: str) -> Provider | None:
    """The provider of a name, such as `openai-chat`; None where there is none."""
    return next((one for one in _PROVIDERS if one.name == name), None)
