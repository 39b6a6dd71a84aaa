"""xAI\'s row of the registry."""

from types import MappingProxyType

from translators.providers.conversation import Batches
from translators.providers.direct import Direct
from translators.providers.openai.models import derived_model, headers
from translators.providers.provider import Native, Provider
from translators.providers.xai.chat import line, native_line
from translators.providers.xai.rows import answer, native_answer, receipt


def _batches() -> Batches:
    from translators.providers.xai import batches

    return batches


def _direct() -> Direct:
    from translators.providers.xai import direct

    return direct


PROVIDER = Provider(
    name="xai",
    documentation="https://docs.x.ai/docs/guides/batch-api",
    load_batches=_batches,
    line=line,
    receipt=receipt,
    answer=answer,
    headers=headers,
    base_url="https://api.x.ai/v1",
    base_url_variables=(),
    key_variables=("XAI_API_KEY",),
    max_requests=50_000,  # of a file of requests; for requests that are added, none is stated
    max_bytes=25_000_000 - len('{"batch_requests":[]}'),  # of the body that adds requests
    derived_model=derived_model,
    load_direct=_direct,
    native=MappingProxyType({"openai.chat": Native(line=native_line, answer=native_answer)}),
)
