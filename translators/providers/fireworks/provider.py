"""Fireworks AI\'s row of the registry."""

from types import MappingProxyType

from translators.providers.conversation import Batches
from translators.providers.direct import Direct
from translators.providers.fireworks.chat import line, native_line
from translators.providers.fireworks.rows import answer, native_answer, receipt
from translators.providers.openai.models import derived_model, headers
from translators.providers.provider import Native, Provider


def _batches() -> Batches:
    from translators.providers.fireworks import batches

    return batches


def _direct() -> Direct:
    from translators.providers.fireworks import direct

    return direct


PROVIDER = Provider(
    name="fireworks",
    documentation="https://docs.fireworks.ai/guides/batch-inference",
    load_batches=_batches,
    line=line,
    receipt=receipt,
    answer=answer,
    headers=headers,
    base_url="https://api.fireworks.ai/v1/accounts/{FIREWORKS_ACCOUNT_ID}",
    base_url_variables=(),
    key_variables=("FIREWORKS_API_KEY",),
    max_requests=1_000_000,  # no number is stated; the bytes decide
    max_bytes=149_000_000,  # one upload may have 150 MB, with its envelope
    derived_model=derived_model,
    load_direct=_direct,
    native=MappingProxyType({"openai.chat": Native(line=native_line, answer=native_answer)}),
)
