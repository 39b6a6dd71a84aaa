"""Types of official SDKs as judges of what is sent."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ConfigDict, TypeAdapter


def judge_of(shape: Any) -> TypeAdapter[Any]:
    """Judges values that the SDK would send as this typed dict.

    The configuration of an outer type holds for the typed dicts inside that have none of their own.
    """
    return TypeAdapter(list[shape], config=ConfigDict(extra="forbid", strict=True))


def judged(judge: TypeAdapter[Any], value: object) -> object:
    """The value as the SDK's types have it. Raises `ValidationError` for what they do not allow."""
    (found,) = judge.validate_python([value])
    return _exhausted(found)


def _exhausted(value: object) -> object:
    """The value with its iterables walked: pydantic checks the items of an `Iterable` only then."""
    if isinstance(value, Mapping):
        return {key: _exhausted(member) for key, member in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_exhausted(item) for item in value]
    return value
