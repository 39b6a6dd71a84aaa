"""A record as a line that a deployment answers, and how a key is sent (Azure: how-to/batch, reference)."""

from typing import Literal

from msgspec import Raw

from translators.bedrock.converse import Request
from translators.providers.openai import native, request
from translators.providers.openai.models import Traits, own_traits
from translators.providers.rows import Line
from translators.wire import Members

ENDPOINT: Literal["/chat/completions"] = "/chat/completions"
"""What lines and batches name: the documentation's samples leave the `/v1` out."""

_UNKNOWN_MODEL = Traits()


def headers(key: str) -> dict[str, str]:
    """A key of the resource, or a token of Microsoft Entra ID, which is a JSON Web Token."""
    if key.startswith("eyJ") and key.count(".") == 2:
        return {"Authorization": f"Bearer {key}"}
    return {"api-key": key}


def traits(deployment: str) -> Traits:
    """What the model behind a deployment takes, as far as the deployment's name tells."""
    name = deployment.lower().replace("gpt-35", "gpt-3.5")
    return own_traits(name) or _UNKNOWN_MODEL


def line(custom_id: str, asked: Request, deployment: str) -> Line:
    """The line that asks a deployment for this record's answer. Raises `Refused`."""
    return request.line_for(custom_id, asked, deployment, traits(deployment), ENDPOINT)


def native_line(custom_id: str, model_input: Raw | Members, deployment: str) -> Line:
    """The line that asks for what a chat completion's body asks for. Raises `Refused`."""
    return native.line_for(custom_id, model_input, deployment, traits(deployment), ENDPOINT)
