"""What differs between Gemini's models."""

import pytest

from translators.providers.gemini.models import Budgeted, Levelled, Thinking, derived_model, headers, thinking


@pytest.mark.parametrize(
    ("model", "how"),
    [
        ("gemini-1.5-pro", None),
        ("gemini-2.0-flash-001", None),
        ("gemma-3-27b-it", None),
        ("gemini-2.5-flash-preview-09-2025", Budgeted(least=1, most=24_576)),
        ("models/gemini-2.5-flash-lite", Budgeted(least=512, most=24_576)),
        ("gemini-2.5-pro", Budgeted(least=128, most=32_768, can_be_off=False)),
        ("gemini-3-flash-preview", Levelled()),
        ("gemini-3.1-pro-preview", Levelled(levels=("LOW", "MEDIUM", "HIGH"))),
        ("gemini-pro-latest", Levelled(levels=("LOW", "MEDIUM", "HIGH"))),
        ("gemini-4-argon", Levelled()),
        ("tunedModels/mine", Levelled()),
    ],
)
def test_model_is_told_how_much_to_think_in_its_own_way(model: str, how: Thinking) -> None:
    assert thinking(model) == how


def test_key_travels_in_a_header() -> None:
    assert headers("the-key") == {"x-goog-api-key": "the-key"}


def test_no_model_of_bedrock_is_one_of_gemini_s() -> None:
    assert derived_model("google", "gemma-3-27b-it") is None
