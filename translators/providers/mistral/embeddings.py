"""Mistral's embeddings (Mistral: embeddings/text_embeddings, embeddings/code_embeddings)."""

from translators.bedrock.converse import Note
from translators.providers.batch_file import Line
from translators.providers.chat_completions.embeddings import ENDPOINT, EmbeddingServer, VectorSize
from translators.providers.chat_completions.lines import short_line_of
from translators.providers.mistral.rows import body_of

_MISTRAL_EMBED = VectorSize(1024, 1024, can_be_less=False)
_CODESTRAL_EMBED = VectorSize(1536, 3072, can_be_less=True)


def _line(custom_id: str, body: dict[str, object], notes: list[Note], inputs: int) -> Line:
    return short_line_of(custom_id, ENDPOINT, body, notes)


EMBEDDINGS = EmbeddingServer(
    provider="Mistral",
    sizes={
        "mistral-embed": _MISTRAL_EMBED,
        "mistral-embed-2312": _MISTRAL_EMBED,
        "codestral-embed": _CODESTRAL_EMBED,
        "codestral-embed-2505": _CODESTRAL_EMBED,
    },
    dimensions="output_dimension",
    names_model=False,
    id_in_row=False,
    write=_line,
    body_of=body_of,
)
