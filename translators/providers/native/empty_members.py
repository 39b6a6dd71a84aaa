"""Members of a body that hold nothing: null, or an empty list. Vendors refuse many where they are sent."""

from collections.abc import Set as AbstractSet

from translators.wire import Members

_LIST = ord("[")
_BEGINNINGS = b"n["


def holds_nothing(json: bytes) -> bool:
    """Whether this is null or an empty list, with white space inside or not."""
    return json == b"null" or (json[0] == _LIST and not json[1:-1].strip())


def remove_empty(members: Members, optional: AbstractSet[str]) -> bool:
    """Remove those of the optional members that hold nothing, which says what their absence says; whether
    there was one."""
    empty = [
        name
        for name in members
        if name in optional and (json := bytes(members[name]))[0] in _BEGINNINGS and holds_nothing(json)
    ]
    for name in empty:
        del members[name]
    return bool(empty)
