"""What differs between Anthropic's models, and what they are called."""

import pytest

from translators.bedrock.model_ids import parse
from translators.providers.anthropic.models import EFFORTS, MODELS, derived_model, headers


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
    ("model", "sampling", "prefill", "thinking", "efforts"),
    [
        ("claude-opus-4-20250514", "always", "continued", {"enabled", "disabled"}, ()),
        ("claude-opus-4-1-20250805", "one", "continued", {"enabled", "disabled"}, ()),
        ("claude-haiku-4-5-20251001", "one", "continued", {"enabled", "disabled"}, ()),
        ("claude-opus-4-5-20251101", "one", "continued", {"enabled", "disabled"}, EFFORTS[:3]),
        (
            "claude-sonnet-4-6",
            "one",
            "refused",
            {"enabled", "adaptive", "disabled"},
            ("low", "medium", "high", "max"),
        ),
        ("claude-opus-4-7", "never", "refused", {"adaptive", "disabled"}, EFFORTS),
        ("claude-sonnet-5", "never", "refused", {"adaptive", "disabled"}, EFFORTS),
        ("claude-sonnet-5-5", "never", "refused", {"adaptive", "between_tools"}, EFFORTS),
        ("claude-haiku-5-5", "never", "refused", {"adaptive", "disabled"}, EFFORTS),
        ("claude-fable-5-2", "never", "refused", {"adaptive"}, EFFORTS),
        ("claude-mythos-preview", "never", "refused", {"adaptive"}, ("low", "medium", "high", "max")),
        ("claude-opus-9", "never", "refused", {"adaptive"}, EFFORTS),
        (
            "a-model-of-a-gateway",
            "always",
            "continued",
            {"enabled", "adaptive", "disabled", "between_tools"},
            None,
        ),
    ],
)
def test_model_takes(
    model: str, sampling: str, prefill: str, thinking: set[str], efforts: tuple[str, ...] | None
) -> None:
    found = MODELS.rules(model)
    assert (found.sampling, found.prefill) == (sampling, prefill)
    assert sorted(found.thinking) == sorted(thinking)
    assert found.efforts == efforts


def test_key_travels_in_a_header_of_its_own() -> None:
    assert headers("test-key") == {"x-api-key": "test-key"}
