"""Gemini's finish reasons in Converse's words (Gemini: generate-content, `FinishReason`; google-genai)."""

from collections.abc import Mapping
from types import MappingProxyType

from translators.bedrock.converse import StopReason

STOP_REASONS: Mapping[str, StopReason] = MappingProxyType(
    {
        "STOP": "end_turn",
        "MAX_TOKENS": "max_tokens",
        "CONTINUATION": "max_tokens",  # the limit of one request; a row of a batch cannot be continued
        "SAFETY": "content_filtered",
        "PROHIBITED_CONTENT": "content_filtered",
        "BLOCKLIST": "content_filtered",
        "SPII": "content_filtered",
        "RECITATION": "content_filtered",
        "LANGUAGE": "content_filtered",
        "MODEL_ARMOR": "content_filtered",
        "IMAGE_SAFETY": "content_filtered",
        "IMAGE_PROHIBITED_CONTENT": "content_filtered",
        "IMAGE_RECITATION": "content_filtered",
        "IMAGE_OTHER": "content_filtered",
        "NO_IMAGE": "content_filtered",
        "MALFORMED_FUNCTION_CALL": "malformed_tool_use",
        "UNEXPECTED_TOOL_CALL": "malformed_tool_use",
        "TOO_MANY_TOOL_CALLS": "malformed_tool_use",
        "MALFORMED_RESPONSE": "malformed_model_output",
        "OTHER": "malformed_model_output",
    }
)
"""STOP also stands for a stop sequence; Gemini does not report which of the two it was. The other reasons
(a missing thought signature, an account that is limited) leave no answer to speak of."""

_NUMBERED = (None, "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER")
"""Finish reasons in the order of their numbers, for responses with numeric enums, as seen on the live API;
beyond these, Google's two APIs count differently."""


def word_of(finish_reason: object) -> object:
    """The word for a number; others as they are."""
    if isinstance(finish_reason, int) and 0 <= finish_reason < len(_NUMBERED):
        return _NUMBERED[finish_reason]
    return finish_reason
