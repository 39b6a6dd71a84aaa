"""Error answers of Anthropic's API."""

import httpx

from translators.errors import ProviderError
from translators.providers.answers import retry_after


def checked(response: httpx.Response) -> httpx.Response:
    """The response, when it is a success. Raises `ProviderError` when it is not."""
    if response.is_success:
        return response
    raise provider_error(response)


def provider_error(response: httpx.Response) -> ProviderError:
    """What an error answer says: `{"error": {"type", "message", "details"}}`, or anything from a server
    before the API (a body above the limit is refused by the edge).

    The code is the one in the details, which tells an exhausted budget from a rate limit; else the type.
    """
    message, code = _words(response)
    return ProviderError(
        response.status_code,
        message or f"HTTP {response.status_code} {response.reason_phrase}".strip(),
        code=code,
        retry_after=retry_after(response.headers),
    )


def _words(response: httpx.Response) -> tuple[str, str | None]:
    try:
        body: object = response.json()
    except ValueError:
        return response.text.strip(), None
    match body:
        case {"error": {"message": str(message), "details": {"error_code": str(code)}}}:
            return message, code
        case {"error": {"message": str(message), "type": str(kind)}}:
            return message, kind
        case {"error": {"message": str(message)}} | {"error": str(message)} | {"message": str(message)}:
            return message, None
        case _:
            return response.text.strip(), None
