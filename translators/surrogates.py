r"""Halves of surrogate pairs in JSON: characters beyond U+FFFF that were cut in two.

An escape like "\ud83d" is in JSON's grammar, and JavaScript and token limits make it, yet it stands for no
character: decoders refuse it, and it cannot be encoded again.
"""

import re

REPLACEMENT = b"\\ufffd"

_ESCAPES = re.compile(
    rb"""\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}   # both halves of a surrogate pair
          |(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})
          |.)""",
    re.DOTALL | re.VERBOSE,
)
_RAW_HALF = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
"""The same in bytes, as encoders write it that do not check (CESU-8)."""
_RAW_REPLACEMENT = "\ufffd".encode()


def halves(data: bytes) -> list[int]:
    """The places of escapes that stand for half a pair; each is as long as `REPLACEMENT`."""
    return [found.start() for found in _ESCAPES.finditer(data) if found["half"] is not None]


def replaced(data: bytes) -> bytes:
    """The JSON with U+FFFD in place of each half, and of bytes that are no UTF-8; nothing else is changed."""
    if not data.isascii():
        data = _RAW_HALF.sub(_RAW_REPLACEMENT, data).decode(errors="replace").encode()
    whole = bytearray(data)
    for place in halves(data):
        whole[place : place + len(REPLACEMENT)] = REPLACEMENT
    return bytes(whole)
