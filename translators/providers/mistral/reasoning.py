"""How much the model is to think, and thoughts that come back (Mistral: studio-api/conversations/reasoning).

Mistral knows two efforts, `none` and `high`. A thought may bear a signature, "to replay some reasoning blocks
across turns" (mistralai 3.7: models/thinkchunk.py); in Converse it bears our mark too, so that it can be told
from the signatures of others, which mean nothing to Mistral.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec import Struct

from translators.bedrock.converse import Note, ReasoningContent, ReasoningText, Request
from translators.errors import Refused
from translators.providers.mistral.chunks import Text, Thinking
from translators.providers.mistral.models import Reasoning

type Effort = Literal["none", "high"]

_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_EXTRA = "additionalModelRequestFields"
_MARK = "mistral:"

_UNSAID = Note(
    "messages.content.reasoningContent",
    "dropped",
    "of earlier reasoning Mistral takes text, and nothing sealed",
)
_UNTHOUGHT = Note("messages.content.reasoningContent", "dropped", "the model does not reason")


class _Thinking(Struct, frozen=True):
    """Claude's `thinking`; how it is displayed has no meaning here."""

    type: str
    budget_tokens: int | None = None


def content_of(text: str, signature: str | None) -> ReasoningContent:
    """A thought of an answer, in the hub."""
    return ReasoningContent(ReasoningText(text, None if signature is None else f"{_MARK}{signature}"))


def thinking_of(content: ReasoningContent, notes: list[Note], *, thinks: bool) -> Thinking | None:
    """A thought of an earlier turn, whoever had it; None where the model takes none."""
    said = content.reasoning_text
    if said is None or not thinks:
        notes.append(_UNTHOUGHT if not thinks else _UNSAID)
        return None
    signature = said.signature if said.signature is not None and said.signature.startswith(_MARK) else None
    return Thinking([Text(said.text)], None if signature is None else signature.removeprefix(_MARK))


def effort(
    request: Request, extra: Mapping[str, object], known: Reasoning, notes: list[Note]
) -> Effort | None:
    """What to say of it. Where it is said in several ways, the first of these counts: Claude's thinking
    disabled, OpenAI's word, Bedrock's word, Claude's budget. Raises `Refused`."""
    said: list[tuple[str, object]] = []
    if extra.get("reasoning_effort") is not None:
        said.append((f"{_EXTRA}.reasoning_effort", extra["reasoning_effort"]))
    if request.output_config is not None and request.output_config.effort is not None:
        said.append(("outputConfig.effort", request.output_config.effort))
    thinking = _thinking(extra, notes)
    if thinking is not None:
        said.insert(0 if thinking == "none" else len(said), (f"{_EXTRA}.thinking", thinking))
    if not said:
        return None
    notes += [Note(field, "dropped", f"{said[0][0]} counts") for field, _ in said[1:]]
    field, asked = said[0]
    if asked not in _EFFORTS:
        raise Refused(field, f"{asked!r} is not one of {', '.join(_EFFORTS)}")
    return _sent("none" if asked == "none" else "high", asked, field, known, notes)


def _sent(sent: Effort, asked: object, field: str, known: Reasoning, notes: list[Note]) -> Effort | None:
    if known == "adjustable":
        if asked != sent or field != f"{_EXTRA}.reasoning_effort":
            notes.append(Note(field, "mapped", f"sent as reasoning_effort {sent!r}"))
        return sent
    if known == "always":
        notes.append(Note(field, "dropped", "the model always reasons"))
    elif sent != "none":
        notes.append(Note(field, "dropped", "the model does not reason"))
    return None


def _thinking(extra: Mapping[str, object], notes: list[Note]) -> Effort | None:
    if extra.get("thinking") is None:
        return None
    try:
        asked = msgspec.convert(extra["thinking"], _Thinking)
    except msgspec.ValidationError as error:
        raise Refused(f"{_EXTRA}.thinking", str(error)) from error
    if asked.type == "disabled":
        return "none"
    if asked.type == "adaptive":
        notes.append(Note(f"{_EXTRA}.thinking", "mapped", "nothing is sent: the model decides by itself"))
        return None
    if asked.type != "enabled" or asked.budget_tokens is None:
        raise Refused(f"{_EXTRA}.thinking", f"{asked.type!r} is not 'enabled' with budget_tokens")
    return "high"
