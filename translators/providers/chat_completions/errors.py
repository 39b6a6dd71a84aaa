"""Error responses of OpenAI's API and of servers like it (OpenAI: guides/error-codes)."""

from functools import partial

from translators.providers.api_responses import ErrorText, ResponseReader, error_of


def _message_and_code(body: object) -> ErrorText:
    """`{"error": {"message", "code"}}` at OpenAI, anything at others."""
    match body:
        case {"error": {"message": str(message), "code": str(code)}}:
            return message, code
        case {"error": {"message": str(message)}} | {"error": str(message)} | {"message": str(message)}:
            return message, None
        case _:
            return None, None


READER = ResponseReader(partial(error_of, message_and_code=_message_and_code))
