"""Base64 text as applications write it, brought into the one form that every provider takes.

Line ends and blanks (Ruby's `encode64`, Python's `encodebytes`, the command `base64`) and the beginning of a
data URI are removed. What is no base64 then is the record's error: some providers refuse a batch for it.
"""

import re

from translators.errors import Refused

_DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_PADDING = frozenset({b"", b"=", b"=="})
_BLANKS = b" \t\r\n\f\v"
_URI = re.compile(r"\s*data:[^,]{0,200};base64,", re.IGNORECASE)


def is_base64(text: bytes) -> bool:
    """Whether the text is base64 with padding and nothing else, and not empty."""
    rest = text.translate(None, _DIGITS)
    return rest in _PADDING and len(text) % 4 == 0 and text.endswith(rest) and text != b""


def base64_at(text: str, path: str) -> str:
    """The text as base64 and nothing else. Raises `Refused`, which names the path."""
    if text.isascii() and is_base64(text.encode()):
        return text
    found = _URI.match(text)
    data = text[found.end() :] if found is not None else text
    if not data.isascii():
        raise Refused(path, "is not base64: it has characters outside of ASCII")
    plain = data.encode().translate(None, _BLANKS)
    if not is_base64(plain):
        raise Refused(path, f"is not base64: {_flaw(plain)}")
    return plain.decode()


def _flaw(text: bytes) -> str:
    if not text:
        return "it is empty"
    wrong = text.rstrip(b"=").translate(None, _DIGITS)
    if wrong:
        return f"it has {wrong[:1].decode()!r}"
    return f"its {len(text):,} characters are padded wrongly"
