"""What dialects of chats and of prompts have in common: where system text goes, what an answer says."""

from collections.abc import Sequence

from translators.bedrock import converse
from translators.errors import Refused


def split_system(
    messages: list[converse.Message],
) -> tuple[list[converse.SystemBlock] | None, list[converse.Message]]:
    """The system text that a conversation opens with, and the turns that follow.

    Where nothing follows, the system text is all there is to answer, and stays where it is.
    """
    if messages[0].role != "system":
        return None, messages
    opening = next((index for index, turn in enumerate(messages) if turn.role != "system"), 0)
    if opening == 0:
        return None, messages
    texts = [block.text for turn in messages[:opening] for block in turn.content if block.text]
    return [converse.SystemBlock(text) for text in texts] or None, messages[opening:]


def text_of(block: converse.ContentBlock) -> str | None:
    """The words of a block; None for one that is made of something else."""
    if block.citations_content is not None:
        return "".join(part.text for part in block.citations_content.content or ())
    return block.text


def reasoning_of(content: Sequence[converse.ContentBlock]) -> str:
    """What the model thought, where it shows that."""
    return "".join(
        block.reasoning_content.reasoning_text.text
        for block in content
        if block.reasoning_content is not None and block.reasoning_content.reasoning_text is not None
    )


def unsupported_block(block: converse.ContentBlock, index: int, accepted: str) -> Refused:
    """The refusal of a block of an answer that a dialect cannot show."""
    named = zip(block.__struct_fields__, block.__struct_encode_fields__, strict=True)
    name = next((name for member, name in named if getattr(block, member) is not None), "an empty block")
    return Refused(f"content[{index}]", f"{name} cannot be shown; accepted are {accepted}")
