"""Groq's row of the registry."""

from translators.providers.chat_completions.rows import receipt
from translators.providers.chat_completions.server import load_direct
from translators.providers.conversation import Batches
from translators.providers.groq.chat import CHAT
from translators.providers.groq.models import MODELS
from translators.providers.provider import Provider


def _batches() -> Batches:
    from translators.providers.groq import batches

    return batches


PROVIDER = Provider(
    name="groq",
    documentation="https://console.groq.com/docs/batch",
    load_batches=_batches,
    line=CHAT.line,
    receipt=receipt,
    answer=CHAT.answer,
    models=MODELS,
    base_url="https://api.groq.com/openai/v1",
    base_url_variables=(),
    key_variables=("GROQ_API_KEY",),
    max_requests=50_000,
    max_bytes=100_000_000,  # as the SDK and the API reference have it; the guide has twice as much
    takes_files=True,
    load_direct=load_direct,
    native=CHAT.native,
)
