"""What differs between Anthropic's models, and what they are called."""

import pytest

from translators.bedrock.model_ids import parse
from translators.providers.anthropic.models import EFFORTS, derived_model, headers, traits, unusable
from translators.providers.registry import PROVIDERS


@pytest.mark.parametrize(
    ("model_id", "model"),
    [
        ("anthropic.claude-fable-5", "claude-fable-5"),
        ("anthropic.claude-mythos-5-1", "claude-mythos-5-1"),
        ("us.anthropic.claude-opus-5-5", "claude-opus-5-5"),
        ("anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
        ("global.anthropic.claude-opus-4-6-v1:0", "claude-opus-4-6"),
        ("anthropic.claude-opus-4-5-20251101-v1:0", "claude-opus-4-5-20251101"),
        ("eu.anthropic.claude-sonnet-4-6", "claude-sonnet-4-6"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929"),
        ("anthropic.claude-haiku-4-5", "claude-haiku-4-5"),
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet-20241022"),
        ("anthropic.claude-3-5-sonnet-20240620-v1:0", "claude-3-5-sonnet-20240620"),
        ("anthropic.claude-3-haiku-20240307-v1:0:200k", "claude-3-haiku-20240307"),
        ("anthropic.claude-v2:1", "claude-2.1"),
        ("anthropic.claude-v2:1:200k", "claude-2.1"),
        ("anthropic.claude-v2", "claude-2.0"),
        ("anthropic.claude-v2:0:18k", "claude-2.0"),
        ("anthropic.claude-instant-v1", "claude-instant-v1"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0",
            "claude-haiku-4-5-20251001",
        ),
    ],
)
def test_bedrock_s_id_has_this_name_at_anthropic(model_id: str, model: str) -> None:
    asked = parse(model_id)
    assert asked.vendor is not None
    assert derived_model(asked.vendor, asked.model) == model


def test_models_of_others_have_no_name_at_anthropic() -> None:
    assert derived_model("meta", "llama3-3-70b-instruct-v1:0") is None


@pytest.mark.parametrize(
    ("model", "why"),
    [
        ("claude-opus-4-1-20250805", "Anthropic retired it on 5 August 2026"),
        ("claude-opus-4-20250514", "Anthropic retired it on 15 June 2026"),
        ("claude-sonnet-4-0", "Anthropic retired it on 15 June 2026"),
        ("claude-3-haiku-20240307", "Anthropic retired it on 20 April 2026"),
        ("claude-3-7-sonnet-20250219", "Anthropic retired it on 19 February 2026"),
        ("claude-3-5-haiku-20241022", "Anthropic retired it on 19 February 2026"),
        ("claude-3-5-sonnet-20241022", "Anthropic has retired it"),
        ("claude-3-opus-20240229", "Anthropic has retired it"),
        ("claude-3-sonnet-20240229", "Anthropic has retired it"),
        ("claude-2.1", "Anthropic has retired it"),
        ("claude-v1", "Anthropic has retired it"),
        ("claude-instant-v1", "Anthropic has retired it"),
        ("claude-opus-4-5-20251101", None),
        ("claude-sonnet-4-5-20250929", None),
        ("claude-mythos-preview", None),
        ("claude-haiku-4-5", None),
        ("claude-opus-5", None),
        ("claude-fable-9", None),
        ("a-model-of-a-gateway", None),
    ],
)
def test_retired_model_is_not_usable(model: str, why: str | None) -> None:
    assert unusable(model) == why
    assert PROVIDERS["anthropic"].unusable(model) == why


@pytest.mark.parametrize(
    ("model", "sampling", "prefill", "thinking", "efforts"),
    [
        ("claude-haiku-4-5-20251001", True, True, {"enabled", "disabled"}, ()),
        ("claude-sonnet-4-5", True, True, {"enabled", "disabled"}, ()),
        ("claude-opus-4-5-20251101", True, True, {"enabled", "disabled"}, EFFORTS[:3]),
        ("claude-3-7-sonnet-20250219", True, True, {"enabled", "disabled"}, ()),
        (
            "claude-sonnet-4-6",
            True,
            False,
            {"enabled", "adaptive", "disabled"},
            ("low", "medium", "high", "max"),
        ),
        ("claude-opus-4-7", False, False, {"adaptive", "disabled"}, EFFORTS),
        ("claude-sonnet-5", False, False, {"adaptive", "disabled"}, EFFORTS),
        ("claude-sonnet-5-5", False, False, {"adaptive", "between_tools"}, EFFORTS),
        ("claude-haiku-5-5", False, False, {"adaptive", "disabled"}, EFFORTS),
        ("claude-fable-5-2", False, False, {"adaptive"}, EFFORTS),
        ("claude-mythos-preview", False, False, {"adaptive"}, ("low", "medium", "high", "max")),
        (
            "a-model-of-a-gateway",
            True,
            True,
            {"enabled", "adaptive", "disabled", "between_tools"},
            EFFORTS,
        ),
    ],
)
def test_model_takes(
    model: str, sampling: bool, prefill: bool, thinking: set[str], efforts: tuple[str, ...]
) -> None:
    found = traits(model)
    assert (found.sampling, found.prefill) == (sampling, prefill)
    assert sorted(found.thinking) == sorted(thinking)
    assert found.efforts == efforts


def test_key_travels_in_a_header_of_its_own() -> None:
    assert headers("test-key") == {"x-api-key": "test-key"}
