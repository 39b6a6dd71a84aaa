"""JSON Schema in Gemini's words."""

import json
from typing import Any

import pytest

from tests.translators.providers.converse_records import HI
from tests.translators.providers.gemini_records import effects, request
from translators.errors import Refused
from translators.providers.gemini.schemas import Conversion

STRING = {"type": "STRING"}


def converted(schema: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
    conversion = Conversion(schema)
    return conversion.converted("schema"), conversion.lost


@pytest.mark.parametrize(
    ("schema", "written"),
    [
        (
            {"type": "string", "minLength": 1, "pattern": "^a"},
            {"type": "STRING", "minLength": 1, "pattern": "^a"},
        ),
        ({"type": "STRING"}, STRING),
        (
            {"type": "number", "minimum": 0, "maximum": 1, "format": "double"},
            {"type": "NUMBER", "minimum": 0, "maximum": 1, "format": "double"},
        ),
        ({"type": "string", "minimum": 0, "properties": {}, "required": ["a"]}, STRING),
        ({"type": ["string", "null"]}, STRING | {"nullable": True}),
        ({"type": "string", "nullable": True}, STRING | {"nullable": True}),
        ({"type": "null"}, {"type": "NULL"}),
        ({"type": ["string", "integer"]}, {"anyOf": [STRING, {"type": "INTEGER"}]}),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "d"},
            STRING | {"description": "d", "nullable": True},
        ),
        ({"anyOf": [{"type": "null"}]}, {"type": "NULL"}),
        (
            {"oneOf": [{"type": "string"}, {"type": "integer"}], "title": "t"},
            {"anyOf": [STRING, {"type": "INTEGER"}], "title": "t"},
        ),
        ({"enum": ["a", "b"]}, {"type": "STRING", "enum": ["a", "b"]}),
        ({"enum": ["a", None]}, {"type": "STRING", "enum": ["a"], "nullable": True}),
        ({"const": "a"}, {"type": "STRING", "enum": ["a"]}),
        ({"const": 4}, {"type": "INTEGER", "enum": ["4"]}),
        ({"type": "number", "enum": [1, 2.5]}, {"type": "NUMBER", "enum": ["1", "2.5"]}),
        (
            {"enum": ["a", 1]},
            {"anyOf": [{"type": "STRING", "enum": ["a"]}, {"type": "INTEGER", "enum": ["1"]}]},
        ),
        ({"enum": [True, False]}, {"type": "BOOLEAN"}),
        (
            {"type": "array", "items": {"type": "string"}, "maxItems": 3},
            {"type": "ARRAY", "items": STRING, "maxItems": 3},
        ),
        ({"items": {"type": "string"}}, {"type": "ARRAY", "items": STRING}),
        ({"properties": {"a": {"type": "string"}}}, {"type": "OBJECT", "properties": {"a": STRING}}),
        ({"type": "object", "properties": {}}, {"type": "OBJECT"}),
        (
            {
                "type": "object",
                "properties": {"b": {"type": "string"}, "a": {"type": "string"}},
                "required": ["a"],
            },
            {
                "type": "OBJECT",
                "required": ["a"],
                "properties": {"b": STRING, "a": STRING},
                "propertyOrdering": ["b", "a"],
            },
        ),
        (
            {
                "$ref": "#/$defs/a",
                "$defs": {"a": {"type": "string", "description": "inner"}},
                "description": "outer",
            },
            STRING | {"description": "outer"},
        ),
        ({"$ref": "#/definitions/a~1b", "definitions": {"a/b": {"type": "string"}}}, STRING),
        (
            {
                "properties": {"a": {"$ref": "#/$defs/s"}, "b": {"$ref": "#/$defs/s"}},
                "$defs": {"s": {"type": "string"}},
            },
            {"type": "OBJECT", "properties": {"a": STRING, "b": STRING}, "propertyOrdering": ["a", "b"]},
        ),
        (
            {
                "allOf": [
                    {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
                    {"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b", "a"]},
                ]
            },
            {
                "type": "OBJECT",
                "required": ["a", "b"],
                "properties": {"a": STRING, "b": STRING},
                "propertyOrdering": ["a", "b"],
            },
        ),
        ({"$schema": "s", "$id": "i", "type": "string", "additionalProperties": False}, STRING),
    ],
    ids=str,
)
def test_schema_is_said_in_gemini_s_words_without_loss(
    schema: dict[str, Any], written: dict[str, Any]
) -> None:
    before = json.dumps(schema)
    assert converted(schema) == (written, set())
    assert json.dumps(schema) == before


