"""Media of a record that are in S3: `source.s3Location` of images, documents, videos, sounds, embedded texts.

AWS: API_runtime_S3Location; Nova's bodies have the same blocks, and its embeddings one of them
(nova/latest/userguide/embeddings-schema). What is not of this form stays as it is: the dialect finds what is
wrong with it.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping

import msgspec
from msgspec import Raw, Struct

from translators.wire import Members

MARK = b'"s3Location"'
"""In every body with such media; a body without it need not be looked into."""


class S3Medium(Struct, frozen=True, rename="camel"):
    """An object in S3, as the record names it."""

    uri: str
    bucket_owner: str | None = None


type _Place = Callable[[str, S3Medium], bytes | None]
"""The path of a location, the object → its content, where it is known."""

_MEMBERS = msgspec.json.Decoder(dict[str, Raw])
_LIST = msgspec.json.Decoder(list[dict[str, Raw]])
_MEDIUM = msgspec.json.Decoder(S3Medium)
_KINDS = frozenset({"image", "document", "video", "audio"})
_EMBEDDED = "singleEmbeddingParams"
_EMBEDDED_KINDS = frozenset({"image", "video", "audio", "text"})


def media_in_s3(model_input: Raw) -> dict[str, S3Medium]:
    """The objects that a record's body names, by the path of `s3Location`."""
    found: dict[str, S3Medium] = {}

    def collect(path: str, medium: S3Medium) -> None:
        found[path] = medium

    _visited(model_input, collect)
    return found


def with_bytes(model_input: Raw, contents: Mapping[S3Medium, bytes]) -> Raw:
    """The body with `bytes` in the place of the locations of these objects."""
    return _visited(model_input, lambda path, medium: contents.get(medium))


def _visited(model_input: Raw, place: _Place) -> Raw:
    try:
        body = _MEMBERS.decode(model_input)
        changed = _in_embedding(body, place) if _EMBEDDED in body else _in_messages(body, place)
    except (ValueError, KeyError, RecursionError):
        return model_input
    return _encoded(body) if changed else model_input


def _in_embedding(body: Members, place: _Place) -> bool:
    parameters = _MEMBERS.decode(body[_EMBEDDED])
    changed = [_in_medium(parameters, name, _EMBEDDED, place) for name in _EMBEDDED_KINDS & parameters.keys()]
    body[_EMBEDDED] = _encoded(parameters)
    return any(changed)


def _in_messages(body: Members, place: _Place) -> bool:
    turns = _LIST.decode(body["messages"])
    changed = [_in_turn(turn, f"messages[{at}].content", place) for at, turn in enumerate(turns)]
    body["messages"] = _encoded(turns)
    return any(changed)


def _in_turn(turn: Members, path: str, place: _Place) -> bool:
    blocks = _LIST.decode(turn["content"]) if MARK in bytes(turn.get("content", b"")) else []
    if not any([_in_block(block, f"{path}[{at}]", place) for at, block in enumerate(blocks)]):
        return False
    turn["content"] = _encoded(blocks)
    return True


def _in_block(block: Members, path: str, place: _Place) -> bool:
    """Change a block of a message or of a tool's result; whether it was changed."""
    changed = any([_in_medium(block, name, path, place) for name in _KINDS & block.keys()])
    if "toolResult" in block:
        result = _MEMBERS.decode(block["toolResult"])
        if _in_turn(result, f"{path}.toolResult.content", place):
            block["toolResult"] = _encoded(result)
            changed = True
    return changed


def _in_medium(block: Members, name: str, path: str, place: _Place) -> bool:
    medium = _MEMBERS.decode(block[name])
    source = _MEMBERS.decode(medium.get("source", b"{}"))
    if source.keys() != {"s3Location"}:
        return False
    content = place(f"{path}.{name}.source.s3Location", _MEDIUM.decode(source["s3Location"]))
    if content is None:
        return False
    medium["source"] = _encoded({"bytes": b64encode(content).decode()})
    block[name] = _encoded(medium)
    return True


def _encoded(value: object) -> Raw:
    return Raw(msgspec.json.encode(value))
