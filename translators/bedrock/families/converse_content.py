"""Helpers on Converse messages and content blocks that several dialects share."""

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


def texts_in(answer: converse.Answer, accepted: str, *, calls: bool = False) -> list[str]:
    """The texts of an answer, without its reasoning and, where the dialect has `calls`, without those.

    Other content beside them is left out with a note. Raises `Refused` where there is nothing else.
    """
    texts: list[str] = []
    others: list[tuple[converse.ContentBlock, int]] = []
    called = False
    for index, block in enumerate(answer.response.output.message.content):
        text = text_of(block)
        if text is not None:
            texts.append(text)
        elif calls and block.tool_use is not None:
            called = True
        elif block.reasoning_content is None:
            others.append((block, index))
    if others and not called and not any(texts):
        raise unsupported_block(*others[0], accepted)
    answer.notes += [
        converse.Note(f"content.{name_of(block)}", "dropped", f"the dialect has {accepted} only")
        for block, _ in others
    ]
    return texts


def reasoning_of(answer: converse.Answer) -> str:
    """The text of all reasoning blocks; empty where there is none."""
    return answer.separator.join(
        block.reasoning_content.reasoning_text.text
        for block in answer.response.output.message.content
        if block.reasoning_content is not None and block.reasoning_content.reasoning_text is not None
    )


def name_of(block: converse.ContentBlock) -> str:
    """The name of the one member that is set."""
    named = zip(block.__struct_fields__, block.__struct_encode_fields__, strict=True)
    return next((name for member, name in named if getattr(block, member) is not None), "an empty block")


def unsupported_block(block: converse.ContentBlock, index: int, accepted: str) -> Refused:
    """The error for a content block of an answer that a dialect cannot express."""
    return Refused(f"content[{index}]", f"{name_of(block)} cannot be shown; accepted are {accepted}")
