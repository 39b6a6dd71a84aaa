"""Masks secrets in what flows show of this process's own calls.

Headers that carry keys or cookies lose their values. Addresses and bodies lose these values, the parameters
of signed addresses, and members of JSON with the names of keys.
"""

import re
from collections.abc import Iterable, Sequence

from addon.providers.credentials import MASK, PROVIDER_KEY_HEADERS

type Pairs = Sequence[tuple[str, str]]

_SECRET_HEADERS = PROVIDER_KEY_HEADERS | {
    "cookie",
    "proxy-authorization",
    "set-cookie",
    "x-amz-security-token",
    "x-goog-upload-url",
    "x-goog-upload-control-url",
}
_SHORTEST = 6
"""Characters of a secret that is looked for in texts; a shorter one may be an ordinary word."""

_PARAMETER = re.compile(
    rb"((?:[?&;]|\\u0026|&amp;)(?:x-amz-(?:signature|credential|security-token)|x-goog-(?:signature|credential)"
    rb"|signature|sig|key|api[-_]?key|code|token|access[-_]?token|upload[-_]id|awsaccesskeyid|googleaccessid"
    rb"|key-pair-id|policy|secret|password)=)[^&\s\"'\\<>#;]+",
    re.IGNORECASE,
)
_MEMBER = re.compile(
    rb'(\\?"(?:(?:x-)?(?:goog-)?api[-_]?key|(?:access|refresh|id|auth|api|session|security|bearer)[-_]?token'
    rb"|(?:client[-_]?)?secret(?:[-_]?(?:access[-_]?)?key)?|password|private[-_]?key|authorization|signature)"
    rb'\\?"\s*:\s*\\?")[^"\\]+',
    re.IGNORECASE,
)
_BEARER = re.compile(rb"(\b(?:Bearer|Basic)\s+)(?=\S*\d)[\w.~+/=-]{16,}")
_PASSWORD = re.compile(rb"(://[^/\s\"@:]*:)[^/\s\"@]+(?=@)")


class Masks:
    """The secrets of one call."""

    def __init__(self, *headers: Pairs) -> None:
        values: set[str] = set()
        for name, value in (pair for pairs in headers for pair in pairs):
            if name.lower() in _SECRET_HEADERS:
                values.update(_secrets(value))
        self._values = sorted((value.encode() for value in values), key=len, reverse=True)

    def headers(self, pairs: Pairs) -> Pairs:
        return [(name, self._header(name.lower(), value)) for name, value in pairs]

    def text(self, text: str) -> str:
        return self.content(text.encode()).decode(errors="replace")

    def content(self, content: bytes) -> bytes:
        for value in self._values:
            content = content.replace(value, MASK.encode())
        for pattern in (_PARAMETER, _MEMBER, _BEARER, _PASSWORD):
            content = pattern.sub(rb"\1" + MASK.encode(), content)
        return content

    def _header(self, name: str, value: str) -> str:
        if name not in _SECRET_HEADERS:
            return self.text(value)
        scheme, _, rest = value.strip().partition(" ")
        return f"{scheme} {MASK}" if rest and name.endswith("authorization") else MASK


def _secrets(value: str) -> Iterable[str]:
    """The header's value, and its parts where it has a scheme."""
    return (part for part in (value, *value.split(" ")) if len(part) >= _SHORTEST and part != "Bearer")
