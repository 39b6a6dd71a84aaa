"""Gemini Developer API's row of the registry."""

from translators.providers.conversation import Batches
from translators.providers.direct import Direct
from translators.providers.gemini import embeddings
from translators.providers.gemini.models import MODELS, derived_model, headers
from translators.providers.gemini.request import line
from translators.providers.gemini.response import answer, receipt
from translators.providers.provider import Provider


def _batches() -> Batches:
    from translators.providers.gemini import batches

    return batches


def _direct() -> Direct:
    from translators.providers.gemini import direct

    return direct


PROVIDER = Provider(
    name="gemini",
    documentation="https://ai.google.dev/gemini-api/docs/batch-api",
    load_batches=_batches,
    line=line,
    receipt=receipt,
    answer=answer,
    models=MODELS,
    headers=headers,
    base_url="https://generativelanguage.googleapis.com",
    base_url_variables=("GOOGLE_GEMINI_BASE_URL",),
    key_variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    # Google documents no number, but tokens waiting in batches (3 million for a model in the first paid tier)
    # and 100 batches at a time: smaller batches find a place in such a queue, a job of a million records
    # still makes no more than 100 of them.
    max_requests=10_000,
    max_bytes=2_000_000_000,
    derived_model=derived_model,
    embeddings=embeddings,
    load_direct=_direct,
)
