"""Base64 in the messages of bodies that are in a provider's own format already.

Messages without a flaw keep their bytes. What has another form than expected is left to the provider.
"""

from collections.abc import Callable

import msgspec
from msgspec import Raw

from translators.bedrock.base64_text import base64_at, is_base64
from translators.errors import Refused
from translators.wire import Members

type _Change = Callable[[Members, str], bool]
"""An object and its path; changes the object, and returns whether it did."""

_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_OBJECTS = msgspec.json.Decoder(list[dict[str, Raw]])
_TEXT = msgspec.json.Decoder(str)
_ENCODER = msgspec.json.Encoder()

_MARK = b";base64,"


def clean_claude_messages(messages: Raw) -> Raw:
    """The messages with clean images and documents in Anthropic's form. Raises `Refused` naming the field."""
    if bytes(messages).find(b'"base64"') >= 0:
        return _cleaned(messages, _claude_block)
    return messages


def clean_chat_messages(messages: Raw) -> Raw:
    """The messages with clean images, files and audio in OpenAI's form. Raises `Refused` naming the field."""
    written = bytes(messages)
    if written.find(b"data:") >= 0 or (
        written.find(b"_") >= 0  # a single byte is found much faster
        and (written.find(b'"input_audio"') >= 0 or written.find(b'"file_data"') >= 0)
    ):
        return _cleaned(messages, _chat_part)
    return messages


def _cleaned(messages: Raw, block: _Change) -> Raw:
    body = {"messages": messages}
    try:
        _in_list(body, "messages", "", lambda turn, path: _in_list(turn, "content", path, block))
    except msgspec.DecodeError:
        return messages  # the provider says what is wrong with them
    return body["messages"]


def _in_list(members: Members, name: str, path: str, change: _Change) -> bool:
    """Change the objects of a list that is a member; not of another value."""
    if name not in members or memoryview(members[name])[0] != ord("["):
        return False
    items, place = _OBJECTS.decode(members[name]), f"{path}.{name}" if path else name
    changed = any([change(item, f"{place}[{index}]") for index, item in enumerate(items)])
    if changed:
        members[name] = Raw(_ENCODER.encode(items))
    return changed


def _in_object(members: Members, name: str, path: str, change: _Change) -> bool:
    """Change the object that is a member; not another value."""
    if name not in members or memoryview(members[name])[0] != ord("{"):
        return False
    inner = _OBJECT.decode(members[name])
    changed = change(inner, f"{path}.{name}")
    if changed:
        members[name] = Raw(_ENCODER.encode(inner))
    return changed


def _claude_block(block: Members, path: str) -> bool:
    nested = _in_list(block, "content", path, _claude_block)
    return _in_object(block, "source", path, _claude_source) or nested


def _claude_source(source: Members, path: str) -> bool:
    if bytes(source.get("type", b"")) == b'"base64"':
        return _base64(source, "data", path)
    return _in_list(source, "content", path, _claude_block)


def _chat_part(part: Members, path: str) -> bool:
    return any(
        [
            _data_uri(part, "image_url", path),
            _in_object(part, "image_url", path, lambda image, place: _data_uri(image, "url", place)),
            _in_object(part, "input_audio", path, lambda audio, place: _base64(audio, "data", place)),
            _in_object(part, "file", path, _file),
        ]
    )


def _file(file: Members, path: str) -> bool:
    if bytes(file.get("file_data", b""))[:6].lower() == b'"data:':
        return _data_uri(file, "file_data", path)
    return _base64(file, "file_data", path)


def _base64(members: Members, name: str, path: str) -> bool:
    written = bytes(members.get(name, b""))
    if written[:1] != b'"' or is_base64(written[1:-1]):
        return False
    members[name] = Raw(_ENCODER.encode(base64_at(_TEXT.decode(written), f"{path}.{name}")))
    return True


def _data_uri(members: Members, name: str, path: str) -> bool:
    """Clean the base64 of a data URI; addresses elsewhere stay."""
    written = bytes(members.get(name, b""))
    if written[:6].lower() != b'"data:' or is_base64(written.partition(_MARK)[2][:-1]):
        return False
    beginning, mark, data = _TEXT.decode(written).partition(_MARK.decode())
    if not mark:
        raise Refused(f"{path}.{name}", "is no data: URI with base64")
    members[name] = Raw(_ENCODER.encode(f"{beginning}{mark}{base64_at(data, f'{path}.{name}')}"))
    return True
