"""Vertex AI's row of the registry."""

from types import MappingProxyType

from translators.providers.conversation import Batches
from translators.providers.provider import Native, Provider
from translators.providers.vertex.lines import line, native_line
from translators.providers.vertex.models import MODELS, address, derived_model, is_claude, unusable
from translators.providers.vertex.rows import answer, native_answer, receipt


def _batches() -> Batches:
    from translators.providers.vertex import batches

    return batches


PROVIDER = Provider(
    name="vertex",
    documentation="https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/capabilities/batch-inference",
    load_batches=_batches,
    line=line,
    receipt=receipt,
    answer=answer,
    models=MODELS,
    base_url="",  # the location's own
    base_url_variables=("GOOGLE_VERTEX_BASE_URL",),
    settings=MappingProxyType(
        {
            "project": "GOOGLE_CLOUD_PROJECT",
            "location": "GOOGLE_CLOUD_LOCATION",
            "staging": "BEDROCK_BATCH_STAGING",
        }
    ),
    address=address,
    probe="/batchPredictionJobs?pageSize=1",
    key_variables=("GOOGLE_OAUTH_ACCESS_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN"),
    login="google",
    max_requests=200_000,  # Google: models/capabilities/batch-inference
    max_bytes=1_000_000_000,
    derived_model=derived_model,
    unusable=unusable,
    native=MappingProxyType(
        {"anthropic.messages": Native(line=native_line, answer=native_answer, speaks=is_claude)}
    ),
)
