"""What differs between models, and keys."""

import pytest

from translators.bedrock.model_ids import parse
from translators.providers.mistral.models import MODELS, derived_model
from translators.providers.registry import PROVIDERS


@pytest.mark.parametrize(
    ("model", "found"),
    [
        ("mistral-small-latest", "adjustable"),
        ("mistral-small-2603", "adjustable"),
        ("mistral-medium-3-5", "adjustable"),
        ("mistral-medium-latest", "adjustable"),
        ("a-model-to-come", "adjustable"),
        ("ft:mistral-small-latest:acme:1", "adjustable"),
        ("mistral-small-2506", "never"),
        ("mistral-medium-2508", "never"),
        ("mistral-large-latest", "never"),
        ("ministral-8b-2512", "never"),
        ("open-mistral-nemo", "never"),
        ("ft:open-mistral-7b:acme:1", "never"),
        ("voxtral-small-latest", "never"),
        ("magistral-small-2509", "always"),
    ],
)
def test_model_reasons(model: str, found: str) -> None:
    rules = MODELS.rules(model)
    choice = "adjustable" if rules.efforts else "always" if rules.thinks_by_default else "never"
    assert choice == found


def test_key_travels_as_a_bearer_token() -> None:
    assert PROVIDERS["mistral"].headers("test-key") == {"Authorization": "Bearer test-key"}


@pytest.mark.parametrize(
    ("model_id", "model"),
    [
        ("mistral.mistral-large-3-675b-instruct", "mistral-large-2512"),
        ("mistral.ministral-3-8b-instruct", "ministral-8b-2512"),
        ("us.mistral.mistral-large-2407-v1:0", "mistral-large-2407"),
        ("us.mistral.pixtral-large-2502-v1:0", None),
        ("anthropic.claude-3-haiku-20240307-v1:0", None),
    ],
)
def test_model_of_bedrock_s_has_a_name_at_mistral_s_where_it_is_the_same(
    model_id: str, model: str | None
) -> None:
    parsed = parse(model_id)
    assert parsed.vendor is not None
    assert derived_model(parsed.vendor, parsed.model) == model
