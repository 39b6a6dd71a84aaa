"""Error responses of Anthropic's API."""

from functools import partial

from translators.providers.answers.error_bodies import message_of
from translators.providers.api_responses import ErrorText, ResponseReader, error_of


def _message_and_code(body: object) -> ErrorText:
    """`{"error": {"type", "message", "details"}}`, or anything from a server before the API (a body above the
    limit is refused by the edge).

    The code is the one in the details, which separates an exhausted budget from a rate limit; else the type.
    """
    match body:
        case {"error": {"message": str(message), "details": {"error_code": str(code)}}}:
            return message, code
        case {"error": {"message": str(message), "type": str(kind)}}:
            return message, kind
        case _:
            return message_of(body), None


READER = ResponseReader(partial(error_of, message_and_code=_message_and_code))
