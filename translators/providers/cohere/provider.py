"""Cohere's row of the registry."""

from translators.providers.cohere import embeddings
from translators.providers.cohere.models import MODELS, derived_model
from translators.providers.cohere.request import line
from translators.providers.cohere.response import answer
from translators.providers.cohere.rows import receipt
from translators.providers.conversation import Batches
from translators.providers.provider import Provider


def _batches() -> Batches:
    from translators.providers.cohere import batches

    return batches


PROVIDER = Provider(
    name="cohere",
    documentation="https://docs.cohere.com/reference/create-batch",
    load_batches=_batches,
    line=line,
    receipt=receipt,
    answer=answer,
    models=MODELS,
    base_url="https://api.cohere.com",
    base_url_variables=("CO_API_URL",),
    key_variables=("CO_API_KEY", "COHERE_API_KEY"),
    max_requests=10_000,  # no page names a limit; a result file is read in one piece, so batches are small
    max_bytes=100_000_000,
    derived_model=derived_model,
    embeddings=embeddings,
    scales_vectors=True,
)
