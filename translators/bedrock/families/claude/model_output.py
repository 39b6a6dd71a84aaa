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
from translators.bedrock.model_ids import parse
from translators.errors import Refused

_ENCODER = msgspec.json.Encoder()
_UNFIT_FOR_ID = re.compile(r"[^A-Za-z0-9_]")
_VERSION = re.compile(r"(?<=\d)-v\d+(:.*)?$")

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
    stop_reason = _stop_reason(answer)
    message = wire.Answer(
        id=f"msg_bdrk_{_UNFIT_FOR_ID.sub('', answer.id)}",
        type="message",
        role="assistant",
        model=_short_name(model_id) or answer.model,
        content=[_block(block, index) for index, block in enumerate(response.output.message.content)],
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


def _stop_reason(answer: converse.Answer) -> wire.StopReason:
    if answer.refusal:
        return "refusal"
    reason = _STOP_REASONS.get(answer.response.stop_reason)
    if reason is None:
        raise Refused("stop_reason", f"{answer.response.stop_reason!r} is nothing a Claude message can say")
    return reason


@lru_cache
def _short_name(model_id: str) -> str | None:
    """Anthropic's name of a model (`claude-3-haiku-20240307`, without `-v1:0`); None for other vendors'."""
    model = parse(model_id)
    return _VERSION.sub("", model.model) if model.vendor == "anthropic" else None


def _block(block: converse.ContentBlock, index: int) -> wire.AnswerBlock:
    if block.text is not None:
        return wire.Text(block.text)
    if block.tool_use is not None:
        return wire.ToolUse(block.tool_use.tool_use_id, block.tool_use.name, block.tool_use.input)
    if block.reasoning_content is not None:
        return _thinking(block.reasoning_content)
    if block.citations_content is not None:
        return _cited(block.citations_content, f"content[{index}].citations")
    raise Refused(f"content[{index}]", "accepted are text, tool use, reasoning and citations")


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


def _cited(content: converse.CitationsContent, path: str) -> wire.CitedText:
    return wire.CitedText(
        text="".join(part.text for part in content.content or ()),
        citations=[
            to_claude(citation, f"{path}[{index}]") for index, citation in enumerate(content.citations or ())
        ],
    )
