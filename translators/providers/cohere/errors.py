"""Error responses of Cohere's API: `{"message"}` (Cohere: reference/errors)."""

from translators.providers.api_responses import ResponseReader, error_of

READER = ResponseReader(error_of)
