"""Members of a Converse request that mean the same for all providers: checked or read in one place."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

from translators.bedrock.converse import JsonSchema, Note, Request, ToolConfig, ToolSpec
from translators.errors import Refused

EXTRA = "additionalModelRequestFields"
SCHEMA = "outputConfig.textFormat.structure.jsonSchema"

type Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]

EFFORTS: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""The hub's values of reasoning effort, from least to most (OpenAI: chat/create, `reasoning_effort`)."""

JSON_MODE = Note(
    "outputConfig.jsonObject",
    "dropped",
    "the provider takes no JSON mode; what the prompt says of JSON stays",
)
_METADATA = Note("requestMetadata", "dropped", "labels of Bedrock's invocation log")
_PERFORMANCE = Note("performanceConfig", "dropped", "a batch has no latency to choose")
_SERVICE_TIER = Note("serviceTier", "dropped", "a batch has its own")
_PROJECT = Note("projectIdentifier", "dropped", "says on whose bill at Bedrock the record stands")
_RESPONSE_FIELDS = Note(
    "additionalModelResponseFieldPaths", "dropped", "point into the answer of another model"
)


def check_unsent(request: Request, notes: list[Note], *, response_paths: bool = False) -> None:
    """Note the members that no model is sent. Raises `Refused` for those that change what is asked.

    `response_paths`: additionalModelResponseFieldPaths are looked up in the answer.
    """
    if request.guardrail_config is not None:
        raise Refused("guardrailConfig", "there is no guardrail at this provider")
    if request.prompt_variables:
        raise Refused("promptVariables", "fill a prompt that is stored in Bedrock; it is not known here")
    if request.request_metadata is not None:
        notes.append(_METADATA)
    if request.performance_config is not None:
        notes.append(_PERFORMANCE)
    if request.service_tier is not None:
        notes.append(_SERVICE_TIER)
    if request.project_identifier is not None:
        notes.append(_PROJECT)
    if request.additional_model_response_field_paths is not None and not response_paths:
        notes.append(_RESPONSE_FIELDS)


def tool_specs(config: ToolConfig, cache_point: Note, notes: list[Note]) -> Iterator[tuple[ToolSpec, str]]:
    """The tools that the application runs, each with its path. `cache_point`: noted for each of those.

    Raises `Refused`.
    """
    for index, tool in enumerate(config.tools):
        if tool.tool_spec is not None:
            yield tool.tool_spec, f"toolConfig.tools[{index}].toolSpec"
        elif tool.cache_point is not None:
            notes.append(cache_point)
        else:
            raise Refused(f"toolConfig.tools[{index}].systemTool", "only Bedrock runs tools of its own")


def schema_of(asked: JsonSchema) -> dict[str, Any]:
    """The JSON Schema that the answer has to match. Raises `Refused`."""
    try:
        return msgspec.json.decode(asked.schema, type=dict[str, Any])
    except (ValueError, RecursionError) as error:
        raise Refused(f"{SCHEMA}.schema", f"cannot be read as a JSON object: {error}") from error


def check_one_answer(extra: Mapping[str, object]) -> None:
    """Raises `Refused` for a record that asks for several answers."""
    if extra.get("n") not in (None, 1):
        raise Refused(f"{EXTRA}.n", f"{extra['n']!r} answers asked for, a record has one")


def check_known(
    extra: Mapping[str, object], known: frozenset[str], dropped: Mapping[str, str], notes: list[Note]
) -> None:
    """Note the additional fields that are left out; `dropped`: name → why. Raises `Refused`."""
    for name, value in extra.items():
        if name not in known:
            raise Refused(f"{EXTRA}.{name}", f"is not known; known: {', '.join(sorted(known))}")
        if name in dropped and value is not None:
            notes.append(Note(f"{EXTRA}.{name}", "dropped", dropped[name]))
    check_one_answer(extra)


class _Thinking(Struct, frozen=True):
    """Claude's `thinking`; its `display` has no counterpart."""

    type: str
    budget_tokens: int | None = None


def thinking_budget(
    extra: Mapping[str, object], adaptive: str, notes: list[Note]
) -> int | Literal["none"] | None:
    """The tokens that Claude's `thinking` allows; "none": disabled; None: not given, or adaptive, which is
    noted with the detail `adaptive`. Raises `Refused`."""
    if extra.get("thinking") is None:
        return None
    field = f"{EXTRA}.thinking"
    try:
        asked = msgspec.convert(extra["thinking"], _Thinking)
    except msgspec.ValidationError as error:
        raise Refused(field, str(error)) from error
    if asked.type == "disabled":
        return "none"
    if asked.type in ("adaptive", "between_tools"):
        notes.append(Note(field, "mapped", f"nothing is sent: {adaptive}"))
        return None
    if asked.type != "enabled" or asked.budget_tokens is None:
        raise Refused(field, f"{asked.type!r} is not 'enabled' with budget_tokens")
    return asked.budget_tokens


def requested_effort(
    request: Request, extra: Mapping[str, object], thinking: Effort | None, notes: list[Note]
) -> tuple[str, Effort] | None:
    """The field that sets the reasoning effort, and its value.

    Of several the first counts: Claude's thinking disabled, OpenAI's `reasoning_effort`, Bedrock's effort,
    Claude's budget; `thinking` is the effort that stands for the last. Raises `Refused`.
    """
    given: list[tuple[str, object]] = []
    if extra.get("reasoning_effort") is not None:
        given.append((f"{EXTRA}.reasoning_effort", extra["reasoning_effort"]))
    if request.output_config is not None and request.output_config.effort is not None:
        given.append(("outputConfig.effort", request.output_config.effort))
    if thinking is not None:
        given.insert(0 if thinking == "none" else len(given), (f"{EXTRA}.thinking", thinking))
    if not given:
        return None
    field, asked = given[0]
    notes += [Note(other, "dropped", f"{field} counts") for other, _ in given[1:]]
    return field, known_effort(asked, field)


def known_effort(asked: object, field: str) -> Effort:
    """The effort, if it is one of the hub's. Raises `Refused`."""
    effort: Effort | None = next((word for word in EFFORTS if word == asked), None)
    if effort is None:
        raise Refused(field, f"{asked!r} is not one of {', '.join(EFFORTS)}")
    return effort
