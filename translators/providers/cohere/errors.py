"""Error answers of Cohere's API: `{"message"}` (Cohere: reference/errors)."""

import httpx

from translators.errors import ProviderError
from translators.providers.answers import retry_after


def checked(response: httpx.Response) -> httpx.Response:
    """The response, when it is a success. Raises `ProviderError` when it is not."""
    if response.is_success:
        return response
    raise provider_error(response)


def provider_error(response: httpx.Response) -> ProviderError:
    """What an error answer says."""
    return ProviderError(
        response.status_code,
        _words(response) or f"HTTP {response.status_code} {response.reason_phrase}".strip(),
        retry_after=retry_after(response.headers),
    )


def _words(response: httpx.Response) -> str:
    try:
        body: object = response.json()
    except ValueError:
        return response.text.strip()
    match body:
        case {"message": str(message)}:
            return message
        case _:
            return response.text.strip()
