"""Groq\'s row of the registry."""

from types import MappingProxyType

from translators.providers.conversation import Batches
from translators.providers.direct import Direct
from translators.providers.groq.chat import answer, line, native_line
from translators.providers.openai import native
from translators.providers.openai.models import derived_model, headers
from translators.providers.openai.rows import receipt
from translators.providers.provider import Native, Provider


def _batches() -> Batches:
    from translators.providers import uploaded_files

    return uploaded_files


def _direct() -> Direct:
    from translators.providers.openai import direct

    return direct


PROVIDER = Provider(
    name="groq",
    documentation="https://console.groq.com/docs/batch",
    load_batches=_batches,
    line=line,
    receipt=receipt,
    answer=answer,
    headers=headers,
    base_url="https://api.groq.com/openai/v1",
    base_url_variables=(),
    key_variables=("GROQ_API_KEY",),
    max_requests=50_000,
    max_bytes=100_000_000,  # as the SDK and the API reference have it; the guide has twice as much
    takes_files=True,
    derived_model=derived_model,
    load_direct=_direct,
    native=MappingProxyType({"openai.chat": Native(line=native_line, answer=native.answer)}),
)
