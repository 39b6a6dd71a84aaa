"""Error responses of OpenAI's API and of servers like it (OpenAI: guides/error-codes)."""

from functools import partial

from translators.providers.answers.error_bodies import message_of
from translators.providers.api_responses import ErrorText, ResponseReader, error_of


def _message_and_code(body: object) -> ErrorText:
    """`{"error": {"message", "code"}}` at OpenAI, anything at others, which have codes of their own."""
    match body:
        case {"error": {"code": str(code)}}:
            return message_of(body), code
        case _:
            return message_of(body), None


READER = ResponseReader(partial(error_of, message_and_code=_message_and_code))
