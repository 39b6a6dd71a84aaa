"""Anthropic's row of the registry."""

from types import MappingProxyType

from translators.providers.anthropic.models import MODELS, derived_model, headers
from translators.providers.anthropic.native import plain
from translators.providers.anthropic.native.answer import answer as native_answer
from translators.providers.anthropic.native.body import line as native_line
from translators.providers.anthropic.request import ENVELOPE, MOST_BYTES, line
from translators.providers.anthropic.response import answer
from translators.providers.anthropic.results import receipt
from translators.providers.conversation import Batches
from translators.providers.direct import Direct
from translators.providers.provider import Native, Provider


def _batches() -> Batches:
    from translators.providers.anthropic import batches

    return batches


def _direct() -> Direct:
    from translators.providers.anthropic import direct

    return direct


PROVIDER = Provider(
    name="anthropic",
    documentation="https://platform.claude.com/docs/en/build-with-claude/batch-processing",
    load_batches=_batches,
    line=line,
    receipt=receipt,
    answer=answer,
    models=MODELS,
    headers=headers,
    base_url="https://api.anthropic.com",
    base_url_variables=("ANTHROPIC_BASE_URL",),
    key_variables=("ANTHROPIC_API_KEY",),
    max_requests=100_000,
    max_bytes=MOST_BYTES - ENVELOPE,
    marks_batches=False,
    derived_model=derived_model,
    native=MappingProxyType(
        {"anthropic.messages": Native(line=native_line, plain=plain.PLAIN, answer=native_answer)}
    ),
    load_direct=_direct,
)
