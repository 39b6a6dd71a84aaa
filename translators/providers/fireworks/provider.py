"""Fireworks AI's row of the registry."""

from translators.providers.conversation import Batches
from translators.providers.direct import Direct
from translators.providers.fireworks.chat import CHAT
from translators.providers.fireworks.models import MODELS
from translators.providers.fireworks.rows import receipt
from translators.providers.provider import Provider


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
    line=CHAT.line,
    receipt=receipt,
    answer=CHAT.answer,
    models=MODELS,
    base_url="https://api.fireworks.ai/v1/accounts/{FIREWORKS_ACCOUNT_ID}",
    base_url_variables=(),
    key_variables=("FIREWORKS_API_KEY",),
    max_requests=1_000_000,  # no number is stated; the bytes decide
    max_bytes=149_000_000,  # one upload may have 150 MB, with its envelope
    load_direct=_direct,
    native=CHAT.native,
)
