"""OpenAI\'s row of the registry."""

from types import MappingProxyType

from translators.providers.conversation import Batches
from translators.providers.direct import Direct
from translators.providers.openai import embeddings, native, responses, responses_output
from translators.providers.openai.models import derived_model, headers
from translators.providers.openai.request import line
from translators.providers.openai.response import answer
from translators.providers.openai.rows import receipt
from translators.providers.provider import Embeddings, Native, OtherEndpoint, Provider


def _batches() -> Batches:
    from translators.providers import uploaded_files

    return uploaded_files


def _direct() -> Direct:
    from translators.providers.openai import direct

    return direct


PROVIDER = Provider(
    name="openai",
    documentation="https://platform.openai.com/docs/guides/batch",
    load_batches=_batches,
    line=line,
    receipt=receipt,
    answer=answer,
    headers=headers,
    base_url="https://api.openai.com/v1",
    base_url_variables=("OPENAI_BASE_URL",),
    key_variables=("OPENAI_API_KEY",),
    max_requests=50_000,
    max_bytes=200_000_000,
    takes_files=True,
    derived_model=derived_model,
    load_direct=_direct,
    embeddings=Embeddings(line=embeddings.line, answer=embeddings.answer),
    native=MappingProxyType({"openai.chat": Native(line=native.line, answer=native.answer)}),
    other_endpoints=MappingProxyType(
        {"responses": OtherEndpoint(line=responses.line, answer=responses_output.answer)}
    ),
)
