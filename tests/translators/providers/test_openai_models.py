"""What differs between models, keys and names."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.providers.chat_completions.traits import Traits
from translators.providers.identifiers import fitting, may_be_mapped
from translators.providers.openai.models import traits
from translators.providers.registry import PROVIDERS


@pytest.mark.parametrize(
    ("model", "limit", "sampling", "efforts"),
    [
        ("gpt-3.5-turbo", "max_completion_tokens", "always", ()),
        ("gpt-4.1-mini-2025-04-14", "max_completion_tokens", "always", ()),
        ("ft:gpt-4o-mini-2024-07-18:acme::B1", "max_completion_tokens", "always", ()),
        ("chatgpt-4o-latest", "max_completion_tokens", "always", ()),
        ("gpt-5.2-chat-latest", "max_completion_tokens", "never", ()),
        ("o1", "max_completion_tokens", "never", ("low", "medium", "high")),
        ("o4-mini-2025-04-16", "max_completion_tokens", "never", ("low", "medium", "high")),
        ("gpt-5", "max_completion_tokens", "never", ("minimal", "low", "medium", "high")),
        ("gpt-5-nano-2025-08-07", "max_completion_tokens", "never", ("minimal", "low", "medium", "high")),
        (
            "gpt-5.1-2025-11-13",
            "max_completion_tokens",
            "without reasoning",
            ("none", "low", "medium", "high"),
        ),
        (
            "gpt-5.6-sol",
            "max_completion_tokens",
            "without reasoning",
            ("none", "low", "medium", "high", "xhigh", "max"),
        ),
        ("gpt-7-nova", "max_completion_tokens", "never", ("low", "medium", "high", "xhigh", "max")),
        ("gpt-5-pro", "max_completion_tokens", "never", ("high",)),
        ("gpt-oss-20b", "max_tokens", "always", None),
        ("openai/gpt-oss-120b", "max_tokens", "always", None),
        ("llama3.2", "max_tokens", "always", None),
        ("olmo-2", "max_tokens", "always", None),
    ],
)
def test_model_takes(model: str, limit: str, sampling: str, efforts: object) -> None:
    found: Traits = traits(model)
    assert (found.limit, found.rules.sampling, found.rules.efforts) == (limit, sampling, efforts)


def test_key_travels_as_a_bearer_token() -> None:
    assert PROVIDERS["openai"].headers("test-key") == {"Authorization": "Bearer test-key"}


def test_no_model_of_bedrock_s_is_openai_s_own() -> None:
    assert PROVIDERS["openai"].derived_model("openai", "gpt-oss-20b-1:0") is None


@given(word=st.text(), longest=st.integers(20, 64))
def test_fitting_name_is_short_plain_and_the_same_every_time(word: str, longest: int) -> None:
    name = fitting(word, longest)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", name)
    assert len(name) <= longest
    assert fitting(word, longest) == name
    assert name == word or may_be_mapped(name)


def test_names_that_differ_at_their_end_stay_different() -> None:
    assert fitting("x" * 100 + "1", 64) != fitting("x" * 100 + "2", 64)
    assert fitting("a.b", 64) != fitting("a:b", 64)
