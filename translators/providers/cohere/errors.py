"""Error responses of Cohere's API: `{"message"}` (Cohere: reference/errors)."""

from functools import partial

from translators.providers.api_responses import ErrorText, ResponseReader, error_of


def _message_and_code(body: object) -> ErrorText:
    match body:
        case {"message": str(message)}:
            return message, None
        case _:
            return None, None


READER = ResponseReader(partial(error_of, message_and_code=_message_and_code))
