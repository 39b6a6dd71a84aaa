"""Azure OpenAI\'s row of the registry."""

from types import MappingProxyType

from translators.providers.azure.chat import headers, line, native_line
from translators.providers.conversation import Batches
from translators.providers.direct import Direct
from translators.providers.openai import embeddings, native
from translators.providers.openai.models import derived_model
from translators.providers.openai.response import answer
from translators.providers.openai.rows import receipt
from translators.providers.provider import Embeddings, Native, Provider


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
    line=line,
    receipt=receipt,
    answer=answer,
    headers=headers,
    base_url="{AZURE_OPENAI_ENDPOINT}",
    base_url_variables=(),
    key_variables=("AZURE_OPENAI_AD_TOKEN", "AZURE_OPENAI_API_KEY"),
    max_requests=100_000,
    max_bytes=200_000_000,
    takes_files=True,
    derived_model=derived_model,
    embeddings=Embeddings(line=embeddings.line, answer=embeddings.answer),
    load_direct=_direct,
    native=MappingProxyType({"openai.chat": Native(line=native_line, answer=native.answer)}),
)
