"""Error answers of Mistral's API."""

import httpx

from translators.errors import ProviderError
from translators.providers.answers import retry_after
from translators.providers.mistral.refusals import code, words


def checked(response: httpx.Response) -> httpx.Response:
    """The response, when it is a success. Raises `ProviderError` when it is not."""
    if response.is_success:
        return response
    raise provider_error(response)


def provider_error(response: httpx.Response) -> ProviderError:
    """What an error answer says."""
    try:
        body: object = response.json()
    except ValueError:
        body = None
    message = words(body) or response.text.strip()
    return ProviderError(
        response.status_code,
        message or f"HTTP {response.status_code} {response.reason_phrase}".strip(),
        code=code(body),
        retry_after=retry_after(response.headers),
    )
