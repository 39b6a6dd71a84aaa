"""Chat completions and embeddings of a deployment, requested one by one (Azure: reference)."""

import httpx

from translators.providers.azure.batches import versioned
from translators.providers.conversation import Endpoint
from translators.providers.openai import direct
from translators.providers.openai.direct import custom_id, error, row

__all__ = ["custom_id", "error", "request", "row"]


def request(endpoint: Endpoint, line: bytes, model: str, group: str) -> httpx.Request:
    """The request that the line stands for."""
    return direct.request(versioned(endpoint), line, model, group)
