"""Bodies that are valid where applications send them, and that another reader could take for wrong."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import Raw, inspect

from tests.translators.dialects import DIALECTS
from translators.bedrock.families.registry import FAMILIES, Family, family_of_body
from translators.bedrock.records import InputRecord
from translators.errors import RecordError, Refused
from translators.providers.batch_file import Line
from translators.providers.registry import PROVIDERS
from translators.translation import Route, Translator

type Json = dict[str, Any]

CLAUDE: Json = {"max_tokens": 512, "messages": [{"role": "user", "content": "Hi"}]}
SCHEMA = {
    "type": "json_schema",
    "schema": {"type": "object", "properties": {}, "additionalProperties": False},
}
MODELS = {"anthropic": "claude-haiku-4-5", "vertex": "gemini-2.5-flash", "cohere": "command-a-03-2025"}
each_provider = pytest.mark.parametrize("provider", sorted(PROVIDERS))


def line(
    provider: str, body: Json | Raw, model_id: str = "anthropic.claude-haiku-4-5-20251001-v1:0", **route: Any
) -> Line:
    model = MODELS.get(provider, "gpt-4o-mini")
    invocation_type = route.get("invocation_type", "InvokeModel")
    translator = Translator(
        Route(model_id=model_id, invocation_type=invocation_type, provider=provider, model=model)
    )
    raw = body if isinstance(body, Raw) else Raw(json.dumps(body).encode())
    written = translator.line("r-1", InputRecord(raw))
    assert isinstance(written, Line), written
    return written


def fields(line: Line) -> list[str]:
    return [note.field for note in line.notes]


@each_provider
@pytest.mark.parametrize("version", [None, "bedrock-2023-05-31", "2023-06-01", "2026-10-21"])
def test_version_of_a_claude_body_changes_nothing(provider: str, version: str | None) -> None:
    members = {} if version is None else {"anthropic_version": version}
    assert line(provider, CLAUDE | members) == line(
        provider, CLAUDE | {"anthropic_version": "bedrock-2023-05-31"}
    )


@pytest.mark.parametrize("provider", sorted({*PROVIDERS} - {"anthropic", "cohere"}))
def test_former_name_of_a_schema_means_the_schema(provider: str) -> None:
    former = line(provider, CLAUDE | {"output_format": SCHEMA})
    now = line(provider, CLAUDE | {"output_config": {"format": SCHEMA}})
    assert former.data == now.data
    assert fields(former) == ["output_format", *fields(now)]


@pytest.mark.parametrize(
    "members",
    [
        {"model": "claude-3"},
        {"stream": True},
        {"cache_control": {"type": "ephemeral"}},
        {"service_tier": "standard_only"},
        {"speed": "fast"},
        {"inference_geo": "us"},
    ],
    ids=str,
)
def test_member_of_anthropic_s_api_that_changes_no_answer_is_dropped_with_a_note(members: Json) -> None:
    written = line("openai", CLAUDE | members)
    assert written.data == line("openai", CLAUDE).data
    assert fields(written) == [*members]


@pytest.mark.parametrize("members", [{"stream": False}, {"mcp_servers": []}, {"container": None}], ids=str)
def test_member_that_asks_for_nothing_is_nothing(members: Json) -> None:
    assert line("openai", CLAUDE | members) == line("openai", CLAUDE)


@pytest.mark.parametrize(
    "members",
    [
        {"anthropic_version": "x"},
        {"system": "S"},
        {"stop_sequences": ["a"]},
        {"thinking": {"type": "disabled"}},
        {"output_format": SCHEMA},
        {"tools": [{"name": "f", "input_schema": {"type": "object"}}]},
        {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]}]},
    ],
    ids=str,
)
def test_claude_s_body_is_known_without_its_version(members: Json) -> None:
    members = {name: Raw(json.dumps(value).encode()) for name, value in (CLAUDE | members).items()}
    assert family_of_body(members) is FAMILIES["claude"]


@each_provider
def test_project_of_a_converse_record_is_dropped_with_a_note(provider: str) -> None:
    body = {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
    asked = {"model_id": "amazon.nova-lite-v1:0", "invocation_type": "Converse"}
    plain = line(provider, body, **asked)
    written = line(provider, body | {"projectIdentifier": "proj_1"}, **asked)
    assert written.data == plain.data
    assert sorted(fields(written)) == sorted([*fields(plain), "projectIdentifier"])


def test_guardrail_of_a_converse_record_is_no_routing() -> None:
    body = {
        "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
        "guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"},
    }
    route = Route(model_id="x", invocation_type="Converse", provider="openai", model="gpt-4o-mini")
    error = Translator(route).line("r-1", InputRecord(Raw(json.dumps(body).encode())))
    assert isinstance(error, RecordError)
    assert error.message.startswith("guardrailConfig: ")


def integers(kind: inspect.Type, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of integers in a body's type, but in lists and unions of structs."""
    members = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    for one in members:
        if isinstance(one, inspect.IntType):
            yield path
        elif isinstance(one, inspect.StructType) and len(path) < 2:
            for field in one.fields:
                yield from integers(field.type, (*path, field.encode_name))


