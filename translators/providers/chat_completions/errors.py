"""Error responses of OpenAI's API and of servers like it (OpenAI: guides/error-codes)."""

from translators.providers.api_responses import ResponseReader, error_of

READER = ResponseReader(error_of)
