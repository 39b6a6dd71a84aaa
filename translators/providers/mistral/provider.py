"""Mistral's row of the registry."""

from types import MappingProxyType

from translators.providers.chat_completions import native_plain
from translators.providers.conversation import Batches
from translators.providers.direct import Direct
from translators.providers.mistral import native
from translators.providers.mistral.embeddings import EMBEDDINGS
from translators.providers.mistral.models import MODELS, derived_model
from translators.providers.mistral.native_answer import answer as native_answer
from translators.providers.mistral.native_answer import without_prefix
from translators.providers.mistral.request import line
from translators.providers.mistral.response import answer
from translators.providers.mistral.rows import receipt
from translators.providers.native.plain_bodies import Plain
from translators.providers.provider import Native, Provider


def _batches() -> Batches:
    from translators.providers.mistral import batches

    return batches


def _direct() -> Direct:
    from translators.providers.mistral import direct

    return direct


PROVIDER = Provider(
    name="mistral",
    documentation="https://docs.mistral.ai/studio-api/batch-processing",
    load_batches=_batches,
    line=line,
    receipt=receipt,
    answer=answer,
    models=MODELS,
    base_url="https://api.mistral.ai",
    base_url_variables=(),
    key_variables=("MISTRAL_API_KEY",),
    max_requests=100_000,
    max_bytes=512_000_000,
    takes_files=True,
    derived_model=derived_model,
    embeddings=EMBEDDINGS,
    native=MappingProxyType(
        {
            "mistral.chat": Native(
                line=native.line,
                plain=Plain(native_plain.Body, native.plain_line),
                answer=native_answer,
                following=without_prefix,
            )
        }
    ),
    load_direct=_direct,
)
