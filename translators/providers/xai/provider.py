"""xAI's row of the registry."""

from translators.providers.conversation import Batches
from translators.providers.direct import Direct
from translators.providers.provider import Provider
from translators.providers.xai.chat import CHAT
from translators.providers.xai.models import MODELS
from translators.providers.xai.rows import receipt


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
    line=CHAT.line,
    receipt=receipt,
    answer=CHAT.answer,
    models=MODELS,
    base_url="https://api.x.ai/v1",
    base_url_variables=(),
    key_variables=("XAI_API_KEY",),
    max_requests=50_000,  # of a file of requests; for requests that are added, none is stated
    max_bytes=25_000_000 - len('{"batch_requests":[]}'),  # of the body that adds requests
    load_direct=_direct,
    native=CHAT.native,
)
