"""Answers in Anthropic's own format, as they are: Bedrock's differ in nothing but the prefixes of their ids.

AWS: model-parameters-anthropic-claude-messages.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Raw, Struct

from translators.bedrock.converse import Answer, Note, Request, StopReason
from translators.errors import RecordError
from translators.providers.answers.stop_reasons import stop_reason
from translators.providers.anthropic import response
from translators.providers.anthropic.results import Succeeded, outcome
from translators.providers.batch_file import Unfinished
from translators.wire import ModelOutput


class _Block(Struct):
    type: str
    text: str | None = None


class _Usage(Struct):
    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None


class _Message(Struct):
    """A message of the usual form, as applications read it."""

    usage: _Usage
    content: list[_Block] = []
    stop_reason: Any = None
    id: str | None = None
    model: str | None = None


_MEMBERS = msgspec.json.Decoder(dict[str, Raw])
_MESSAGE = msgspec.json.Decoder(_Message)

_STOP_REASONS: Mapping[str, StopReason] = MappingProxyType(
    {
        "end_turn": "end_turn",
        "max_tokens": "max_tokens",
        "stop_sequence": "stop_sequence",
        "tool_use": "tool_use",
        "pause_turn": "end_turn",  # is passed on
        "refusal": "content_filtered",
        "model_context_window_exceeded": "model_context_window_exceeded",
    }
)
_WORDS = {reason: word for word, reason in _STOP_REASONS.items() if word != "pause_turn"}


def answer(row: bytes) -> ModelOutput | Answer | RecordError | Unfinished:
    """The message in a row as Anthropic wrote it, or the error in its place.

    Bedrock's own messages differ in nothing but the prefixes of their ids, so these stay.
    """
    result = outcome(row)
    return answer_in(result.message) if isinstance(result, Succeeded) else result


def answer_in(message: Raw) -> ModelOutput | Answer | RecordError:
    """The message as Anthropic wrote it; in the hub where labels in it are not the usual ones."""
    try:
        read = _MESSAGE.decode(message)
    except (ValueError, RecursionError):
        return response.answer_in(message, _nothing_asked)
    if any(block.text is not None and block.type != "text" for block in read.content):
        return response.answer_in(message, _nothing_asked)
    if isinstance(read.stop_reason, str) and read.stop_reason in _STOP_REASONS:
        return ModelOutput(bytes(message), read.usage.input_tokens, read.usage.output_tokens)
    return _oddly_ended(message, read)


def _oddly_ended(message: Raw, read: _Message) -> ModelOutput:
    """The message with Anthropic's word for why it ended, where it has a text and a server's own word."""
    notes: list[Note] = []
    said = [block for block in read.content if block.text]
    reason = stop_reason(read.stop_reason, _STOP_REASONS, "stop_reason", said, notes)
    output = bytes(message)
    if not isinstance(reason, RecordError):
        members = _MEMBERS.decode(message)
        called = reason == "end_turn" and any(block.type == "tool_use" for block in read.content)
        members["stop_reason"] = Raw(msgspec.json.encode("tool_use" if called else _WORDS[reason]))
        output = msgspec.json.encode(members)
    return ModelOutput(output, read.usage.input_tokens, read.usage.output_tokens, tuple(notes))


def _nothing_asked() -> Request:
    """In place of the record: what was sent as it is has no names to map back."""
    return Request([])
