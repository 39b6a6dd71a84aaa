"""Helpers on Converse messages and content blocks that several dialects share."""

from collections.abc import Sequence

from translators.bedrock import converse
from translators.errors import Refused


def split_system(
    messages: list[converse.Message],
) -> tuple[list[converse.SystemBlock] | None, list[converse.Message]]:
    """The leading system messages as system blocks, and the messages that follow.

    A conversation of system messages alone stays as it is: Converse needs at least one message.
    """
    if messages[0].role != "system":
        return None, messages
    opening = next((index for index, turn in enumerate(messages) if turn.role != "system"), 0)
    if opening == 0:
        return None, messages
    texts = [block.text for turn in messages[:opening] for block in turn.content if block.text]
    return [converse.SystemBlock(text) for text in texts] or None, messages[opening:]


def text_of(block: converse.ContentBlock) -> str | None:
    """The text of a text or citations block; None for other blocks."""
    if block.citations_content is not None:
        return "".join(part.text for part in block.citations_content.content or ())
    return block.text


def reasoning_of(content: Sequence[converse.ContentBlock]) -> str:
    """The text of all reasoning blocks; empty where there is none."""
    return "".join(
        block.reasoning_content.reasoning_text.text
        for block in content
        if block.reasoning_content is not None and block.reasoning_content.reasoning_text is not None
    )


def unsupported_block(block: converse.ContentBlock, index: int, accepted: str) -> Refused:
    """The error for a content block of an answer that a dialect cannot express."""
    named = zip(block.__struct_fields__, block.__struct_encode_fields__, strict=True)
    name = next((name for member, name in named if getattr(block, member) is not None), "an empty block")
    return Refused(f"content[{index}]", f"{name} cannot be shown; accepted are {accepted}")
