"""Prompts written as a transcript: `Human: … Assistant:`, `User: … Bot:`."""

import re
from collections.abc import Mapping

from msgspec import Struct

from translators.bedrock.converse import Message, Role, SystemBlock
from translators.bedrock.families.prompts import free_text, message


class Transcript(Struct, frozen=True, gc=False):
    """A prompt as Converse messages."""

    messages: list[Message]
    system: list[SystemBlock] | None = None
    """Text before the first turn."""
    is_template: bool = False
    """False for free text."""


_BLANK = re.compile(r"\s*")

type _Name = tuple[int, int, Role]
"""Begin and end of a speaker's name in the prompt, and its role. One per turn: a plain tuple is fastest."""


def transcript(prompt: str, speakers: Mapping[str, Role], gap: str) -> Transcript:
    """The turns of a prompt; a prompt that is no transcript is the one message of a user.

    A name starts a turn at the beginning of the prompt and after `gap` and optional spaces; at the very end,
    any white space before the assistant's name is enough (seen on the live API). The first turn is the
    user's and the last the assistant's: text in it is the beginning of the response.

    Raises `Refused` for an empty prompt.
    """
    names = _names(prompt, speakers, gap)
    if not names or names[0][2] != "user" or names[-1][2] != "assistant":
        return Transcript(free_text(prompt))
    messages: list[Message] = []
    until = len(prompt)
    for at, end, role in reversed(names):
        text = prompt[end:until].strip()
        if text or messages:
            messages.append(message(role, text))
        until = at
    messages.reverse()
    before = prompt[:until].strip()
    return Transcript(messages, [SystemBlock(before)] if before else None, is_template=True)


def _names(prompt: str, speakers: Mapping[str, Role], gap: str) -> list[_Name]:
    """The names that start a turn, in order."""
    found: list[_Name] = []
    for name, role in speakers.items():
        at = prompt.find(name)
        while at != -1:
            end = at + len(name)
            if prompt.endswith(gap, 0, at) or _begins(prompt, at, end, role, gap):  # most follow a gap
                found.append((at, end, role))
            at = prompt.find(name, end)
    found.sort()
    return found


def _begins(prompt: str, at: int, end: int, role: Role, gap: str) -> bool:
    """Whether a name from `at` to `end` that is not right behind a gap starts a turn."""
    if prompt.endswith(gap, 0, _without_spaces(prompt, at)) or _BLANK.fullmatch(prompt, 0, at):
        return True
    is_last = role == "assistant" and prompt[at - 1].isspace()
    return is_last and _BLANK.fullmatch(prompt, end) is not None


def _without_spaces(prompt: str, end: int) -> int:
    """The position of the first of the spaces and tabs before `end`."""
    while end > 0 and prompt[end - 1] in " \t":
        end -= 1
    return end


def stop_sequences(requested: list[str] | None, prompt: Transcript, name: str) -> list[str] | None:
    """The stop sequences without the user's name in the transcript.

    It ends the assistant's turn, which a message does by itself.
    """
    if requested is None or not prompt.is_template:
        return requested
    return [sequence for sequence in requested if sequence.strip() != name] or None
