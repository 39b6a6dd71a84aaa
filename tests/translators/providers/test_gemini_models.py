"""What differs between Gemini's models."""

import pytest

from translators.providers.gemini.models import MODELS, derived_model, headers

ALL = ("MINIMAL", "LOW", "MEDIUM", "HIGH")


@pytest.mark.parametrize(
    ("model", "budget", "off", "levels"),
    [
        ("gemini-2.0-flash-001", None, False, ()),
        ("gemma-3-27b-it", None, False, ()),
        ("gemini-2.5-flash-preview-09-2025", (1, 24_576), True, ()),
        ("models/gemini-2.5-flash-lite", (512, 24_576), True, ()),
        ("gemini-2.5-pro", (128, 32_768), False, ()),
        ("gemini-3-flash-preview", None, False, ALL),
        ("gemini-3.6-flash", None, False, ALL),
        ("gemini-3.1-pro-preview", None, False, ALL[1:]),
        ("gemini-pro-latest", None, False, ALL[1:]),
        ("gemini-3.8-flash", None, False, ALL[1:]),
        ("gemini-4-argon", None, False, ALL[1:]),
        ("tunedModels/mine", None, False, ALL[1:]),
    ],
)
def test_model_is_told_how_much_to_think_in_its_own_way(
    model: str, budget: tuple[int, int] | None, off: bool, levels: tuple[str, ...]
) -> None:
    found = MODELS.rules(model)
    assert (found.budget, "disabled" in found.thinking, found.levels) == (budget, off, levels)


def test_key_travels_in_a_header() -> None:
    assert headers("the-key") == {"x-goog-api-key": "the-key"}


def test_no_model_of_bedrock_is_one_of_gemini_s() -> None:
    assert derived_model("google", "gemma-3-27b-it") is None
