"""Together AI\'s row of the registry."""

from types import MappingProxyType

from translators.providers.conversation import Batches
from translators.providers.direct import Direct
from translators.providers.openai import native
from translators.providers.openai.models import derived_model, headers
from translators.providers.openai.rows import receipt
from translators.providers.provider import Native, Provider
from translators.providers.together.chat import answer, line, native_line


def _batches() -> Batches:
    from translators.providers.together import batches

    return batches


def _direct() -> Direct:
    from translators.providers.openai import direct

    return direct


PROVIDER = Provider(
    name="together",
    documentation="https://docs.together.ai/docs/inference/batch/overview",
    load_batches=_batches,
    line=line,
    receipt=receipt,
    answer=answer,
    headers=headers,
    base_url="https://api.together.xyz/v1",
    base_url_variables=(),
    key_variables=("TOGETHER_API_KEY",),
    max_requests=50_000,
    max_bytes=100_000_000,
    takes_files=True,
    derived_model=derived_model,
    load_direct=_direct,
    native=MappingProxyType({"openai.chat": Native(line=native_line, answer=native.answer)}),
)
