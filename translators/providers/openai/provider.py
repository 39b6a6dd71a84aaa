"""OpenAI's row of the registry."""

from types import MappingProxyType

from translators.providers.chat_completions.rows import receipt
from translators.providers.chat_completions.server import load_direct
from translators.providers.conversation import Batches
from translators.providers.openai import endpoints, responses, responses_output
from translators.providers.openai.embeddings import EMBEDDINGS
from translators.providers.openai.models import CHAT, MODELS
from translators.providers.provider import OtherEndpoint, Provider


def _batches() -> Batches:
    from translators.providers import uploaded_files

    return uploaded_files


PROVIDER = Provider(
    name="openai",
    documentation="https://platform.openai.com/docs/guides/batch",
    load_batches=_batches,
    line=endpoints.line,
    receipt=receipt,
    answer=endpoints.answer,
    models=MODELS,
    base_url="https://api.openai.com/v1",
    base_url_variables=("OPENAI_BASE_URL",),
    key_variables=("OPENAI_API_KEY",),
    max_requests=50_000,
    max_bytes=200_000_000,
    takes_files=True,
    # no derived_model: Bedrock's OpenAI models are the open-weight `gpt-oss` ones, which OpenAI does not run
    load_direct=load_direct,
    embeddings=EMBEDDINGS,
    native=CHAT.native,
    other_endpoints=MappingProxyType(
        {"responses": OtherEndpoint(line=responses.line, answer=responses_output.answer)}
    ),
)
