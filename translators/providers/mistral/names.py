"""Ids of tool calls as Mistral accepts them."""

import re
import string
from hashlib import sha256

_LENGTH = 9
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_FITS = re.compile(rf"[a-zA-Z0-9]{{{_LENGTH}}}")

NO_ID = "null"
"""The value of an id that is missing (mistralai 3.7: models/toolcall.py)."""


def call_id(word: str) -> str:
    """The id, or where it is not nine letters and digits, nine that are made of it.

    Mistral refuses others: 400 "Tool call id was … but must be a-z, A-Z, 0-9, with a length of 9." (code
    3280). A call and its result agree without a table, since the id is a function of the word alone.
    """
    if _FITS.fullmatch(word) is not None:
        return word
    number = int.from_bytes(sha256(word.encode()).digest())
    digits: list[str] = []
    for _ in range(_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(digits)
