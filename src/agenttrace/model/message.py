"""Chat messages in one canonical form, which providers and formats both read and write.

The parts follow OpenTelemetry's JSON schemas `gen-ai-input-messages` and `gen-ai-output-messages`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from agenttrace.model.usage import Tokens
from agenttrace.model.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Words. `refusal` says that the model declined with them."""

    content: str
    refusal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoning:
    """What the model thought aloud; `signature` is the provider's seal, sent back unchanged."""

    content: str
    signature: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """The model asks for a tool. `arguments` is the text the model wrote, JSON or not."""

    name: str
    arguments: str
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What the tool said, on its way back to the model."""

    content: Value
    id: str = ""
    is_error: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """A part of another kind (image, audio, file, …), kept as the provider wrote it."""

    type: str
    content: Value = None


Part: TypeAlias = Text | Reasoning | ToolCall | ToolResult | Other


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a conversation.

    Attributes:
        role: `system`, `user`, `assistant`, `tool`, or another word of the provider's.
        parts: What it says.
        name: Who says it, where the provider has a field for that.
        finish_reason: Of an answer: `stop`, `tool_call`, `length`, `content_filter`, …; empty: not
            said.
    """

    role: str
    parts: tuple[Part, ...] = ()
    name: str = ""
    finish_reason: str = ""

    @property
    def text(self) -> str:
        """The words of all text parts, joined."""
        return "".join(part.content for part in self.parts if isinstance(part, Text))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tools that it asks for."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """What a model was asked, whatever language the provider speaks.

    Attributes:
        model: The model that was asked for.
        messages: The conversation.
        tools: The definitions of tools, as the provider wants them.
        parameters: Everything else: temperature, limits, response format.
        stream: Whether the answer is to come in pieces.
    """

    model: str
    messages: tuple[Message, ...] = ()
    tools: tuple[Value, ...] = ()
    parameters: Mapping[str, Value] = field(default_factory=dict)
    stream: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelResponse:
    """What a model said.

    Attributes:
        model: The model that answered.
        messages: One a choice.
        id: The provider's id of the answer.
        tokens: What it used; None: the provider did not say.
        created_s: The provider's time stamp, in seconds; 0: not said.
        error: What an error answer said; empty: it was none.
        extra: Other fields of the provider's worth keeping, such as `system_fingerprint`.
    """

    model: str
    messages: tuple[Message, ...] = ()
    id: str = ""
    tokens: Tokens | None = None
    created_s: int = 0
    error: str = ""
    extra: Mapping[str, Value] = field(default_factory=dict)
