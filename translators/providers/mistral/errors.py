"""Error responses of Mistral's API."""

from functools import partial

from translators.providers.api_responses import ErrorText, ResponseReader, error_of
from translators.providers.mistral.refusals import code_of, message_of


def _message_and_code(body: object) -> ErrorText:
    return message_of(body), code_of(body)


READER = ResponseReader(partial(error_of, message_and_code=_message_and_code))
