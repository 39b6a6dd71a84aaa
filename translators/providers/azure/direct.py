"""Chat completions and embeddings of a deployment, requested one by one (Azure: reference)."""

import httpx

from translators.providers.azure.batches import versioned
from translators.providers.chat_completions import direct
from translators.providers.chat_completions.direct import custom_id, error, row
from translators.providers.conversation import Endpoint

__all__ = ["custom_id", "error", "request", "row"]


def request(endpoint: Endpoint, line: bytes, model: str, group: str) -> httpx.Request:
    """The request that the line stands for."""
    return direct.request(versioned(endpoint), line, model, group)
