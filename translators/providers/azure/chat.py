"""Deployments as servers of chat completions, and how a key is sent (Azure: how-to/batch, reference)."""

from translators.providers.azure.models import MODELS
from translators.providers.chat_completions.server import ChatServer
from translators.providers.chat_completions.traits import Traits, traits_of


def headers(key: str) -> dict[str, str]:
    """A key of the resource, or a token of Microsoft Entra ID, which is a JSON Web Token."""
    if key.startswith("eyJ") and key.count(".") == 2:
        return {"Authorization": f"Bearer {key}"}
    return {"api-key": key}


CHAT = ChatServer(traits=traits_of(MODELS, Traits()), url="/chat/completions")
"""The documentation's samples leave the `/v1` out of lines and batches."""
