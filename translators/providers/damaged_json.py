"""Reading of result rows that are no valid JSON: what they hold is paid for."""

import re
from collections.abc import Iterator

_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a pair
    rb"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"  # half of one
    rb"|\\."
)
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_REPLACEMENT = rb"\ufffd"
_STRUCTURE = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)


def repaired(data: bytes) -> bytes:
    """The JSON with U+FFFD in place of halves of surrogate pairs and of bytes that are no UTF-8, and with
    control characters escaped."""
    text = data.decode("utf-8", "replace").encode()
    text = _CONTROL.sub(lambda found: b"\\u%04x" % found[0][0], text)
    return _ESCAPE.sub(lambda found: found[0] if found[1] is None else _REPLACEMENT, text)


def elements(data: bytes, name: bytes) -> Iterator[bytes]:
    """The objects in the first array with this name, valid or not; the last one may be cut off."""
    found = re.search(rb'"%b"\s*:\s*\[' % re.escape(name), data)
    if found is None:
        return
    depth, start = 0, found.end()
    for token in _STRUCTURE.finditer(data, found.end()):
        kind = token[0][:1]
        if kind in b"{[":
            if depth == 0:
                start = token.start()
            depth += 1
        elif kind in b"}]":
            if depth == 0:
                return
            depth -= 1
            if depth == 0:
                yield data[start : token.end()]
    if depth:
        yield data[start:]
