"""A body in Anthropic's own format, but for what Bedrock states elsewhere.

Its fields pass one by one as they are written, including unknown ones. Changed are only the places of model,
version and betas, and what the target is known to refuse.

AWS: model-parameters-anthropic-claude-messages; Anthropic: claude-on-amazon-bedrock, batch-processing.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

import msgspec
from msgspec import Raw, Struct

from translators.bedrock.converse import Note
from translators.errors import Refused
from translators.providers.anthropic import betas
from translators.providers.anthropic.fitting import SAMPLING, Body, fit_to_model
from translators.providers.anthropic.models import MODELS
from translators.providers.anthropic.request import written
from translators.providers.anthropic.system_turns import misplaced
from translators.providers.batch_file import Line
from translators.providers.native.empty_members import remove_empty
from translators.providers.native.media import clean_claude_messages
from translators.providers.native.parameters import fitted_once
from translators.providers.rules.checks import check_prefill
from translators.providers.rules.model_rules import ModelRules, Overrides
from translators.whole_numbers import whole_parameters, write_whole
from translators.wire import Members


class _Turn(Struct):
    role: str


class _Choice(Struct):
    type: str


class _Said(Struct):
    content: Raw


_BODY = msgspec.json.Decoder(dict[str, Raw])
_CHOICE = msgspec.json.Decoder(_Choice)
_TURNS = msgspec.json.Decoder(list[_Turn])
_MESSAGES = msgspec.json.Decoder(list[Raw])
_SAID = msgspec.json.Decoder(_Said)
_BLOCKS = msgspec.json.Decoder(str | list[Raw])
_ENCODER = msgspec.json.Encoder()

_OPTIONAL = frozenset(
    {
        *("cache_control", "compaction", "container", "context_management", "diagnostics", "fallbacks"),
        *("inference_geo", "mcp_servers", "metadata", "output_config", "output_format", "service_tier"),
        *("speed", "stop_sequences", "stream", "system", "thinking", "tool_choice", "tools"),
        *("temperature", "top_p", "top_k", "anthropic_beta", "user_profile_id", "workspace_id"),
    }
)
"""Members that say nothing where they are null or an empty list (anthropic 2.14:
beta/message_create_params.py, whose types allow null for few of them)."""
_NO_CALL = frozenset({"auto", "none"})

_LOOKED_INTO = frozenset(
    {
        "anthropic_beta",
        "max_tokens",
        "thinking",
        "output_config",
        "output_format",
        "stream",
        "tool_choice",
        *SAMPLING,
    }
)
"""The members with values that rules of the models or of batches concern; the rest stays as it is written."""

_NOT_IN_BATCHES: Mapping[str, str] = MappingProxyType(
    {
        "speed": "a batch has no speed to choose",
        "store": "a batch keeps its results anyway",
        "cache_hint": "Anthropic takes none in a batch",
        "context_hint": "Anthropic takes none in a batch",
    }
)

_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        **{name: name for name in ("max_tokens", *SAMPLING, "thinking", "tool_choice")},
        "effort": "output_config.effort",
    }
)


def line(custom_id: str, model_input: Raw | Members, model: str, overrides: Overrides = ()) -> Line:
    """The line that asks Anthropic what the body asks. Raises `Refused`."""
    notes: list[Note] = []
    body, group = said_to(model_input, MODELS.rules(model, overrides), notes)
    return written(custom_id, {**body, "model": model}, notes, group)


def said_to(
    model_input: Raw | Members, rules: ModelRules, notes: list[Note]
) -> tuple[Mapping[str, object], str]:
    """The body as such a model takes it, without version and betas; the betas, in one word. Raises
    `Refused`."""
    members = _read(model_input) if isinstance(model_input, Raw) else model_input
    conversation: Members = {name: members.pop(name) for name in ("messages", "system") if name in members}
    remove_empty(conversation, _OPTIONAL)
    parameters, group = _parameters(members, notes, rules)
    if "messages" in conversation:
        conversation["messages"] = clean_claude_messages(conversation["messages"])
        if rules.prefill != "continued" or b'"system"' in bytes(conversation["messages"]):
            _fit_turns(conversation, rules, notes)
    return {**parameters, **conversation}, group


def _fit_parameters(members: Members, notes: list[Note], rules: ModelRules) -> tuple[Body, str]:
    members.pop("anthropic_version", None)
    remove_empty(members, _OPTIONAL)
    write_whole(members)
    if "tool_choice" in members and "tools" not in members:
        _without_tool_choice(members)
    body = whole_parameters({name: _value(name, raw) for name, raw in members.items()})
    return body, _ruled(body, rules, notes)


_parameters = fitted_once(_fit_parameters)


def _read(model_input: Raw) -> dict[str, Raw]:
    try:
        return _BODY.decode(model_input)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refused("modelInput", f"cannot be read: {error}") from error


def _without_tool_choice(members: Members) -> None:
    """Anthropic takes none without tools. Raises `Refused` for a choice that demands a call."""
    try:
        demanded = _CHOICE.decode(members["tool_choice"]).type
    except msgspec.DecodeError:
        return  # Anthropic says what is wrong with it
    if demanded not in _NO_CALL:
        raise Refused("tool_choice", "may only be specified while providing tools")
    del members["tool_choice"]


def _value(name: str, raw: Raw) -> object:
    return msgspec.json.decode(raw) if name in _LOOKED_INTO else raw


def _ruled(body: Body, rules: ModelRules, notes: list[Note]) -> str:
    """Change what the model or a batch is known to refuse; the betas. Raises `Refused`."""
    named = body.pop("anthropic_beta", None)
    group = "" if named is None else betas.group(named, "anthropic_beta", notes)
    _fit_to_batches(body, notes)
    _move_format(body, notes)
    fit_to_model(body, rules, group, _FIELDS, notes)
    return group


def _fit_to_batches(body: Body, notes: list[Note]) -> None:
    """Remove or refuse what a batch does not take (Anthropic: batch-processing)."""
    if body.get("stream"):
        del body["stream"]
        notes.append(Note("stream", "dropped", "a batch answers as a whole"))
    for name, why in _NOT_IN_BATCHES.items():
        if body.pop(name, None) is not None:
            notes.append(Note(name, "dropped", why))
    if "previous_thread_event_id" in body:
        raise Refused("previous_thread_event_id", "a batch cannot go on with a thread")
    if body.get("max_tokens") == 0:
        raise Refused("max_tokens", "a batch cannot be asked for no token")


def _move_format(body: Body, notes: list[Note]) -> None:
    """`output_format` was the name of a beta; the parameter is a part of `output_config` since."""
    if "output_format" not in body or not isinstance(body.get("output_config", {}), dict):
        return
    config = cast("Body", body.get("output_config", {}))
    if "format" in config:
        return
    body["output_config"] = {**config, "format": body.pop("output_format")}
    notes.append(Note("output_format", "mapped", "sent as output_config.format"))


def _fit_turns(members: Members, rules: ModelRules, notes: list[Note]) -> None:
    """Move system messages that cannot stand where they do. Raises `Refused` for the beginning of an answer,
    where the model does not go on with it."""
    messages = members.get("messages", Raw(b"[]"))
    try:
        turns = _TURNS.decode(messages)
    except (msgspec.DecodeError, RecursionError):
        return  # Anthropic says what is wrong with them
    if turns and turns[-1].role == "assistant":
        check_prefill(turns, len(turns) - 1, rules, notes)
    moved = misplaced([turn.role for turn in turns], rules, notes)
    if moved:
        whole = _MESSAGES.decode(messages)
        members["messages"] = _raw([turn for index, turn in enumerate(whole) if index not in moved])
        said = (_blocks(_SAID.decode(whole[index]).content) for index in sorted(moved))
        members["system"] = _raw([*_blocks(members.get("system")), *(block for one in said for block in one)])


def _blocks(content: Raw | None) -> list[Raw]:
    """Texts as blocks, in whichever of both forms they are."""
    read: str | list[Raw] = [] if content is None else _BLOCKS.decode(content)
    return [_raw({"type": "text", "text": read})] if isinstance(read, str) else read


def _raw(value: object) -> Raw:
    return Raw(_ENCODER.encode(value))
