"""Prompts: conversations written as one text in a model's template; what the families with one share.

Templates trim the text of a turn, so white space around it belongs to the template.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

from translators.bedrock import converse
from translators.bedrock.families import converse_content
from translators.bedrock.families.stop_words import stop_word
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
"""A completion has no stop reason for an answer that was filtered or is malformed."""

_EMPTY_CONFIG = converse.InferenceConfig()


def message(role: converse.Role, text: str) -> converse.Message:
    """A message of one text block."""
    return converse.Message(role, [converse.ContentBlock(text)])


def free_text(text: str) -> list[converse.Message]:
    """A prompt without a template as one user message. Raises `Refused` for an empty prompt."""
    if not text or text.isspace():
        raise Refused("prompt", "is empty")
    return [converse.Message("user", [converse.ContentBlock(text)])]


def request(
    messages: list[converse.Message],
    config: converse.InferenceConfig,
    extras: dict[str, object] | None = None,
    notes: tuple[converse.Note, ...] = (),
) -> converse.Request:
    """The Converse request for the turns of a prompt. Raises `Refused` when there are none."""
    if not messages:
        raise Refused("prompt", "has no turn")
    system = None
    if messages[0].role == "system":
        system, messages = converse_content.split_system(messages)
    inference = None if config == _EMPTY_CONFIG else config
    return converse.NotedRequest(messages, system, inference, None, extras or None, notes=notes)


def stop_sequences(requested: list[str] | None, is_mark: Callable[[str], object]) -> list[str] | None:
    """The stop sequences without the marks of the template, which end a turn: a message does so by itself."""
    return [sequence for sequence in requested or () if not is_mark(sequence.strip())] or None


def misplaced(what: str, position: int) -> Refused:
    """The error for a prompt that breaks its template. `position` counts characters from 0."""
    return Refused("prompt", f"{what} at character {position}")


def completion(answer: converse.Answer) -> str:
    """The text of an answer without its reasoning. Raises `Refused` where there is only other content."""
    return answer.separator.join(converse_content.texts_in(answer, "text and reasoning"))


def stop_reason(answer: converse.Answer) -> StopReason:
    """The stop reason of a completion. Raises `Refused` for an answer without a text that none fits."""
    return stop_word(answer, _STOP_REASONS, "stop_reason")


def prompt_tokens(usage: converse.Usage) -> int:
    """Number of tokens of the whole prompt, cached ones included."""
    return usage.input_tokens + (usage.cache_read_input_tokens or 0) + (usage.cache_write_input_tokens or 0)
