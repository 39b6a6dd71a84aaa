"""`modelInput` and `modelOutput` of records of type `Converse`: the hub's own shapes, checked.

AWS: API_runtime_Converse. Blobs are base64 text here, as in the service's JSON.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, cast

import msgspec
from msgspec import Raw, Struct

from translators.bedrock import converse
from translators.bedrock.families import converse_constraints, nova
from translators.bedrock.families.body_decoder import decoded
from translators.errors import Refused

_DECODER = msgspec.json.Decoder(converse.Request)
_MEMBERS = frozenset(converse.Request.__struct_encode_fields__)
_OF_CHAT_TOO = frozenset({"messages", "system"})


class _Turn(Struct):
    content: list[dict[str, Raw]]


_TURNS = msgspec.json.Decoder(list[_Turn])


def has_shape(members: Mapping[str, object]) -> bool:
    """Whether a body with these top-level members is a Converse request.

    `messages` alone could be anyone's chat; Converse's blocks have no `type`.
    """
    if "messages" not in members or members.keys() - _MEMBERS:
        return False
    return not members.keys() <= _OF_CHAT_TOO or _has_untyped_blocks(cast("Raw", members["messages"]))


def _has_untyped_blocks(messages: Raw) -> bool:
    try:
        turns = _TURNS.decode(messages)
    except msgspec.ValidationError:
        return False
    return not any("type" in block for turn in turns for block in turn.content)


def request(model_input: Raw | converse.Request) -> converse.Request:
    """The body, checked. Raises `Refused` naming the field."""
    body = decoded(_DECODER, model_input)
    converse_constraints.check(body.messages, body.system, body.tool_config)
    if body.additional_model_request_fields is not None:
        body.additional_model_request_fields = _in_hub_words(body.additional_model_request_fields)
    return body


def answer(answer: converse.Answer, model_id: str, model_input: Raw) -> bytes:
    """The Converse response, as the live API writes it."""
    return converse.encode(answer.response)


def _in_hub_words(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Additional fields of Nova, Claude and Qwen that mean what the hub has a word for, in that word.

    Seen on the live API. The others stay as they are: a provider knows them or refuses them.
    """
    said = {name: value for name, value in fields.items() if name not in _WORDS}
    for name, words in _WORDS.items():
        path = f"additionalModelRequestFields.{name}"
        for word, value in words(fields[name], path).items() if name in fields else ():
            if said.setdefault(word, value) != value:
                raise Refused(path, f"says {value!r}, {word} says {said[word]!r}")
    return said


def _nova_inference(value: Any, path: str) -> dict[str, Any]:
    """Nova under Converse: `topK` and `reasoningConfig` in an `inferenceConfig` of their own."""
    if not isinstance(value, dict):
        return {"inferenceConfig": value}
    config = cast("dict[str, Any]", value)
    rest = {name: setting for name, setting in config.items() if name not in {"topK", "reasoningConfig"}}
    said = {"inferenceConfig": rest} if rest else {}
    if "topK" in config:
        said["top_k"] = config["topK"]
    if "reasoningConfig" in config:
        said |= _nova_reasoning(config["reasoningConfig"], f"{path}.reasoningConfig")
    return said


def _nova_reasoning(value: Any, path: str) -> dict[str, Any]:
    return {"reasoning_effort": nova.reasoning_effort(Raw(msgspec.json.encode(value)), path)}


def _reasoning_config(value: Any, path: str) -> dict[str, Any]:
    """Claude's object or Qwen's word."""
    return {"reasoning_effort" if isinstance(value, str) else "thinking": value}


def _claude_output_config(value: Any, path: str) -> dict[str, Any]:
    if isinstance(value, dict) and value.keys() == {"effort"}:
        return {"reasoning_effort": value["effort"]}
    return {"output_config": value}


_WORDS: Mapping[str, Callable[[Any, str], dict[str, Any]]] = MappingProxyType(
    {
        "inferenceConfig": _nova_inference,
        "reasoningConfig": _nova_reasoning,
        "reasoning_config": _reasoning_config,
        "output_config": _claude_output_config,
    }
)
