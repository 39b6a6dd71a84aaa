"""Deployments as servers of chat completions, and how a key is sent (Azure: how-to/batch, reference)."""

from translators.providers.chat_completions.server import ChatServer
from translators.providers.chat_completions.traits import Traits
from translators.providers.openai.models import own_traits

_UNKNOWN_MODEL = Traits()


def headers(key: str) -> dict[str, str]:
    """A key of the resource, or a token of Microsoft Entra ID, which is a JSON Web Token."""
    if key.startswith("eyJ") and key.count(".") == 2:
        return {"Authorization": f"Bearer {key}"}
    return {"api-key": key}


def traits(deployment: str) -> Traits:
    """Traits of the model behind a deployment, as far as the deployment's name shows."""
    name = deployment.lower().replace("gpt-35", "gpt-3.5")
    return own_traits(name) or _UNKNOWN_MODEL


CHAT = ChatServer(traits=traits, url="/chat/completions")
"""The documentation's samples leave the `/v1` out of lines and batches."""