@pytest.mark.parametrize(
    ("schema", "written", "lost"),
    [
        ({"type": "integer", "multipleOf": 2}, {"type": "INTEGER"}, {"multipleOf"}),
        ({"type": "string", "format": "time"}, STRING, {"format"}),
        ({"type": "boolean", "format": "x"}, {"type": "BOOLEAN"}, {"format"}),
        ({"type": "string", "enum": ["", "a"]}, {"type": "STRING", "enum": ["a"]}, {"enum"}),
        ({"type": "string", "enum": [""]}, STRING, {"enum"}),
        ({"const": True}, {"type": "BOOLEAN"}, {"enum"}),
        ({"enum": [{"a": 1}]}, {"type": "OBJECT"}, {"enum"}),
        ({"const": ["a"], "items": {"type": "string"}}, {"type": "ARRAY", "items": STRING}, {"enum"}),
        ({"type": "string", "$comment": "c"}, STRING, {"$comment"}),
        ({"anyOf": [{"type": "string"}], "minLength": 1}, STRING, {"minLength"}),
        (
            {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": True},
            {"type": "OBJECT", "properties": {"a": STRING}},
            {"additionalProperties"},
        ),
    ],
    ids=str,
)
def test_rule_that_gemini_has_no_word_for_is_named(
    schema: dict[str, Any], written: dict[str, Any], lost: set[str]
) -> None:
    assert converted(schema) == (written, lost)


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "array", "items": schema}
    return schema


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({}, "schema: says no type"),
        ({"type": []}, "schema: says no type"),
        ({"type": "any"}, "schema.type: 'any' is not one of string"),
        ({"type": "array"}, "schema: has no items"),
        ({"type": "array", "items": True}, "schema.items: True is not an object"),
        ({"type": "object", "properties": []}, "schema.properties: .* is not an object"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "schema: has members of any name"),
        ({"anyOf": {}}, "schema: {} is not a list"),
        ({"enum": "a"}, "schema.enum: 'a' is not a list"),
        ({"allOf": [{"minimum": 1}, {"minimum": 2}], "type": "integer"}, "schema: 'minimum' is said twice"),
        ({"$ref": "#/$defs/a"}, "schema: '#/\\$defs/a' is not in this schema"),
        ({"$ref": "https://example.com/a"}, "schema: 'https://example.com/a' is not in this schema"),
        ({"$ref": "#/title/a", "title": "t"}, "schema: '#/title/a' is not in this schema"),
        ({"$ref": "#"}, "schema: '#' contains itself"),
        (nested(2000), "schema: is nested too deeply"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_schema_that_cannot_be_said_is_refused(schema: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        converted(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"x-id": {"type": "string"}}},
        {"type": "object", "properties": {"a": {"type": "object", "properties": {"$b": {"type": "string"}}}}},
        {
            "type": "object",
            "properties": {"a": {"type": "array", "items": {"properties": {"1": {"type": "null"}}}}},
        },
        {
            "type": "object",
            "properties": {"a": {"anyOf": [{"properties": {"-": {"type": "null"}}}, {"type": "null"}]}},
        },
        {"type": "object", "properties": {"a" * 65: {"type": "string"}}},
        {"type": "object", "$comment": "kept"},
        {"type": "object", "properties": {"a": {}}},
        {"$ref": "#/$defs/a", "$defs": {"a": {"properties": {"a": {"$ref": "#/$defs/a"}}}}},
        {"type": ["object", "string"]},
        {"oneOf": [{"type": "object"}, {"type": "string"}]},
    ],
    ids=str,
)
def test_tool_s_schema_that_would_lose_something_goes_through_the_other_door(schema: dict[str, Any]) -> None:
    record = HI | {"toolConfig": {"tools": [{"toolSpec": {"name": "t", "inputSchema": {"json": schema}}}]}}
    (function,) = request(record)["tools"][0]["functionDeclarations"]
    assert function == {"name": "t", "parametersJsonSchema": schema}
    assert effects(record) == {}
