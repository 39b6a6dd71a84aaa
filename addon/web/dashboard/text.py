"""Texts of others made safe to look at: characters that hide or reorder what is there become escapes.

HTML is the templates' concern: they escape everything. This is about what a browser would show wrongly, or
not at all.
"""

import re

from markupsafe import Markup

LONGEST = 20_000
"""Characters of one text that a page shows at most."""
SHORT = 300
"""Characters of it that are shown before somebody asks for more."""

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and line feed: ANSI sequences begin with one
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff"  # halves of characters, which no page can hold
    "\U000e0000-\U000e007f]"  # tags: text that no font shows
)


def visible(value: object) -> object:
    """The text with an escape such as `\\u202e` for each character that is invisible or changes the
    direction; other values and finished markup as they are. The templates apply it to all they show."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return _INVISIBLE.sub(_escape, value)


def one_line(text: str, longest: int = SHORT) -> str:
    """The beginning of a text, in one line."""
    start = " ".join(text[: 4 * longest].split())
    return start if len(start) <= longest and len(text) <= 4 * longest else f"{start[:longest]}…"


def size(count: int) -> str:
    """A number of characters or bytes, for people."""
    for unit, length in (("MB", 1_000_000), ("kB", 1_000)):
        if count >= length:
            return f"{count / length:.1f} {unit}"
    return f"{count} B"


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
