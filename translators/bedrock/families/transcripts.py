"""Prompts that are written as a transcript: `Human: … Assistant:`, `User: … Bot:`."""

import re
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


def transcript(prompt: str, speaker: re.Pattern[str], roles: Mapping[str, Role]) -> Transcript:
    """The prompt's turns. `speaker` finds where one begins and captures who speaks.

    The first turn is the user's and the last the assistant's, which is open: what it holds already is the
    beginning of the answer. Any other prompt is free text, the one message of a user. Raises `Refused`
    for one that is empty.
    """
    before, *turns = speaker.split(prompt)
    said: list[tuple[Role, str]] = [
        (roles[name], text.strip()) for name, text in zip(turns[::2], turns[1::2], strict=True)
    ]
    if not said or (said[0][0], said[-1][0]) != ("user", "assistant"):
        return Transcript(free_text(prompt))
    if not said[-1][1]:
        said.pop()
    messages = [message(role, text) for role, text in said]
    return Transcript(messages, [SystemBlock(before.strip())] if before.strip() else None, is_template=True)


def stop_sequences(asked: list[str] | None, prompt: Transcript, name: str) -> list[str] | None:
    """The stop sequences without the one that is the user's name in the transcript.

    It ends the assistant's turn, and turns that are messages end by themselves.
    """
    if asked is None or not prompt.is_template:
        return asked
    return [sequence for sequence in asked if sequence.strip() != name] or None
