"""Decodes JSON that a provider sent. What is paid for is not lost because of the labels beside it.

JSON of the expected form is decoded in one pass. Where that fails, halves of surrogate pairs become U+FFFD,
and members of another type than the expected one are left out, each with a note.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from types import MappingProxyType, UnionType
from typing import Any, cast

import msgspec
from msgspec import Raw, inspect

from translators.bedrock.converse import Note
from translators.surrogates import replaced

_LOST = object()
_NULL = b"null"
type _Number = float | str
type _Numbers = tuple[float, ...]
_SCALARS: Mapping[type[inspect.Type], Any] = MappingProxyType(
    {
        inspect.IntType: _Number,
        inspect.FloatType: float,
        inspect.StrType: str,
        inspect.BoolType: bool,
        inspect.NoneType: None,
        inspect.DateTimeType: datetime,
        inspect.VarTupleType: _Numbers,
        inspect.AnyType: object,
    }
)
_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_ARRAY = msgspec.json.Decoder(list[Raw])


class Reader[Shape]:
    """Decodes JSON to one shape, which has only the members in use."""

    def __init__(self, shape: type[Shape] | UnionType) -> None:
        self._decoder: msgspec.json.Decoder[Shape] = msgspec.json.Decoder(shape)

    @cached_property
    def _kind(self) -> inspect.Type:
        return inspect.type_info(self._decoder.type)

    def decode(self, data: bytes | Raw, notes: list[Note] | None = None) -> Shape:
        """The value; a note for each member that was left out. Raises `ValueError` or `RecursionError`."""
        try:
            return self._decoder.decode(data)
        except msgspec.ValidationError:
            found = _salvaged(self._kind, bytes(data), "", [] if notes is None else notes)
            if found is _LOST:
                raise
            return cast("Shape", found)
        except ValueError as error:
            return self.decode(_replaced(data, error), notes)

    def decode_whole(self, data: bytes) -> Shape:
        """The value, of the expected form in all members: for documents that hold results of many records.

        Raises `ValueError` or `RecursionError`.
        """
        try:
            return self._decoder.decode(data)
        except msgspec.ValidationError:
            raise
        except ValueError as error:
            return self._decoder.decode(_replaced(data, error))


def _replaced(data: bytes | Raw, error: ValueError) -> bytes:
    """The JSON without halves of surrogate pairs. Raises the error of decoding it where it has none."""
    whole = replaced(bytes(data))
    if whole == bytes(data):
        raise error
    return whole


_ANY = Reader[Any](object)


def compact(data: bytes | Raw) -> bytes:
    """The JSON on one line, as result rows have it. Raises `ValueError`."""
    data = bytes(data)
    try:
        text = msgspec.json.format(data, indent=-1)
        text.decode()  # which formatting does not check
    except ValueError:
        text = msgspec.json.format(replaced(data), indent=-1)
    return text


def parsed(data: bytes | Raw) -> Any:
    """The JSON as values; as text where it is none."""
    try:
        return _ANY.decode(data)
    except (ValueError, RecursionError):
        return bytes(data).decode(errors="replace")


def _salvaged(kind: inspect.Type, raw: bytes, path: str, notes: list[Note]) -> Any:
    """The value as this type, without what does not fit; `_LOST` where nothing does."""
    match kind:
        case inspect.StructType():
            return _struct(kind, raw, path, notes)
        case inspect.ListType(item_type=item) if raw[:1] == b"[":
            return _list(item, raw, path, notes)
        case inspect.DictType(value_type=value) if raw[:1] == b"{":
            members = _OBJECT.decode(raw).items()
            values = {name: _salvaged(value, bytes(one), path, notes) for name, one in members}
            return {name: one for name, one in values.items() if one is not _LOST}
        case inspect.UnionType(types=kinds):
            texts_first = sorted(kinds, key=lambda one: isinstance(one, inspect.IntType | inspect.FloatType))
            found = (_salvaged(one, raw, path, notes) for one in texts_first)
            return next((one for one in found if one is not _LOST), _LOST)
        case inspect.RawType():
            return Raw(raw)
        case inspect.ListType() | inspect.DictType():
            return _LOST
        case _:
            return _scalar(kind, raw)


def _struct(kind: inspect.StructType, raw: bytes, path: str, notes: list[Note]) -> Any:
    if raw[:1] != b"{":
        return _LOST
    members, values = _OBJECT.decode(raw), dict[str, Any]()
    for field in kind.fields:
        if field.encode_name not in members:
            continue
        member = bytes(members[field.encode_name])
        place = f"{path}.{field.encode_name}" if path else field.encode_name
        value = _salvaged(field.type, member, place, notes)
        if value is not _LOST:
            values[field.name] = value
        else:
            _drop(member, place, notes)
    if any(field.required and field.name not in values for field in kind.fields):
        return _LOST
    return kind.cls(**values)


def _list(item: inspect.Type, raw: bytes, path: str, notes: list[Note]) -> list[Any]:
    values = list[Any]()
    for one in map(bytes, _ARRAY.decode(raw)):
        value = _salvaged(item, one, path, notes)
        if value is not _LOST:
            values.append(value)
        else:
            _drop(one, path, notes)
    return values


def _drop(raw: bytes, path: str, notes: list[Note]) -> None:
    if raw != _NULL:
        notes.append(Note(path, "dropped", "of the answer: it has not the usual form"))


def _scalar(kind: inspect.Type, raw: bytes) -> Any:
    """A value that is taken whole or not at all. A whole number may stand as text or have decimals."""
    wanted = _SCALARS[type(kind)]
    try:
        value = msgspec.json.decode(raw, type=wanted)
        return int(float(value)) if wanted is _Number else value
    except (ValueError, OverflowError):
        return _LOST
