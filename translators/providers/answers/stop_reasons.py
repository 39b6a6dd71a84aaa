"""Converse's stop reason for any word of a server.

Servers that speak a provider's format have words of their own (`eos_token`, `abort`) or of other vendors'
(`SAFETY`, `end_turn`), or none. The text beside such a word is paid for all the same.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from translators.bedrock.converse import Note, StopReason
from translators.errors import RecordError

_WORDS: Mapping[str, StopReason] = MappingProxyType(
    {
        **dict.fromkeys(
            ("stop", "end", "end_turn", "eos", "eos_token", "complete", "completed", "finish", "finished"),
            "end_turn",
        ),
        **dict.fromkeys(("tool_calls", "tool_call", "tool_use", "function_call"), "end_turn"),
        **dict.fromkeys(("stop_sequence", "stop_criteria_met", "stop_str"), "stop_sequence"),
        **dict.fromkeys(
            ("length", "max_tokens", "max_output_tokens", "max_new_tokens", "max_length"), "max_tokens"
        ),
        **dict.fromkeys(("model_length", "model_context_window_exceeded"), "model_context_window_exceeded"),
        **dict.fromkeys(
            ("content_filter", "content_filtered", "refusal", "safety", "recitation", "blocklist", "spii",
             "prohibited_content", "guardrail_intervened", "error_toxic"),
            "content_filtered",
        ),
    }
)  # fmt: skip
"""Words of all vendors, in small letters. Calls decide themselves whether they end a turn."""

_FILTER = re.compile(r"filter|safety|refus|block|prohibit|guard|toxic|moderat")
_CUT_SHORT = re.compile(
    r"length|max|limit|trunc|abort|error|fail|time_?out|cancel|interrupt|incomplete|pause|insufficient"
)
_LONGEST_WORD = 40
"""Characters of a word in notes, which a job's report counts by their text."""
_LONGEST_CONTENT = 1000
"""Characters of an unreadable content in an error."""


def shown(word: object) -> str:
    """The word in notes and messages."""
    return repr(word)[:_LONGEST_WORD]


def stop_reason(
    word: object, own: Mapping[str, StopReason], field: str, content: Sequence[object], notes: list[Note]
) -> StopReason | RecordError:
    """Converse's word; the nearest, with a note, for one that is not the provider's `own`.

    An error for an answer with no content whose word does not explain that.
    """
    known = own.get(word) if isinstance(word, str) else None
    if known is not None:
        return known
    vendors = _WORDS.get(word.lower()) if isinstance(word, str) else None
    reason = _nearest(word) if vendors is None else vendors
    if vendors is None and reason != "content_filtered" and not content:
        return RecordError(502, f"the provider stopped with {shown(word)}, with neither text nor call")
    notes.append(Note(field, "mapped", f"{shown(word)} read as {reason}"))
    return reason


def neither_text_nor_call(unread: object) -> RecordError:
    """The record's error where nothing of the answer's content can be read."""
    found = msgspec.json.encode(unread).decode()
    return RecordError(502, f"the provider's answer has neither text nor call: {found[:_LONGEST_CONTENT]}")


def _nearest(word: object) -> StopReason:
    """Of an answer that was cut off for whatever reason, the limit is nearest: it is not whole."""
    text = word.lower() if isinstance(word, str) else ""
    if _FILTER.search(text):
        return "content_filtered"
    return "max_tokens" if _CUT_SHORT.search(text) else "end_turn"
