"""Records of type `Converse`: `modelInput` and `modelOutput` are the hub's own request and response.

AWS: API_runtime_Converse. Blobs are base64 text, as in the service's JSON.
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
from translators.whole_numbers import whole_parameters

_DECODER = msgspec.json.Decoder(converse.Request)
_MEMBERS = frozenset(converse.Request.__struct_encode_fields__)
_SHARED_WITH_CHAT = frozenset({"messages", "system"})


class _Turn(Struct):
    content: list[dict[str, Raw]]


_TURNS = msgspec.json.Decoder(list[_Turn])


def has_shape(members: Mapping[str, object]) -> bool:
    """Whether a body with these top-level members is a Converse request.

    `messages` and `system` alone may be a chat: its blocks have a `type`, Converse's have none.
    """
    if "messages" not in members or members.keys() - _MEMBERS:
        return False
    return not members.keys() <= _SHARED_WITH_CHAT or _has_untyped_blocks(cast("Raw", members["messages"]))


def _has_untyped_blocks(messages: Raw) -> bool:
    try:
        turns = _TURNS.decode(messages)
    except msgspec.ValidationError:
        return False
    return not any("type" in block for turn in turns for block in turn.content)


def request(model_input: Raw | converse.Request) -> converse.Request:
    """The body, validated. Raises `Refused` naming the field."""
    body = decoded(_DECODER, model_input) if isinstance(model_input, Raw) else model_input
    converse_constraints.check(body.messages, body.system, body.tool_config)
    if body.output_config is not None and body.output_config.json_object is not None:
        raise Refused("outputConfig.jsonObject", "Extra inputs are not permitted")
    if body.additional_model_request_fields is not None:
        body.additional_model_request_fields = _normalized_fields(body.additional_model_request_fields)
    return body


def output(answer: converse.Answer, model_id: str, model_input: Raw) -> bytes:
    """The Converse response."""
    return converse.encode(answer.response)


def _normalized_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The additional fields, those of Nova, Claude and Qwen that the hub has a name for under that name.

    Seen on the live API. The others stay as they are: a provider accepts or refuses them. Raises `Refused`
    for a field that is there twice with different values.
    """
    normalized = {name: value for name, value in fields.items() if name not in _NORMALIZERS}
    for name, normalize in _NORMALIZERS.items():
        path = f"additionalModelRequestFields.{name}"
        for hub_name, value in normalize(fields[name], path).items() if name in fields else ():
            if normalized.setdefault(hub_name, value) != value:
                raise Refused(path, f"says {value!r}, {hub_name} says {normalized[hub_name]!r}")
    return whole_parameters(normalized)


def _nova_inference(value: Any, path: str) -> dict[str, Any]:
    """Nova's `inferenceConfig` among the additional fields, with `topK` and `reasoningConfig`."""
    if not isinstance(value, dict):
        return {"inferenceConfig": value}
    config = cast("dict[str, Any]", value)
    rest = {name: setting for name, setting in config.items() if name not in {"topK", "reasoningConfig"}}
    normalized = {"inferenceConfig": rest} if rest else {}
    if "topK" in config:
        normalized["top_k"] = config["topK"]
    if "reasoningConfig" in config:
        normalized |= _nova_reasoning(config["reasoningConfig"], f"{path}.reasoningConfig")
    return normalized


def _nova_reasoning(value: Any, path: str) -> dict[str, Any]:
    return {"reasoning_effort": nova.reasoning_effort(Raw(msgspec.json.encode(value)), path)}


def _reasoning_config(value: Any, path: str) -> dict[str, Any]:
    """Claude's object or Qwen's string."""
    return {"reasoning_effort" if isinstance(value, str) else "thinking": value}


def _claude_output_config(value: Any, path: str) -> dict[str, Any]:
    if isinstance(value, dict) and value.keys() == {"effort"}:
        return {"reasoning_effort": value["effort"]}
    return {"output_config": value}


_NORMALIZERS: Mapping[str, Callable[[Any, str], dict[str, Any]]] = MappingProxyType(
    {
        "inferenceConfig": _nova_inference,
        "reasoningConfig": _nova_reasoning,
        "reasoning_config": _reasoning_config,
        "output_config": _claude_output_config,
    }
)
