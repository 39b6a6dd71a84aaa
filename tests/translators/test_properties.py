"""What must hold for every record and every provider, whatever is in it."""

import json
import re

import pytest
from hypothesis import given, note
from hypothesis import strategies as st
from msgspec import Raw

from tests import strategies
from tests.strategies import TOKEN, Json
from translators.bedrock.families import converse
from translators.errors import Refused
from translators.providers.batch_file import Line
from translators.providers.converse_requests import SCHEMA
from translators.providers.registry import PROVIDERS

MODELS = {
    "anthropic": ("claude-haiku-4-5", "claude-opus-4-6", "claude-fable-5", "a-model-of-a-gateway"),
    "azure": ("gpt-4o-mini", "o4-mini", "a-deployment"),
    "cohere": ("command-a-03-2025", "command-a-reasoning-08-2025"),
    "fireworks": ("accounts/fireworks/models/llama-v3p3-70b-instruct",),
    "gemini": ("gemini-2.0-flash", "gemini-2.5-pro", "gemini-3.5-flash"),
    "groq": ("llama-3.3-70b-versatile", "openai/gpt-oss-20b", "qwen/qwen3-32b"),
    "mistral": ("mistral-small-latest", "mistral-large-latest", "magistral-medium-latest"),
    "openai": ("gpt-4o-mini", "o4-mini", "gpt-5.1", "llama-3.1-8b-instant"),
    "together": ("meta-llama/Llama-3.3-70B-Instruct-Turbo",),
    "vertex": ("gemini-2.5-pro", "gemini-3.5-flash"),
    "vertex/claude": (
        "claude-haiku-4-5@20251001",
        "claude-opus-4-6",
        "publishers/anthropic/models/claude-fable-5",
    ),
    "xai": ("grok-4.3", "grok-4-1-fast-non-reasoning"),
}
"""Models that each provider treats differently."""

LINES = {name: provider.line for name, provider in PROVIDERS.items()} | {
    f"{name}/{endpoint}": other.line
    for name, provider in PROVIDERS.items()
    for endpoint, other in provider.other_endpoints.items()
}
LINES["vertex/claude"] = PROVIDERS["vertex"].line
"""What makes lines, for each provider and for each of its other endpoints or vendors."""

WITHOUT_AUDIO = {"anthropic", "cohere", "fireworks", "groq", "openai/responses", "vertex/claude", "xai"}
"""Those that take no audio."""

WITHOUT_FILES = {"cohere", "fireworks", "groq", "together", "xai"}
"""Those that take no PDF."""

WITHOUT_LOSS = re.compile(r"inferenceConfig\.stopSequences|messages(\[\d+\])?")
"""What may be wrong with a record that says nothing inexpressible: too many stop sequences or odd ones, a
conversation without a word in it, one that ends with the other's turn."""

LESS = {
    "cohere": re.compile(r"outputConfig\.textFormat|toolConfig\.toolChoice"),
    "groq": re.compile(r"outputConfig\.textFormat"),  # of Llama 3, which Groq holds to no schema
}
"""What else some take less than others."""


def is_known(provider: str, field: str) -> bool:
    """Whether the provider is known not to take everything in this place."""
    others = LESS.get(provider)
    return WITHOUT_LOSS.fullmatch(field) is not None or (others is not None and bool(others.fullmatch(field)))


def models_of(provider: str) -> tuple[str, ...]:
    return MODELS[provider if provider in MODELS else provider.partition("/")[0]]


def line_or_refusal(record: Json, provider: str, model: str) -> Line | Refused:
    request = converse.request(Raw(json.dumps(record).encode()))
    try:
        return LINES[provider]("r-1", request, model)
    except Refused as refusal:
        return refusal


@pytest.mark.parametrize("sounds", [False, True])
@given(data=st.data(), choice=st.integers(0, 11))
def test_a_record_is_sent_whole_or_refused(sounds: bool, data: st.DataObject, choice: int) -> None:
    record = data.draw(strategies.converse_requests(sounds=sounds))
    for provider in sorted(LINES.keys() - WITHOUT_AUDIO if sounds else WITHOUT_AUDIO):
        model = models_of(provider)[choice % len(models_of(provider))]
        note(f"{provider}, {model}")
        check_whole_or_refused(record, provider, model)


def check_whole_or_refused(record: Json, provider: str, model: str) -> None:
    outcome = line_or_refusal(record, provider, model)
    if isinstance(outcome, Line):
        sent = json.dumps(json.loads(outcome.data), ensure_ascii=False)
        without_schema = any(
            note.field == f"{SCHEMA}.schema" and note.effect == "dropped" for note in outcome.notes
        )
        asked = {**record, "outputConfig": None} if without_schema else record
        assert set(TOKEN.findall(sent)) == set(TOKEN.findall(json.dumps(asked)))
        assert b"\n" not in outcome.data
    elif provider in WITHOUT_FILES and outcome.field.endswith(".document"):
        assert "PDF" in str(outcome)
    else:
        assert is_known(provider, outcome.field)


@given(record=strategies.any_requests(), choice=st.integers(0, 11))
def test_no_record_does_worse_than_being_refused(record: Json, choice: int) -> None:
    for provider in sorted(LINES):
        model = models_of(provider)[choice % len(models_of(provider))]
        note(f"{provider}, {model}")
        outcome = line_or_refusal(record, provider, model)
        if isinstance(outcome, Line):
            assert b'"r-1"' in outcome.data
        else:
            assert outcome.field.startswith("messages[") or is_known(provider, outcome.field)
