"""Which dialect a record expected."""

import json
from typing import Any

import pytest
from msgspec import Raw

from translators.bedrock.families.registry import FAMILIES, families_of_model, family_of_body
from translators.bedrock.model_ids import parse
from translators.errors import Refused

MESSAGES = [{"role": "user", "content": [{"text": "Hi"}]}]


@pytest.mark.parametrize(
    ("model_id", "family"),
    [
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", "claude"),
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0", "nova"),
        ("cohere.embed-english-v3", "cohere-embed-v3"),
        ("cohere.embed-v4:0", "cohere-embed-v4"),
        ("cohere.command-r-v1:0", "cohere-command-r"),
    ],
)
def test_family_of_model_id(model_id: str, family: str) -> None:
    assert families_of_model(parse(model_id)) == (FAMILIES[family],)


@pytest.mark.parametrize(
    "model_id",
    [
        "gpt-4o-mini",
        "amazon.embed-v4:0",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghij12",
    ],
)
def test_unknown_model_ids_have_no_family(model_id: str) -> None:
    assert families_of_model(parse(model_id)) == ()


@pytest.mark.parametrize(
    ("body", "family"),
    [
        ({"anthropic_version": "bedrock-2023-05-31", "messages": [], "max_tokens": 5}, "claude"),
        ({"schemaVersion": "messages-v1", "messages": MESSAGES}, "nova"),
        ({"messages": MESSAGES, "inferenceConfig": {"max_new_tokens": 5}}, "nova"),
        ({"messages": MESSAGES, "inferenceConfig": {"maxTokens": 5}}, "converse"),
        ({"messages": MESSAGES}, "converse"),
    ],
)
def test_family_by_body_for_unknown_models(body: dict[str, Any], family: str) -> None:
    members = {name: Raw(json.dumps(value).encode()) for name, value in body.items()}
    assert family_of_body(members) is FAMILIES[family]


def test_body_of_unknown_shape_is_refused_with_its_members() -> None:
    with pytest.raises(Refused, match=r"modelInput: is of no known shape; its members are \['a', 'b'\]"):
        family_of_body({"b": Raw(b"1"), "a": Raw(b"2")})