INTEGERS = [
    (name, path)
    for name, family in FAMILIES.items()
    if isinstance(family, Family)
    for path in integers(inspect.type_info(family.body))
]


def test_every_dialect_but_those_without_has_an_integer() -> None:
    assert {name for name, _ in INTEGERS} == {
        n for n, family in FAMILIES.items() if isinstance(family, Family)
    }


@pytest.mark.parametrize(
    ("name", "path"), INTEGERS, ids=lambda value: value if isinstance(value, str) else ".".join(value)
)
@pytest.mark.parametrize("number", [2048, 1])
def test_whole_number_may_be_written_as_a_float(name: str, path: tuple[str, ...], number: int) -> None:
    family = FAMILIES[name]
    assert isinstance(family, Family)
    assert outcome(family, with_value(DIALECTS[name].bodies["text"], path, float(number))) == outcome(
        family, with_value(DIALECTS[name].bodies["text"], path, number)
    )


@pytest.mark.parametrize(
    ("name", "path"), INTEGERS, ids=lambda value: value if isinstance(value, str) else ".".join(value)
)
def test_number_that_is_not_whole_is_refused_by_its_field(name: str, path: tuple[str, ...]) -> None:
    family = FAMILIES[name]
    assert isinstance(family, Family)
    complaint = outcome(family, with_value(DIALECTS[name].bodies["text"], path, 2048.5))
    assert str(complaint).startswith(f"{'.'.join(path)}: Expected `int")


def with_value(body: Json, path: tuple[str, ...], value: object) -> Json:
    name, *rest = path
    return body | {name: with_value(body.get(name) or {}, tuple(rest), value) if rest else value}


def outcome(family: Family, body: Json) -> object:
    try:
        return msgspec.to_builtins(family.request(Raw(json.dumps(body).encode())))
    except Refused as refusal:
        return str(refusal).partition(", got")[0]


@pytest.mark.parametrize(
    ("provider", "model_id", "body"),
    [
        (
            "openai",
            "qwen.qwen3-32b-v1:0",
            {
                "messages": [{"role": "user", "content": "Hi"}],
                "max_tokens": 512,
                "n": 2,
                "seed": 3,
                "top_logprobs": 2,
            },
        ),
        (
            "mistral",
            "mistral.pixtral-large-2502-v1:0",
            {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 512, "n": 2, "top_k": 3},
        ),
        (
            "anthropic",
            "anthropic.claude-3-haiku-20240307-v1:0",
            CLAUDE | {"top_k": 5, "thinking": {"type": "enabled", "budget_tokens": 2048}},
        ),
    ],
)
def test_whole_floats_are_integers_in_bodies_that_pass(provider: str, model_id: str, body: Json) -> None:
    def floats(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: floats(member) for name, member in value.items()}
        return float(value) if isinstance(value, int) else value

    written = line(provider, floats(body), model_id)
    assert written.data == line(provider, body, model_id).data


def test_whole_floats_among_additional_fields_are_integers() -> None:
    fields = {"top_k": 5, "thinking": {"type": "enabled", "budget_tokens": 2048}}
    as_floats = {"top_k": 5.0, "thinking": {"type": "enabled", "budget_tokens": 2048.0}}
    body = {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
    asked: Json = {"model_id": "x", "invocation_type": "Converse"}
    assert (
        line("anthropic", body | {"additionalModelRequestFields": as_floats}, **asked).data
        == line("anthropic", body | {"additionalModelRequestFields": fields}, **asked).data
    )


@pytest.mark.parametrize("dialect", ["claude", "chat", "converse", "llama", "nova", "titan"])
def test_numbers_may_be_integers_where_floats_are_expected(dialect: str) -> None:
    members: Json = {
        "converse": {"inferenceConfig": {"temperature": 1, "topP": 1}},
        "nova": {"inferenceConfig": {"temperature": 1, "topP": 1}},
        "titan": {"textGenerationConfig": {"temperature": 1, "topP": 1}},
    }.get(dialect, {"temperature": 1, "top_p": 1})
    family = FAMILIES[dialect]
    assert isinstance(family, Family)
    request = family.request(Raw(json.dumps(DIALECTS[dialect].bodies["text"] | members).encode()))
    assert request.inference_config is not None
    assert (request.inference_config.temperature, request.inference_config.top_p) == (1.0, 1.0)
