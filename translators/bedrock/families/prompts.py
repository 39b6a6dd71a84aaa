"""Prompts: conversations that an application wrote as one text, in the words of a model's template.

Each family knows its template; here is what they share. Templates trim what is said, so white space around
a turn is the template's, not the turn's.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

from translators.bedrock import converse
from translators.bedrock.families import converse_content
from translators.errors import Refused

type StopReason = Literal["stop", "length"]

_STOP_REASONS: Mapping[converse.StopReason, StopReason] = MappingProxyType(
    {
        "end_turn": "stop",
        "stop_sequence": "stop",
        "max_tokens": "length",
        "model_context_window_exceeded": "length",
    }
)
"""A completion has no word for an answer that was withheld or is malformed."""


_NOTHING_ASKED = converse.InferenceConfig()


def message(role: converse.Role, text: str) -> converse.Message:
    """A turn that is a text."""
    return converse.Message(role, [converse.ContentBlock(text)])


def free_text(text: str) -> list[converse.Message]:
    """A prompt without a template: one question. Raises `Refused` when there is none."""
    if not text or text.isspace():
        raise Refused("prompt", "is empty")
    return [message("user", text)]


def request(
    messages: list[converse.Message],
    config: converse.InferenceConfig,
    extras: dict[str, object] | None = None,
    notes: tuple[converse.Note, ...] = (),
) -> converse.Request:
    """The turns of a prompt as a request. Raises `Refused` when there are none."""
    if not messages:
        raise Refused("prompt", "has no turn")
    system, conversation = converse_content.split_system(messages)
    asked = None if config == _NOTHING_ASKED else config
    return converse.NotedRequest(conversation, system, asked, None, extras or None, notes=notes)


def stop_sequences(asked: list[str] | None, is_mark: Callable[[str], object]) -> list[str] | None:
    """The stop sequences without the marks of the template: turns that are messages end by themselves."""
    return [sequence for sequence in asked or () if not is_mark(sequence.strip())] or None


def misplaced(what: str, position: int) -> Refused:
    """The refusal of a prompt that breaks its template. `position` counts characters from 0."""
    return Refused("prompt", f"{what} at character {position}")


def completion(answer: converse.Answer) -> str:
    """What an answer says. Raises `Refused` for what is no text; reasoning is left out."""
    said: list[str] = []
    for index, block in enumerate(answer.response.output.message.content):
        text = converse_content.text_of(block)
        if text is not None:
            said.append(text)
        elif block.reasoning_content is None:
            raise converse_content.unsupported_block(block, index, "text and reasoning")
    return "".join(said)


def stop_reason(answer: converse.Answer) -> StopReason:
    """Why the text ends. A refusal in words is a text like any other.

    Raises `Refused` where neither word is true.
    """
    if answer.refusal and any(map(converse_content.text_of, answer.response.output.message.content)):
        return "stop"
    reason = _STOP_REASONS.get(answer.response.stop_reason)
    if reason is None:
        raise Refused(
            "stop_reason",
            f"{answer.response.stop_reason!r} is nothing a completion can say; it has stop, length",
        )
    return reason


def prompt_tokens(usage: converse.Usage) -> int:
    """Tokens of the whole prompt, cached or not."""
    return usage.input_tokens + (usage.cache_read_input_tokens or 0) + (usage.cache_write_input_tokens or 0)
