"""System messages among the turns: where they cannot stand they become a part of the system prompt.

Models before Opus 4.8 take none, later ones take them right after a user's turn (Anthropic:
build-with-claude/mid-conversation-system-messages), and none may come first: 400 "use the top-level 'system'
parameter for the initial system prompt" (diegosouzapw/OmniRoute#13072). Only the next answer is made, so what
is said to the system later may as well be said before.
"""

from collections.abc import Sequence

from translators.bedrock.converse import ContentBlock, Note, Request, SystemBlock
from translators.providers.anthropic.parts import REFUSED
from translators.providers.content_blocks import unplaced
from translators.providers.rules.model_rules import ModelRules

_NONE: frozenset[int] = frozenset()
_MOVED = Note("messages.role", "mapped", "a system message is sent as a part of the system prompt")


def misplaced(roles: Sequence[str], rules: ModelRules, notes: list[Note]) -> frozenset[int]:
    """The indices of the system messages that have to be in the system prompt."""
    if "system" not in roles:
        return _NONE
    found: set[int] = set()
    before = "assistant"
    for index, role in enumerate(roles):
        if role == "system" and (not rules.system_turns or before == "assistant"):
            found.add(index)
        else:
            before = role
    if any(role != "system" for role in roles[: max(found, default=0)]):
        notes.append(_MOVED)
    return frozenset(found)


def system_blocks(request: Request, moved: frozenset[int]) -> Sequence[SystemBlock]:
    """The system prompt, with these messages at its end. Raises `Refused`."""
    blocks = list(request.system or ())
    for index in sorted(moved):
        for number, block in enumerate(request.messages[index].content):
            blocks.append(_system_block(block, f"messages[{index}].content[{number}]"))
    return blocks


def _system_block(block: ContentBlock, path: str) -> SystemBlock:
    if block.text is None and block.cache_point is None:
        raise unplaced(block, path, REFUSED)
    return SystemBlock(text=block.text, cache_point=block.cache_point)
