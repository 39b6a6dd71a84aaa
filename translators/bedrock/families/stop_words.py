"""A dialect's word for why an answer ended, where it may have none for that."""

from collections.abc import Mapping

from translators.bedrock import converse
from translators.bedrock.families.converse_content import text_of
from translators.errors import Filtered, Refused

_FILTERS: frozenset[converse.StopReason] = frozenset({"content_filtered", "guardrail_intervened"})


def stop_word[Word](answer: converse.Answer, words: Mapping[converse.StopReason, Word], field: str) -> Word:
    """The dialect's word; the nearest, with a note, where it has none for this reason.

    A refusal in words ends as any text does; a text that a filter cut is not whole, as at the limit.
    Raises `Filtered` where a filter left no text, `Refused` where nothing was said for another reason.
    """
    reason = answer.response.stop_reason
    word = words.get(reason)
    if word is not None:
        return word
    content = answer.response.output.message.content
    if not any(text_of(block) or block.tool_use is not None for block in content):
        if reason in _FILTERS:
            raise Filtered(answer.stopped_by)
        raise Refused(field, f"{reason!r} has no word in this dialect, and there is no text")
    filtered = reason in _FILTERS and not answer.refusal
    nearest = words["max_tokens" if filtered else "end_turn"]
    answer.notes.append(converse.Note(field, "mapped", f"{reason} has no word in this dialect: {nearest}"))
    return nearest
