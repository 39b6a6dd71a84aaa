"""What tools gave, for providers whose tool messages hold nothing but text: everything else stands in the
user's message that follows, and is pointed to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from translators.bedrock.converse import Note, ToolResultBlock, ToolResultContent
from translators.errors import Refused


@dataclass(frozen=True, kw_only=True)
class ToolTexts[Part]:
    """A provider's way of saying it."""

    text: Callable[[str], Part]
    is_text: Callable[[Part], bool]
    parts: Callable[[ToolResultContent, str, list[Note]], Sequence[Part]]
    failed: Note
    """That an error is told in words."""
    moved: Note
    """That something stands in the message that follows."""

    def of(self, result: ToolResultBlock, path: str, attached: list[Part], notes: list[Note]) -> list[Part]:
        """The texts of a result; what must be moved comes to the end of `attached`. Raises `Refused`."""
        if result.type is not None:
            raise Refused(f"{path}.type", f"{result.type!r} is a tool of another provider's server")
        texts: list[Part] = []
        if result.status == "error":
            notes.append(self.failed)
            texts.append(self.text("The tool reported an error:"))
        for index, content in enumerate(result.content):
            if content.json is not None:
                texts.append(self.text(msgspec.json.encode(content.json).decode()))
                continue
            for part in self.parts(content, f"{path}.content[{index}]", notes):
                if self.is_text(part):
                    texts.append(part)
                else:
                    number = sum(not self.is_text(earlier) for earlier in attached) + 1
                    texts.append(self.text(f"See attachment {number} in the next message."))
                    attached += [self.text(f"Attachment {number}:"), part]
                    notes.append(self.moved)
        return texts
