"""Prompts that are written as a transcript: `Human: … Assistant:`, `User: … Bot:`."""

from collections.abc import Mapping
from typing import NamedTuple

from translators.bedrock.converse import Message, Role, SystemBlock
from translators.bedrock.families.prompts import free_text, message


class Transcript(NamedTuple):
    """What a prompt says."""

    messages: list[Message]
    system: list[SystemBlock] | None = None
    """What stands before the first turn."""
    is_template: bool = False
    """Whether it was a transcript at all, and its speakers' names mean turns."""


type _Name = tuple[int, int, Role]
"""Where a speaker's name begins and ends, and who that is. Made for every turn: a plain tuple is quickest."""


def transcript(prompt: str, speakers: Mapping[str, Role], gap: str) -> Transcript:
    """The prompt's turns. A name begins one at the beginning and after the gap; spaces between do not count.
    At the very end any white space before the assistant's name will do (seen on the live API).

    The first turn is the user's and the last the assistant's, which is open: what it holds already is the
    beginning of the answer. Any other prompt is free text, the one message of a user. Raises `Refused`
    for one that is empty.
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
    """Where turns begin, in their order."""
    found: list[_Name] = []
    first, last = len(prompt) - len(prompt.lstrip()), len(prompt.rstrip())
    for name, role in speakers.items():
        at = prompt.find(name)
        while at != -1:
            end = at + len(name)
            is_last = end == last and role == "assistant" and prompt[at - 1 : at].isspace()
            if at == first or is_last or prompt.endswith(gap, 0, _without_spaces(prompt, at)):
                found.append((at, end, role))
            at = prompt.find(name, end)
    found.sort()
    return found


def _without_spaces(prompt: str, end: int) -> int:
    """Where the spaces begin that stand before `end`."""
    while end > 0 and prompt[end - 1] in " \t":
        end -= 1
    return end


def stop_sequences(asked: list[str] | None, prompt: Transcript, name: str) -> list[str] | None:
    """The stop sequences without the one that is the user's name in the transcript.

    It ends the assistant's turn, and turns that are messages end by themselves.
    """
    if asked is None or not prompt.is_template:
        return asked
    return [sequence for sequence in asked if sequence.strip() != name] or None
