"""Schemas, JSON mode and strict tools in every dialect at every provider: judged by what each documents."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from anthropic import transform_schema
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from tests.translators.dialects import DIALECTS
from tests.translators.test_matrix import MODELS
from translators.bedrock.families.registry import FAMILIES, Family
from translators.bedrock.records import InputRecord
from translators.errors import RecordError
from translators.providers.batch_file import Line
from translators.providers.registry import PROVIDERS
from translators.translation import Route, Translator

type Json = dict[str, Any]

CLOSED: Json = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
OPEN: Json = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "pattern": "^[A-Z]", "description": "Who"},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 5},
        "kind": {"oneOf": [{"type": "string", "enum": ["a", "b"]}, {"type": "null"}]},
        "nick": {"type": ["string", "null"], "default": None},
        "home": {"$ref": "#/$defs/Place"},
    },
    "required": ["name"],
    "$defs": {"Place": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
SCHEMAS = {"closed": CLOSED, "open": OPEN}
CHATS = ["chat", "chat-gpt-oss", "chat-mistral", "chat-jamba", "chat-palmyra"]
WITH_SCHEMAS = ["claude", "converse", *CHATS]
JSON_MODE = [(provider, dialect) for provider in PROVIDERS for dialect in CHATS]
NO_SCHEMAS = {"cohere"}
NO_JSON_MODE = {"anthropic", "cohere"}
CLAUDES = {"vertex": "claude-opus-4-7"}


def line(provider: str, dialect: str, members: Json, model: str = "") -> Line | RecordError:
    spoken = DIALECTS[dialect]
    translator = Translator(
        Route(
            model_id=spoken.model_id,
            invocation_type=spoken.invocation_type,
            provider=provider,
            model=model or MODELS[provider][""],
        )
    )
    body = spoken.bodies["text"] | members
    return translator.line("r-1", InputRecord(Raw(json.dumps(body).encode())))


def sent(provider: str, dialect: str, members: Json, model: str = "") -> tuple[Json, list[str]]:
    written = line(provider, dialect, members, model)
    assert isinstance(written, Line), written
    return json.loads(written.data), [f"{note.field}: {note.detail}" for note in written.notes]


def found(value: Any, name: str) -> Iterator[Any]:
    """The members of this name, wherever they are."""
    if isinstance(value, dict):
        if name in value:
            yield value[name]
        for member in value.values():
            yield from found(member, name)
    elif isinstance(value, list):
        for member in value:
            yield from found(member, name)


def asked(dialect: str, schema: Json) -> Json:
    if dialect == "claude":
        return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}
    if dialect == "converse":
        structure = {"jsonSchema": {"schema": json.dumps(schema), "name": "answer"}}
        return {"outputConfig": {"textFormat": {"type": "json_schema", "structure": structure}}}
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}}


def schemas_in(schema: Any) -> Iterator[Json]:
    """A schema and those in it."""
    yield schema
    for word in ("properties", "$defs"):
        for one in schema.get(word, {}).values():
            yield from schemas_in(one)
    for word in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(word, []):
            yield from schemas_in(one)
    if isinstance(schema.get("items"), dict):
        yield from schemas_in(schema["items"])


def is_strict(schema: Json) -> bool:
    """Whether OpenAI's strict mode takes it (OpenAI: guides/structured-outputs), in our tests' own words."""
    for one in schemas_in(schema):
        if {"oneOf", "allOf", "not", "default"} & one.keys():
            return False
        if one.get("type") == "object" and (
            one.get("additionalProperties") is not False or set(one["required"]) != one["properties"].keys()
        ):
            return False
    return True


def judge(provider: str, whole: Json, model: str) -> None:
    """Assert that what is sent is of the subset that the provider documents."""
    if provider == "anthropic" or model.startswith("claude"):
        (config,) = found(whole, "output_config")
        schema = config["format"]["schema"]
        assert transform_schema(schema) == schema
    elif provider in {"gemini", "vertex"}:
        (schema,) = found(whole, "responseSchema")
        assert not any(
            {"oneOf", "$ref", "$defs", "additionalProperties"} & one.keys() for one in schemas_in(schema)
        )
    else:
        (form,) = found(whole, "response_format")
        schema = form["json_schema"]["schema"]
        if form["json_schema"].get("strict") and provider != "mistral":
            assert is_strict(schema)
        refused = {
            "fireworks": {"oneOf", "minLength", "maxLength", "minItems", "maxItems", "pattern"},
            "xai": {"minLength", "maxLength", "minItems", "maxItems"},
        }.get(provider, set())
        assert not any(refused & one.keys() for one in schemas_in(schema))
        if provider == "mistral":
            closed = [one for one in schemas_in(schema) if one.get("type") == "object"]
            assert all(one["additionalProperties"] is False for one in closed)


@pytest.mark.parametrize("kind", SCHEMAS)
@pytest.mark.parametrize("dialect", WITH_SCHEMAS)
@pytest.mark.parametrize("provider", sorted({*PROVIDERS} - NO_SCHEMAS))
def test_schema_is_of_the_subset_that_the_provider_takes(provider: str, dialect: str, kind: str) -> None:
    for model in {MODELS[provider][""], CLAUDES.get(provider, MODELS[provider][""])}:
        native = dialect == "claude" and model.startswith("claude")
        as_it_is = native or (dialect in CHATS and is_native(provider, dialect))
        if as_it_is:
            continue  # in the provider's own format, which the application wrote for it
        whole, notes = sent(provider, dialect, asked(dialect, SCHEMAS[kind]), model)
        judge(provider, whole, model)
        noted = [note for note in notes if ".schema" in note]
        loses_something = provider not in {"gemini", "mistral"} and not model.startswith("gemini")
        assert bool(noted) == (kind == "open" and loses_something)


def is_native(provider: str, dialect: str) -> bool:
    family = FAMILIES[dialect]
    return isinstance(family, Family) and family.wire in PROVIDERS[provider].native


@pytest.mark.parametrize(("provider", "dialect"), JSON_MODE)
def test_json_mode_is_a_word_of_its_own(provider: str, dialect: str) -> None:
    for model in {MODELS[provider][""], CLAUDES.get(provider, MODELS[provider][""])}:
        whole, notes = sent(provider, dialect, {"response_format": {"type": "json_object"}}, model)
        if provider in NO_JSON_MODE or model.startswith("claude"):
            assert [*found(whole, "output_config"), *found(whole, "response_format")] == []
            assert any(note.startswith("outputConfig.jsonObject: ") for note in notes)
        elif provider in {"gemini", "vertex"}:
            assert [*found(whole, "responseMimeType")] == ["application/json"]
            assert [*found(whole, "responseSchema")] == []
        else:
            assert [*found(whole, "response_format")] == [{"type": "json_object"}]
        assert not any("schema" in note for note in notes)


def test_json_mode_at_the_responses_api() -> None:
    route = Route(
        model_id="mistral.pixtral-large-2502-v1:0",
        invocation_type="InvokeModel",
        provider="openai",
        model="gpt-4o-mini",
        endpoint="responses",
    )
    body = {"messages": [{"role": "user", "content": "JSON!"}], "response_format": {"type": "json_object"}}
    written = Translator(route).line("r-1", InputRecord(Raw(json.dumps(body).encode())))
    assert isinstance(written, Line)
    assert json.loads(written.data)["body"]["text"] == {"format": {"type": "json_object"}}


def test_json_mode_is_no_member_of_aws_s() -> None:
    error = line("openai", "converse", {"outputConfig": {"jsonObject": True}})
    assert isinstance(error, RecordError)
    assert error.message == "outputConfig.jsonObject: Extra inputs are not permitted"


def test_schema_of_any_object_is_not_asked_of_anthropic() -> None:
    whole, notes = sent("anthropic", "converse", asked("converse", {"type": "object"}))
    assert "output_config" not in whole["params"]
    assert any("object of any members" in note for note in notes)


STRICT = ["openai", "azure", "groq", "together", "fireworks", "xai", "anthropic"]


def tool(dialect: str, schema: Json) -> Json:
    if dialect == "converse":
        spec = {"name": "f", "inputSchema": {"json": schema}, "strict": True}
        return {"toolConfig": {"tools": [{"toolSpec": spec}]}}
    if dialect == "claude":
        return {"tools": [{"name": "f", "input_schema": schema, "strict": True}]}
    function = {"name": "f", "parameters": schema, "strict": True}
    return {"tools": [{"type": "function", "function": function}]}


@pytest.mark.parametrize("kind", SCHEMAS)
@pytest.mark.parametrize("dialect", WITH_SCHEMAS)
@pytest.mark.parametrize("provider", STRICT)
def test_tool_is_strict_where_its_schema_allows_it(provider: str, dialect: str, kind: str) -> None:
    if provider == "anthropic" and dialect == "claude":
        return  # as the application wrote it
    whole, notes = sent(provider, dialect, tool(dialect, SCHEMAS[kind]))
    assert any(found(whole, "strict")) == (kind == "closed")
    assert any(".strict: " in note for note in notes) == (kind == "open")


@pytest.mark.parametrize("kind", SCHEMAS)
@pytest.mark.parametrize("provider", ["openai", "azure", "groq"])
def test_schema_of_a_chat_that_passes_is_strict_where_it_may_be(provider: str, kind: str) -> None:
    form = {"name": "answer", "schema": SCHEMAS[kind], "strict": True}
    whole, notes = sent(provider, "chat", {"response_format": {"type": "json_schema", "json_schema": form}})
    assert [*found(whole, "strict")] == [True] * (kind == "closed")
    assert [*found(whole, "schema")] == [SCHEMAS[kind]]
    assert any("response_format.json_schema.strict" in note for note in notes) == (kind == "open")


leaves = st.sampled_from(
    [
        {"type": "string", "format": "email"},
        {"type": "string", "format": "color", "maxLength": 5},
        {"type": "integer", "minimum": 1},
        {"type": "boolean"},
        {"enum": ["a", 1, None]},
        {"const": "x", "type": "string"},
        {"type": ["integer", "null"], "maximum": 5},
    ]
)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.builds(lambda items: {"type": "array", "items": items, "minItems": 3}, inner)
        | st.builds(lambda one, other: {"oneOf": [one, other], "title": "T"}, inner, inner)
        | st.dictionaries(st.text("abc", min_size=1), inner, min_size=1).map(
            lambda members: {"type": "object", "properties": members, "description": "D"}
        )
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.text("abc", min_size=1), trees, min_size=1))
def test_any_schema_is_fitted_as_anthropic_s_sdk_fits_it(members: Json) -> None:
    whole, _ = sent("anthropic", "converse", asked("converse", {"type": "object", "properties": members}))
    schema = whole["params"]["output_config"]["format"]["schema"]
    assert transform_schema(schema) == schema
