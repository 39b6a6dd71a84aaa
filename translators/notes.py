"""Notes on what translation changes."""

from typing import Literal

from msgspec import Struct


class Note(Struct, frozen=True, cache_hash=True):
    """A member of a record or of its answer that was dropped or mapped, or `sent` as it is though the model
    may take it for something else; counted in the job's report."""

    field: str
    """Path in the Converse request: `inferenceConfig.topK`, `additionalModelRequestFields.top_k`; in the body
    for members without a counterpart in Converse."""
    effect: Literal["dropped", "mapped", "sent"]
    detail: str = ""

    @property
    def text(self) -> str:
        """The note as people read it: `dropped inferenceConfig.topK (…)`."""
        return f"{self.effect} {self.field} ({self.detail})" if self.detail else f"{self.effect} {self.field}"
