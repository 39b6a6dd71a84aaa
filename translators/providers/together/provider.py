"""Together AI's row of the registry."""

from translators.providers.chat_completions.rows import receipt
from translators.providers.chat_completions.server import load_direct
from translators.providers.conversation import Batches
from translators.providers.provider import Provider
from translators.providers.together.chat import CHAT
from translators.providers.together.models import MODELS


def _batches() -> Batches:
    from translators.providers.together import batches

    return batches


PROVIDER = Provider(
    name="together",
    documentation="https://docs.together.ai/docs/inference/batch/overview",
    load_batches=_batches,
    line=CHAT.line,
    receipt=receipt,
    answer=CHAT.answer,
    models=MODELS,
    base_url="https://api.together.xyz/v1",
    base_url_variables=(),
    key_variables=("TOGETHER_API_KEY",),
    max_requests=50_000,
    max_bytes=100_000_000,
    takes_files=True,
    load_direct=load_direct,
    native=CHAT.native,
)
