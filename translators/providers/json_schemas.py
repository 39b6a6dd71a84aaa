"""JSON Schemas fitted to what a provider accepts of them.

fits_strict_mode    OpenAI's strict mode, which Azure, Groq and xAI have too
Subset              keywords that a provider does not accept, told in words instead
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import msgspec

from translators.bedrock.converse import Note
from translators.providers.converse_requests import SCHEMA

type Json = dict[str, Any]

_NEVER_STRICT = frozenset(
    {
        *("allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas"),
        *("patternProperties", "propertyNames", "unevaluatedProperties", "unevaluatedItems", "default"),
        *("contains", "minContains", "maxContains", "prefixItems", "uniqueItems"),
        *("minProperties", "maxProperties"),
    }
)
"""OpenAI: guides/structured-outputs (supported schemas), and its answers: "'oneOf' is not permitted", and
the same of `default`. Groq: docs/structured-outputs, strict mode. Read in November 2026."""

_OF_SCHEMAS = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_ONE = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")


@lru_cache(maxsize=64)  # all records of a job tend to have the same schemas
def fits_strict_mode(schema: bytes) -> bool:
    """Whether strict mode accepts the schema: every object is closed, and requires all its properties."""
    try:
        root: object = msgspec.json.decode(schema)
    except (ValueError, RecursionError):
        return False
    if not isinstance(root, dict):
        return False
    whole = cast("Json", root)
    return whole.get("type") == "object" and "anyOf" not in whole and all(map(_is_strict, _schemas(whole)))


def _is_strict(schema: object) -> bool:
    if not isinstance(schema, dict):
        return False  # `items: true` and the like
    members = cast("Json", schema)
    if not _NEVER_STRICT.isdisjoint(members):
        return False
    properties: object = members.get("properties", {})
    is_object = bool(properties) or "object" in (members.get("type") or ())
    if not is_object:
        return True
    required: object = members.get("required", [])
    return (
        members.get("additionalProperties") is False
        and isinstance(properties, dict)
        and isinstance(required, list)
        and set(cast("list[object]", required)) == cast("Json", properties).keys()
    )


def _schemas(schema: object) -> Iterator[object]:
    """The schema and all those in it."""
    yield schema
    if not isinstance(schema, dict):
        return
    members = cast("Json", schema)
    for word in _OF_SCHEMAS:
        inner: object = members.get(word)
        for one in cast("Json", inner).values() if isinstance(inner, dict) else ():
            yield from _schemas(one)
    for word in _LISTS:
        several: object = members.get(word)
        for one in cast("list[object]", several) if isinstance(several, list) else ():
            yield from _schemas(one)
    for word in _ONE:
        if word in members and not isinstance(members[word], bool):
            yield from _schemas(members[word])
    if isinstance(members.get("items"), bool):
        yield members["items"]


@dataclass(frozen=True)
class Subset:
    """The parts of a schema that a provider does not accept."""

    provider: str
    told: frozenset[str] = frozenset()
    """Keywords that are moved into the description, where the model may follow them."""
    one_of: bool = True
    """Whether `oneOf` is accepted; else `anyOf` is sent, which means nearly the same."""
    closed: bool = False
    """Whether objects have to be closed in so many words."""

    def fitted(self, schema: Mapping[str, Any], notes: list[Note]) -> Json:
        """The schema without what is not accepted."""
        if not self.told and self.one_of and not self.closed:
            return dict(schema)
        return cast("Json", self._fitted(schema, notes))

    def _fitted(self, value: object, notes: list[Note]) -> object:
        if not isinstance(value, Mapping):
            return value
        written: Json = {}
        told: Json = {}
        for word, said in cast("Mapping[str, Any]", value).items():
            if word in self.told:
                told[word] = said
                notes.append(self._note(word, "told in the description"))
            elif word == "oneOf" and not self.one_of:
                written["anyOf"] = [self._fitted(one, notes) for one in said]
                notes.append(self._note(word, "sent as anyOf"))
            elif word in _OF_SCHEMAS and isinstance(said, Mapping):
                inner = cast("Mapping[str, Any]", said)
                written[word] = {name: self._fitted(one, notes) for name, one in inner.items()}
            elif word in _LISTS and isinstance(said, list):
                written[word] = [self._fitted(one, notes) for one in cast("list[object]", said)]
            else:
                written[word] = self._fitted(said, notes) if word in _ONE else said
        if told:
            written["description"] = described(written.get("description"), told)
        if self.closed and written.get("type") == "object":
            written.setdefault("additionalProperties", False)
        return written

    def _note(self, word: str, how: str) -> Note:
        return Note(f"{SCHEMA}.schema", "mapped", f"{word!r}, which {self.provider} does not take, is {how}")


def described(description: object, told: Mapping[str, object]) -> str:
    """A description that also has the keywords that cannot be sent, as Anthropic's SDK writes it."""
    words = ", ".join(f"{word}: {said}" for word, said in told.items())
    return f"{{{words}}}" if description is None else f"{description}\n\n{{{words}}}"
