"""Converse response → Claude message."""

import base64
import binascii
import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

import msgspec
from msgspec import Raw

from translators.bedrock import converse
from translators.bedrock.families.claude import wire
from translators.bedrock.families.claude.citations import to_claude
from translators.bedrock.families.converse_content import name_of, unsupported_block
from translators.bedrock.families.stop_words import stop_word
from translators.bedrock.model_ids import parse

_ENCODER = msgspec.json.Encoder()
_UNFIT_FOR_ID = re.compile(r"[^A-Za-z0-9_]")
_VERSION = re.compile(r"(?<=\d)-v\d+(:.*)?$")

_ACCEPTED = "text, tool use, reasoning and citations"
_NO_PLACE = converse.Note("content.citations", "dropped", "a citation without a location")

_STOP_REASONS: Mapping[converse.StopReason, wire.StopReason] = MappingProxyType(
    {
        "end_turn": "end_turn",
        "max_tokens": "max_tokens",
        "stop_sequence": "stop_sequence",
        "tool_use": "tool_use",
        "content_filtered": "refusal",
        "guardrail_intervened": "refusal",
        "model_context_window_exceeded": "model_context_window_exceeded",
    }
)
"""Claude has no stop reason for a malformed answer."""


def output(answer: converse.Answer, model_id: str, model_input: Raw) -> bytes:
    """The Claude message. Raises `Refused` for what it cannot express."""
    response = answer.response
    content = _content(answer)
    stop_reason = stop_word(answer, _STOP_REASONS, "stop_reason")
    message = wire.Answer(
        id=f"msg_bdrk_{_UNFIT_FOR_ID.sub('', answer.id)}",
        type="message",
        role="assistant",
        model=_short_name(model_id) or answer.model,
        content=content,
        stop_reason=stop_reason,
        stop_sequence=answer.stop_sequence if stop_reason == "stop_sequence" else None,
        usage=wire.Usage(
            input_tokens=response.usage.input_tokens,
            cache_creation_input_tokens=response.usage.cache_write_input_tokens or 0,
            cache_read_input_tokens=response.usage.cache_read_input_tokens or 0,
            output_tokens=response.usage.output_tokens,
        ),
    )
    return _ENCODER.encode(message)


@lru_cache
def _short_name(model_id: str) -> str | None:
    """Anthropic's name of a model (`claude-3-haiku-20240307`, without `-v1:0`); None for other vendors'."""
    model = parse(model_id)
    return _VERSION.sub("", model.model) if model.vendor == "anthropic" else None


def _content(answer: converse.Answer) -> list[wire.AnswerBlock]:
    """The blocks; those that Claude has not are left out with a note, where there are others.

    Raises `Refused`.
    """
    content = answer.response.output.message.content
    blocks = [_block(block, answer.notes) for block in content]
    known = [block for block in blocks if block is not None]
    if content and not known:
        raise unsupported_block(content[0], 0, _ACCEPTED)
    answer.notes += [
        converse.Note(f"content.{name_of(block)}", "dropped", f"a Claude message has {_ACCEPTED} only")
        for block, shown in zip(content, blocks, strict=True)
        if shown is None
    ]
    return known


def _block(block: converse.ContentBlock, notes: list[converse.Note]) -> wire.AnswerBlock | None:
    if block.text is not None:
        return wire.Text(block.text)
    if block.tool_use is not None:
        return wire.ToolUse(block.tool_use.tool_use_id, block.tool_use.name, block.tool_use.input)
    if block.reasoning_content is not None:
        return _thinking(block.reasoning_content)
    if block.citations_content is not None:
        return _cited(block.citations_content, notes)
    return None


def _thinking(content: converse.ReasoningContent) -> wire.Thinking | wire.RedactedThinking:
    if content.reasoning_text is not None:
        text = content.reasoning_text
        # Only Claude signs its reasoning; its messages always have the member.
        return wire.Thinking(text.text, text.signature if text.signature is not None else "")
    return wire.RedactedThinking(_opaque(content.redacted_content or ""))


def _opaque(blob: str) -> str:
    """The text that Claude's blobs encode; blobs of other providers unchanged."""
    try:
        return base64.b64decode(blob, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return blob


def _cited(content: converse.CitationsContent, notes: list[converse.Note]) -> wire.CitedText | wire.Text:
    text = "".join(part.text for part in content.content or ())
    citations = [to_claude(citation) for citation in content.citations or ()]
    located = [citation for citation in citations if citation is not None]
    if len(located) < len(citations):
        notes.append(_NO_PLACE)
    return wire.CitedText(text, located)
