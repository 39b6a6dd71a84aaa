"""Azure OpenAI's row of the registry."""

from translators.providers.azure.chat import CHAT, headers
from translators.providers.azure.models import MODELS
from translators.providers.chat_completions.rows import receipt
from translators.providers.conversation import Batches
from translators.providers.direct import Direct
from translators.providers.openai.embeddings import EMBEDDINGS
from translators.providers.provider import Provider


def _batches() -> Batches:
    from translators.providers.azure import batches

    return batches


def _direct() -> Direct:
    from translators.providers.azure import direct

    return direct


PROVIDER = Provider(
    name="azure",
    documentation="https://learn.microsoft.com/azure/ai-foundry/openai/how-to/batch",
    load_batches=_batches,
    line=CHAT.line,
    receipt=receipt,
    answer=CHAT.answer,
    models=MODELS,
    headers=headers,
    base_url="{AZURE_OPENAI_ENDPOINT}",
    base_url_variables=(),
    key_variables=("AZURE_OPENAI_AD_TOKEN", "AZURE_OPENAI_API_KEY"),
    max_requests=100_000,
    max_bytes=200_000_000,
    takes_files=True,
    embeddings=EMBEDDINGS,
    load_direct=_direct,
    native=CHAT.native,
)
