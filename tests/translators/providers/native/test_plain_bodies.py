"""A body of texts and common parameters becomes the line that it would become member by member."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from translators.errors import Refused
from translators.providers.batch_file import Line
from translators.providers.provider import Native
from translators.providers.registry import PROVIDERS, provider
from translators.translation import Route, Translator

MODELS = {
    "openai": ("gpt-4o-mini", "gpt-5.4", "o3-mini", "a-model"),
    "anthropic": ("claude-sonnet-4-5-20250929", "claude-opus-4-8", "claude-3-haiku-20240307", "a-model"),
    "mistral": ("mistral-small-latest", "magistral-medium-latest", "a-model"),
    "groq": ("openai/gpt-oss-20b", "llama-3.3-70b-versatile"),
}
IDS = {
    "anthropic.messages": "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "openai.chat": "openai.gpt-oss-20b-1:0",
    "mistral.chat": "mistral.mistral-large-2407-v1:0",
}
CASES = [
    (name, wire, model)
    for name in sorted(PROVIDERS)
    for wire, native in provider(name).native.items()
    if native.plain is not None
    for model in MODELS.get(name, ("a-model",))
]

NUMBERS = st.sampled_from([0, 0.3, 1, 1.2, 2.5, None])
LIMITS = st.sampled_from([1, 16, 5_000, 900_000, 2**40, None])


def turns(roles: list[str], least: int) -> st.SearchStrategy[list[dict[str, str]]]:
    turn = {"role": st.sampled_from(roles), "content": st.text('ab\u00e9"', min_size=least, max_size=4)}
    return st.lists(st.fixed_dictionaries(turn), min_size=1, max_size=3)


COMMON = st.fixed_dictionaries(
    {"messages": turns(["user", "assistant"], 1), "max_tokens": st.sampled_from([16, 5_000])},
    optional={"temperature": NUMBERS, "top_p": NUMBERS},
)
OTHERS = st.fixed_dictionaries(
    {"messages": turns(["system", "user", "assistant"], 0)},
    optional={
        "max_tokens": LIMITS,
        "max_completion_tokens": LIMITS,
        "temperature": NUMBERS,
        "top_p": NUMBERS,
        "model": st.sampled_from(["a-model", "another", ""]),
        "system": st.text(max_size=9),
        "anthropic_version": st.just("bedrock-2023-05-31"),
    },
)


def member_by_member(native: Native, body: dict[str, Any], model: str) -> Line | None:
    try:
        return native.line("a-1", Raw(json.dumps(body).encode()), model)
    except Refused:
        return None


@pytest.mark.parametrize(("name", "wire", "model"), CASES)
@given(body=COMMON | OTHERS)
def test_the_fast_way_gives_the_same_line(name: str, wire: str, model: str, body: dict[str, Any]) -> None:
    route = Route(model_id=IDS[wire], invocation_type="InvokeModel", provider=name, model=model)
    translator = Translator(route)
    record = translator.read(json.dumps({"recordId": "RECORD00001", "modelInput": body}).encode())
    assert record is not None
    line = translator.line("a-1", record)
    slow = member_by_member(provider(name).native[wire], body, model)  # type: ignore[index]
    if slow is None:
        assert not isinstance(line, Line)
        return
    assert isinstance(line, Line)
    assert json.loads(line.data) == json.loads(slow.data)
    assert (line.notes, line.group, line.weight) == (slow.notes, slow.group, slow.weight)
