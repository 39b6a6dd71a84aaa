"""Reasoning effort, and reasoning of earlier turns (Mistral: studio-api/conversations/reasoning).

Mistral has two efforts, `none` and `high`. A thought may bear a signature, "to replay some reasoning blocks
across turns" (mistralai 3.7: models/thinkchunk.py); in Converse it also bears our mark, which
distinguishes it from the signatures of other providers.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from translators.bedrock.converse import Note, ReasoningContent, ReasoningText, Request
from translators.providers.chat_completions.parts import Text
from translators.providers.converse_requests import EXTRA, requested_effort, thinking_budget
from translators.providers.mistral.chunks import Thinking
from translators.providers.rules.model_rules import ModelRules

type Effort = Literal["none", "high"]

_MARK = "mistral:"

_SEALED = Note(
    "messages.content.reasoningContent",
    "dropped",
    "of earlier reasoning Mistral takes text, and nothing sealed",
)
_NOT_REASONING = Note("messages.content.reasoningContent", "dropped", "the model does not reason")


def content_of(text: str, signature: str | None) -> ReasoningContent:
    """A thought of an answer, in the hub."""
    return ReasoningContent(ReasoningText(text, None if signature is None else f"{_MARK}{signature}"))


def thinking_of(content: ReasoningContent, notes: list[Note]) -> Sequence[Thinking]:
    """Reasoning of an earlier turn, whatever model it is of."""
    if content.reasoning_text is None:
        notes.append(_SEALED)
        return ()
    text, signature = content.reasoning_text.text, content.reasoning_text.signature or ""
    own = signature.removeprefix(_MARK) if signature.startswith(_MARK) else None
    return (Thinking([Text(text)], own),)


def no_thinking(content: ReasoningContent, notes: list[Note]) -> Sequence[Thinking]:
    """Nothing, for models that accept no reasoning of earlier turns."""
    notes.append(_NOT_REASONING)
    return ()


def effort(
    request: Request, extra: Mapping[str, object], rules: ModelRules, notes: list[Note]
) -> Effort | None:
    """The `reasoning_effort` to send; None for none. Raises `Refused`."""
    budget = thinking_budget(extra, "the model decides by itself", notes)
    requested = requested_effort(request, extra, "high" if isinstance(budget, int) else budget, notes)
    if requested is None:
        return None
    field, asked = requested
    sent: Effort = "none" if asked == "none" else "high"
    if rules.efforts:
        if asked != sent or field != f"{EXTRA}.reasoning_effort":
            notes.append(Note(field, "mapped", f"sent as reasoning_effort {sent!r}"))
        return sent
    if rules.thinks_by_default:
        notes.append(Note(field, "dropped", "the model always reasons"))
    elif sent != "none":
        notes.append(Note(field, "dropped", "the model does not reason"))
    return None
