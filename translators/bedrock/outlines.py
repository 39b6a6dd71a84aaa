"""The members of a JSON object of any size and depth, found without parsing their values.

For input lines that no parser can be given: their values may be invalid in ways that go unnoticed here.
"""

import codecs
import re
from collections.abc import Iterable

import msgspec

type Span = tuple[int, int]
"""Beginning and end of a value, blanks around it included."""

_LONGEST_NAME = 100
"""Bytes; members with longer names are none that are asked for."""

_BETWEEN_MEMBERS = re.compile(rb'[^"{}\[\],:]*+')
_BETWEEN_BRACKETS = re.compile(rb'(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_CHARACTERS = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_STEPS = {ord("{"): (1, 0), ord("}"): (-1, 0), ord("["): (0, 1), ord("]"): (0, -1)}


def outline(pieces: Iterable[bytes]) -> dict[str, Span] | None:
    """The spans of an object's members by name; None where there are only blanks.

    Raises `ValueError` for what is no object, or not whole. A byte order mark before the object is accepted,
    and blanks around it.
    """
    scanner = _Scanner()
    for piece in pieces:
        scanner.read(piece)
    return scanner.ended()


class _Scanner:
    """Follows strings and brackets from piece to piece."""

    def __init__(self) -> None:
        self._spans: dict[str, Span] = {}
        self._offset = 0
        """Of the piece."""
        self._braces = self._brackets = 0
        self._begun = False
        self._in_string = False
        self._escaped = False
        """The last piece ended within an escape."""
        self._name: str | None = None
        self._quoted: bytearray | None = None
        """The characters of a member's name, while and after it is read."""
        self._value = 0
        """Beginning of the current member's value."""

    def read(self, piece: bytes) -> None:
        position = len(codecs.BOM_UTF8) if not self._offset and piece.startswith(codecs.BOM_UTF8) else 0
        while position < len(piece):
            if self._in_string:
                position = self._string(piece, position)
            elif (depth := self._braces + self._brackets) == 0:
                position = self._outside(piece, position)
            else:
                passed = (_BETWEEN_MEMBERS if depth == 1 else _BETWEEN_BRACKETS).match(piece, position)
                position = len(piece) if passed is None else passed.end()
                if position < len(piece):
                    self._token(piece[position], self._offset + position)
                    position += 1
        self._offset += len(piece)

    def ended(self) -> dict[str, Span] | None:
        """The members, after the last piece. Raises `ValueError`."""
        if not self._begun:
            return None
        if self._braces or self._brackets or self._in_string:
            raise ValueError("Input data was truncated")
        return self._spans

    def _outside(self, piece: bytes, position: int) -> int:
        rest = piece[position:].lstrip()
        if rest and (self._begun or rest[:1] != b"{"):
            raise ValueError("trailing characters" if self._begun else "Expected `object`")
        if rest:
            self._begun, self._braces = True, 1
        return len(piece) - max(len(rest) - 1, 0)

    def _string(self, piece: bytes, position: int) -> int:
        found = _CHARACTERS.match(piece, position + self._escaped)
        end = position + self._escaped if found is None else found.end()
        quote = piece[end : end + 1] == b'"'
        after = min(end + 1, len(piece))
        self._in_string, self._escaped = not quote, end < len(piece) and not quote
        if self._quoted is not None and self._name is None and len(self._quoted) < _LONGEST_NAME:
            self._quoted += piece[position : min(after - quote, position + _LONGEST_NAME)]
        return after

    def _token(self, token: int, place: int) -> None:
        if token == ord('"'):
            self._in_string = True
            if self._name is None and self._braces == 1 and self._brackets == 0:
                self._quoted = bytearray()
        elif token == ord(":"):
            self._name, self._value = _text(self._quoted), place + 1
        elif token == ord(","):
            self._close(place)
        else:
            braces, brackets = _STEPS[token]
            self._braces, self._brackets = self._braces + braces, self._brackets + brackets
            if min(self._braces, self._brackets) < 0:
                raise ValueError("brackets do not match")
            if self._braces == self._brackets == 0:
                self._close(place)

    def _close(self, place: int) -> None:
        """End the current member's value."""
        if self._name is not None:
            self._spans[self._name] = (self._value, place)
        self._name = self._quoted = None


def _text(quoted: bytearray | None) -> str:
    """The name of a member. Raises `ValueError`."""
    if quoted is None:
        raise ValueError("a member without a name")
    return "" if len(quoted) >= _LONGEST_NAME else msgspec.json.decode(b'"%b"' % bytes(quoted), type=str)
