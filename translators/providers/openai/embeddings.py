"""OpenAI's embeddings (OpenAI: guides/embeddings)."""

from translators.bedrock.converse import Note
from translators.providers.batch_file import Line
from translators.providers.chat_completions.embeddings import ENDPOINT, EmbeddingServer, VectorSize
from translators.providers.chat_completions.lines import line_of
from translators.providers.chat_completions.rows import body_of

MOST_INPUTS = 2048
"""Of one request."""


def _line(custom_id: str, body: dict[str, object], notes: list[Note], inputs: int) -> Line:
    """Each input counts as a request of the batch."""
    return line_of(custom_id, ENDPOINT, body, notes, weight=inputs)


EMBEDDINGS = EmbeddingServer(
    provider="OpenAI",
    sizes={
        "text-embedding-3-small": VectorSize(1536, 1536, can_be_less=True),
        "text-embedding-3-large": VectorSize(3072, 3072, can_be_less=True),
        "text-embedding-ada-002": VectorSize(1536, 1536, can_be_less=False),
    },
    dimensions="dimensions",
    names_model=True,
    id_in_row=True,
    most_inputs=MOST_INPUTS,
    write=_line,
    body_of=body_of,
)
